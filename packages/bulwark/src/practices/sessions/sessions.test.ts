import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../../../test/support/http.ts';
import { KINDS, loggedIn, NAME, startSessions } from '../../../test/support/session-app.ts';
import { logIn, type SessionsOptions, sessionOf } from './index.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

describe.each(KINDS)('sessions alone on %s', (_kind, express) => {
  async function start(options: SessionsOptions = {}, isTls = true) {
    const started = await startSessions(express, options, isTls);
    close = started.close;
    return started;
  }

  it('makes neither record nor cookie for who only reads, and asks the store for nothing', async () => {
    const { visitor, calls } = await start();
    for (const path of ['/plain', '/look']) {
      expect((await visitor().get(path)).headers['set-cookie']).toBeUndefined();
    }
    expect(calls).toEqual([]);
    const forged = ['x', 'a'.repeat(63), `${'a'.repeat(60)}....`, ''];
    for (const value of forged) await visitor().get('/look', { headers: { cookie: `${NAME}=${value}` } });
    expect(calls).toEqual([]);
  });

  it('begins with the first write, and says that the answer is for one user', async () => {
    const { visitor, store } = await start();
    const ann = visitor();
    const put = await ann.get('/put?cart=book');
    expect(put.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-session=[\w-]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(put.headers['cache-control']).toBe('private, no-store');
    expect((await ann.get('/look')).json()).toEqual({ cart: 'book' });
    expect((await ann.get('/look')).headers['set-cookie']).toBeUndefined();
    expect((await ann.get('/plain')).headers['cache-control']).toBeUndefined();
    await ann.get('/drop?key=cart');
    expect((await ann.get('/look')).json()).toEqual({});
    expect(store.size).toBe(1);
  });

  it('keeps only hashes: nothing of a token is in a record, an event or a warning', async () => {
    const { visitor, store, events, pass } = await start();
    const bob = visitor();
    await bob.get('/put?a=1');
    const tokens = [bob.jar.get(NAME) ?? ''];
    await loggedIn(bob);
    tokens.push(bob.jar.get(NAME) ?? '');
    await bob.get('/totp');
    tokens.push(bob.jar.get(NAME) ?? '');
    pass(20_000);
    for (const token of tokens) await bob.get('/look', { headers: { cookie: `${NAME}=${token}` } });
    const records = JSON.stringify([store.list('session:bob'), events]);
    expect(new Set(tokens).size).toBe(3);
    expect(tokens.filter((token) => token.length === 64)).toHaveLength(3);
    for (const token of tokens) {
      const bytes = Buffer.from(token, 'base64url').subarray(16);
      for (const encoding of ['base64url', 'base64', 'hex'] as const)
        expect(records).not.toContain(bytes.toString(encoding));
      expect(records).not.toContain(token.slice(22));
    }
  });

  it('ends after the idle time, after the absolute one whatever is done, and after what the app says', async () => {
    const { visitor, pass } = await start({ idle: '10m', absolute: '1h' });
    const ann = visitor();
    await ann.get('/put?a=1');
    pass(10 * 60_000 - 1);
    expect((await ann.get('/look')).json()).toEqual({ a: '1' });
    pass(10 * 60_000);
    expect((await ann.get('/look')).json()).toEqual({});
    const eve = visitor();
    await eve.get('/put?a=1');
    for (let minutes = 0; minutes < 59; minutes += 9) {
      pass(Math.min(9, 59 - minutes) * 60_000);
      expect((await eve.get('/look')).json()).toEqual({ a: '1' });
    }
    pass(60_000);
    expect((await eve.get('/look')).json()).toEqual({});
  });

  it('renews the cookie of a session that outlives the browser, and no other', async () => {
    const { visitor, pass } = await start({ idle: '1h', cookie: { persistent: true } });
    const ann = visitor();
    expect((await ann.get('/put?a=1')).headers['set-cookie']?.[0]).toMatch(/; Max-Age=3600$/);
    expect((await ann.get('/look')).headers['set-cookie']).toBeUndefined();
    const before = ann.jar.get(NAME);
    pass(5 * 60_000);
    expect((await ann.get('/look')).headers['set-cookie']?.[0]).toMatch(/; Max-Age=3600$/);
    expect(ann.jar.get(NAME)).toBe(before);
  });

  it('writes when it was last seen once a minute', async () => {
    const { visitor, calls, pass } = await start();
    const ann = visitor();
    await ann.get('/put?a=1');
    calls.length = 0;
    for (let i = 0; i < 10; i++) await ann.get('/look');
    expect(calls.filter((call) => call !== 'get')).toEqual([]);
    pass(60_000);
    // The first write finds out the version.
    for (let i = 0; i < 10; i++) await ann.get('/look');
    expect(calls.filter((call) => call === 'replace')).toHaveLength(1);
  });

  it('takes none of two cookies that differ, and says so once for each request', async () => {
    const { visitor, names, calls } = await start();
    const bob = await loggedIn(visitor());
    calls.length = 0;
    const cookie = `${NAME}=${bob.jar.get(NAME)}; ${NAME}=${'a'.repeat(64)}`;
    expect((await visitor().get('/devices', { headers: { cookie } })).status).toBe(401);
    expect(names().filter((name) => name === 'session_cookie_conflict')).toHaveLength(1);
    expect(calls).toEqual([]);
  });

  it('ends with req.session = null, and with log-out; what it held is gone', async () => {
    const { visitor, store } = await start();
    for (const path of ['/null', '/out']) {
      const ann = visitor();
      await ann.get('/put?a=1');
      const old = { headers: { cookie: `${NAME}=${ann.jar.get(NAME)}` } };
      const answer = await ann.get(path);
      expect([answer.status, ann.jar.size, store.size]).toEqual([200, 0, 0]);
      expect((await visitor().get('/look', old)).json()).toEqual({});
    }
  });

  it('takes another object for its data, but not its cookie, its id or its prototype', async () => {
    const { visitor } = await start();
    const ann = visitor();
    await ann.get('/put?a=1');
    expect((await ann.get('/other')).json()).toEqual({ n: 1, id: true, age: null });
    expect((await ann.get('/look')).json()).toEqual({ n: 1 });
  });

  it('keeps no key that reaches a prototype', async () => {
    const { visitor, store } = await start();
    const ann = visitor();
    expect((await ann.get('/proto')).status).toBe(200);
    expect((await ann.get('/look')).json()).toEqual({ n: 1 });
    expect(store.size).toBe(1);
  });

  it('begins anew with regenerate', async () => {
    const { visitor, store } = await start();
    const ann = visitor();
    await ann.get('/put?a=1');
    const old = ann.jar.get(NAME);
    await ann.get('/regenerate');
    expect((await ann.get('/look')).json()).toEqual({ fresh: true });
    expect((await visitor().get('/look', { headers: { cookie: `${NAME}=${old}` } })).json()).toEqual({});
    expect(store.size).toBe(1);
  });

  it('refuses to grow without bound, keeps nothing then, and names the key', async () => {
    const { visitor, events, store } = await start();
    const answer = await visitor().get('/large');
    expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([500, 'ERR_INTERNAL', undefined]);
    expect(store.size).toBe(0);
    expect(events.map(({ description }) => description).join()).toContain('"basket"');
  });

  it('gives nobody a session over plain HTTP, and says once why', async () => {
    const { names, store, url } = await start({}, false);
    for (const [target, status] of [
      ['/put?a=1', 200],
      ['/in', 403],
      ['/put?a=1', 200],
    ] as const) {
      const answer = await send(url, { target });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([status, undefined]);
    }
    expect(names()).toEqual(['sys_session_cookie_withheld']);
    expect(store.size).toBe(0);
  });
});

describe('sessions', () => {
  it('has types for the data of an app, and says where there are none', async () => {
    expect(() => sessionOf<{ cart: string[] }>({} as IncomingMessage)).toThrow(/has no sessions/);
    await expect(logIn({} as IncomingMessage, { id: 'bob' })).rejects.toThrow(/has no sessions/);
  });
});
