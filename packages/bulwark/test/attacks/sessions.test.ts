import expressSession from 'express-session';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp as bulwark } from '../../src/practices/sessions/fixtures/secured/app.ts';
import { createApp as handWired, type Pause } from '../../src/practices/sessions/fixtures/vulnerable/app.ts';
import type { SessionsOptions } from '../../src/practices/sessions/index.ts';
import { sessions } from '../../src/practices/sessions/index.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import { type Browser, browser, serveAsTls } from '../support/browser.ts';
import { EXPRESS, serve } from '../support/http.ts';
import { barrier } from '../support/remote-store.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe.each(EXPRESS)('sessions on Express %s', (_version, express) => {
  const HOUR = 3_600_000;

  async function weak(pause?: Pause, options: Partial<expressSession.SessionOptions> = {}, isTls = true) {
    const store = new expressSession.MemoryStore();
    const app = handWired(express, store, pause, options);
    const served = await (isTls ? serveAsTls(app) : serve(app));
    closing.push(served.close);
    const sids = (): string[] => Object.keys((store as unknown as { sessions: object }).sessions);
    return { visitor: () => browser(served.url), sids };
  }

  async function strong(pause?: Pause, options: SessionsOptions = {}, isTls = true) {
    const store = memoryRecordStore();
    const events: string[] = [];
    const middleware = sessions(
      { store, ...options },
      { emit: ({ event, description }) => void events.push(`${event}: ${description}`), mode: 'production' },
    );
    const app = bulwark(express, {}, pause, middleware as never);
    const served = await (isTls ? serveAsTls(app) : serve(app));
    closing.push(served.close);
    return { visitor: () => browser(served.url), store, events };
  }

  const body = async (of: Browser, path: string): Promise<string> => (await of.get(path)).body;
  const copyOf = (made: Browser, of: Browser): Browser => {
    for (const [name, value] of of.jar) made.jar.set(name, value);
    return made;
  };

  it('1.3.1: a slow request brings a user back who has logged out', async () => {
    for (const [make, expected] of [
      [weak, 'bob'],
      [strong, 'nobody'],
    ] as const) {
      const gate = barrier();
      const { visitor } = await make(gate.wait);
      const bob = visitor();
      await bob.get('/login');
      const thief = copyOf(visitor(), bob);
      const slow = thief.get('/put/late');
      await gate.reached;
      expect(await body(bob, '/logout')).toBe('bye');
      gate.open();
      expect((await slow).status).toBe(200);
      expect(await body(thief, '/me')).toBe(expected);
    }
  });

  it('1.3.2: of two requests at once one undoes what the other wrote', async () => {
    for (const [make, expected] of [
      [weak, 1],
      [strong, 2],
    ] as const) {
      const gates = [barrier(), barrier()];
      let i = 0;
      const { visitor } = await make(() => gates[i++]?.wait());
      const ann = visitor();
      await ann.get('/login');
      const first = copyOf(visitor(), ann).get('/put/a');
      await gates[0]?.reached;
      const second = copyOf(visitor(), ann).get('/put/b');
      await gates[1]?.reached;
      for (const gate of gates) gate.open();
      await Promise.all([first, second]);
      const keys = (await ann.get('/keys')).json<string[]>();
      expect(keys.filter((key) => key === 'a' || key === 'b')).toHaveLength(expected);
    }
  });

  it('1.3.3: behind a proxy that nobody declared, the Secure cookie is missing without a word', async () => {
    const old = await weak(undefined, { cookie: { secure: true } }, false);
    const silent = await old.visitor().get('/login', { headers: { 'x-forwarded-proto': 'https' } });
    expect([silent.status, silent.headers['set-cookie'], old.sids().length]).toEqual([200, undefined, 1]);
    const { visitor, store, events } = await strong(undefined, {}, false);
    for (let i = 0; i < 3; i++) await visitor().get('/login', { headers: { 'x-forwarded-proto': 'https' } });
    expect(events).toEqual([expect.stringMatching(/^sys_session_cookie_withheld: .*declare it \(policy\.proxy/)]);
    expect(store.size).toBe(0);
  });

  it('1.3.4a: the cookie is sent over plain HTTP, and along with requests of other sites', async () => {
    const [old] = (await (await weak()).visitor().get('/login')).headers['set-cookie'] ?? [];
    expect(old).toMatch(/^connect\.sid=.*; Path=\/; HttpOnly$/);
    const [cookie] = (await (await strong()).visitor().get('/login')).headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-session=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('1.3.4b: 501 visits of nobody are 501 sessions', async () => {
    const old = await weak();
    const { visitor, store } = await strong();
    for (let i = 0; i < 501; i++) {
      await old.visitor().get('/');
      await visitor().get('/me');
    }
    expect(old.sids()).toHaveLength(501);
    expect(store.size).toBe(0);
  }, 60_000);

  it('1.3.5a: who has copied a cookie stays, for nobody can see or end it', async () => {
    const old = await weak();
    const bob = old.visitor();
    await bob.get('/login');
    const elsewhere = old.visitor();
    await elsewhere.get('/login');
    await bob.get('/logout');
    expect(await body(elsewhere, '/me')).toBe('bob');
    expect((await elsewhere.get('/devices')).status).toBe(404);

    const { visitor } = await strong();
    const [owner, thief] = [visitor(), visitor()];
    for (const each of [owner, thief]) await each.get('/login');
    expect((await owner.get('/devices')).json()).toHaveLength(2);
    expect((await owner.get('/logout-everywhere')).json()).toBe(2);
    for (const each of [owner, thief]) expect(await body(each, '/me')).toBe('nobody');
  });

  it('1.3.5b: a session that is used never ends', async () => {
    const old = await weak(undefined, { rolling: true, cookie: { maxAge: HOUR } });
    const bob = old.visitor();
    const { headers } = await bob.get('/login');
    const expiry = (line = ''): number => Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '');
    // Each request puts its end off, without bound.
    expect(expiry(headers['set-cookie']?.[0])).toBeGreaterThan(Date.now() + HOUR - 60_000);
    expect((await bob.get('/me')).headers['set-cookie']?.[0]).toMatch(/Expires=/);

    let now = Date.now();
    const { visitor } = await strong(undefined, { now: () => now });
    const ann = visitor();
    await ann.get('/login');
    for (let hours = 1; hours < 24; hours++) {
      now += HOUR;
      expect(await body(ann, '/me')).toBe('bob');
    }
    now += HOUR;
    expect(await body(ann, '/me')).toBe('nobody');
  });

  it('1.3.6a: a session whose token an attacker has planted is logged in', async () => {
    for (const [make, expected] of [
      [weak, 'bob'],
      [strong, 'nobody'],
    ] as const) {
      const { visitor } = await make();
      const attacker = visitor();
      await attacker.get('/put/planted');
      const victim = copyOf(visitor(), attacker);
      await victim.get('/login');
      expect(await body(victim, '/me')).toBe('bob');
      expect(await body(attacker, '/me')).toBe(expected);
    }
  });

  it('1.3.6b: who reads the store can be anybody in it', async () => {
    const old = await weak();
    const bob = old.visitor();
    await bob.get('/login');
    const cookie = decodeURIComponent(bob.jar.get('connect.sid') ?? '');
    // What signs the ids is in the source; the ids themselves are in the store as the cookie has them.
    expect(cookie.startsWith(`s:${old.sids()[0]}.`)).toBe(true);

    const { visitor, store } = await strong();
    const ann = visitor();
    await ann.get('/login');
    const token = ann.jar.get('__Host-session') ?? '';
    const kept = JSON.stringify(store.list('session:bob'));
    expect(kept).toContain('"secret');
    const secret = Buffer.from(token, 'base64url').subarray(16);
    expect(kept).not.toContain(secret.toString('base64url'));
    // Whatever the record holds is no token: the digest in the secret's place is refused.
    const { digest = '' } = /"secret\\":\\"(?<digest>[\w-]+)/.exec(kept)?.groups ?? {};
    const forged = Buffer.concat([Buffer.from(token, 'base64url').subarray(0, 16), Buffer.from(digest, 'base64url')]);
    const thief = visitor();
    thief.jar.set('__Host-session', forged.toString('base64url'));
    expect(await body(thief, '/me')).toBe('nobody');
  });

  it('1.3.6c: a sibling host tosses its own cookie in front', async () => {
    const old = await weak();
    const [eve, bob] = [old.visitor(), old.visitor()];
    await eve.get('/login');
    const tossed = `connect.sid=${eve.jar.get('connect.sid')}`;
    await bob.get('/put/mine');
    const both = `${tossed}; connect.sid=${bob.jar.get('connect.sid')}`;
    expect((await old.visitor().get('/keys', { headers: { cookie: both } })).json()).toEqual(['user']);

    const { visitor, events } = await strong();
    const [other, ann] = [visitor(), visitor()];
    await other.get('/login');
    await ann.get('/put/mine');
    // Browsers refuse a __Host- cookie of a sibling; from what sends it nevertheless, neither is taken.
    const pair = [other, ann].map(({ jar }) => `__Host-session=${jar.get('__Host-session')}`).join('; ');
    expect((await visitor().get('/keys', { headers: { cookie: pair } })).json()).toEqual([]);
    expect(events.join()).toContain('session_cookie_conflict');
  });
});
