import { afterEach, describe, expect, it } from 'vitest';
import { KINDS, loggedIn, NAME, startSessions } from '../../../test/support/session-app.ts';
import type { SessionsOptions } from './index.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

describe.each(KINDS)('sessions of users on %s', (_kind, express) => {
  async function start(options: SessionsOptions = {}, isTls = true) {
    const started = await startSessions(express, options, isTls);
    close = started.close;
    return started;
  }

  it('replaces its token at an interval; a lost answer logs nobody out; the old one is taken for the grace', async () => {
    const { visitor, pass, names } = await start();
    const bob = await loggedIn(visitor());
    const old = bob.jar.get(NAME) ?? '';
    const withOld = { headers: { cookie: `${NAME}=${old}` } };
    pass(15 * 60_000);
    const handed = await bob.get('/devices');
    const next = bob.jar.get(NAME) ?? '';
    expect(handed.headers['set-cookie']).toHaveLength(1);
    expect([next === old, next.slice(0, 21) === old.slice(0, 21)]).toEqual([false, true]);
    // Its answer was lost: the browser goes on with the old one, and after a minute gets another.
    expect((await visitor().get('/devices', withOld)).status).toBe(200);
    pass(61_000);
    const again = visitor();
    expect((await again.get('/devices', withOld)).status).toBe(200);
    const third = again.jar.get(NAME) ?? '';
    expect([old, next]).not.toContain(third);
    expect((await again.get('/devices')).status).toBe(200);
    pass(9_000);
    expect((await visitor().get('/devices', withOld)).status).toBe(200);
    expect(names()).not.toContain('session_use_after_expire');
    pass(2_000);
    expect((await visitor().get('/devices', withOld)).status).toBe(401);
    expect(names()).toContain('session_use_after_expire');
    expect((await again.get('/devices')).status).toBe(200);
  });

  it('hands out one token to twenty requests at once, and logs none of them out', async () => {
    const { visitor, pass } = await start();
    const bob = await loggedIn(visitor());
    const cookie = `${NAME}=${bob.jar.get(NAME)}`;
    pass(15 * 60_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => visitor().get('/devices', { headers: { cookie } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.filter(({ headers }) => headers['set-cookie'] !== undefined)).toHaveLength(1);
  });

  it('has a new id and token after log-in; of the visitor it keeps what it is told to', async () => {
    const { visitor, pass } = await start();
    const bob = visitor();
    await bob.get('/put?cart=book&other=1');
    const before = bob.jar.get(NAME) ?? '';
    const old = { headers: { cookie: `${NAME}=${before}` } };
    await loggedIn(bob);
    expect(bob.jar.get(NAME)?.slice(0, 21)).not.toBe(before.slice(0, 21));
    expect((await bob.get('/look')).json()).toEqual({ cart: 'book' });
    expect((await visitor().get('/devices', old)).status).toBe(401);
    // Requests that are under way may read the visitor's session, and write nothing to it.
    expect((await visitor().get('/put?late=1', old)).headers['set-cookie']).toBeUndefined();
    expect((await visitor().get('/look', old)).json()).toEqual({ cart: 'book', other: '1' });
    pass(11_000);
    expect((await visitor().get('/look', old)).json()).toEqual({});
    // A user's session ends at once when another logs in.
    const bobs = { headers: { cookie: `${NAME}=${bob.jar.get(NAME)}` } };
    await loggedIn(bob, 'eve');
    expect((await visitor().get('/devices', bobs)).status).toBe(401);
  });

  it('replaces the token when a factor is proven or roles change, and the one before sees nothing of it', async () => {
    const { visitor, pass, manager } = await start();
    const bob = await loggedIn(visitor());
    for (const path of ['/totp', '/editor']) {
      const old = { headers: { cookie: `${NAME}=${bob.jar.get(NAME)}` } };
      const answer = await bob.get(path);
      expect(answer.headers['set-cookie']).toHaveLength(1);
      expect((await visitor().get('/devices', old)).status).toBe(200);
      // Replaced, it can neither prove nor change anything.
      expect((await visitor().get(path, old)).status).toBe(401);
      pass(11_000);
      expect((await visitor().get('/devices', old)).status).toBe(401);
      expect((await bob.get('/devices')).status).toBe(200);
    }
    expect((await visitor().get('/totp')).status).toBe(401);
    expect(await manager.list('bob')).toHaveLength(1);
  });

  it('lists sessions with device and times, and ends one, the others, or all', async () => {
    const { visitor, pass, manager, names } = await start();
    const agent = { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' } };
    const first = visitor();
    await first.get('/in?user=bob', agent);
    pass(60_000);
    const [second, third, eve] = [visitor(), visitor(), visitor()];
    for (const each of [second, third]) await loggedIn(each);
    await loggedIn(eve, 'eve');
    const list = (await third.get('/devices')).json<{ id: string; current: boolean; device: string }[]>();
    expect(list.map(({ current }) => current).filter(Boolean)).toHaveLength(1);
    expect(list.at(-1)).toMatchObject({
      device: 'Firefox on Linux',
      user: 'bob',
      createdAt: '2026-11-25T12:00:00.000Z',
      seenAt: '2026-11-25T12:00:00.000Z',
    });
    const [eves] = await manager.list('eve');
    expect((await third.get(`/revoke?id=${eves?.id}`)).json()).toBe(false);
    expect((await eve.get('/devices')).status).toBe(200);
    expect((await third.get(`/revoke?id=${list.at(-1)?.id}`)).json()).toBe(true);
    expect((await first.get('/devices')).status).toBe(401);
    expect((await third.get('/others')).json()).toBe(1);
    expect((await second.get('/devices')).status).toBe(401);
    expect(await manager.list('bob')).toHaveLength(1);
    expect((await third.get('/all')).json()).toBe(1);
    expect(third.jar.size).toBe(0);
    expect(await manager.list('bob')).toEqual([]);
    expect(await manager.revokeAll('eve')).toBe(1);
    expect((await eve.get('/devices')).status).toBe(401);
    expect(names().filter((name) => name === 'session_expired')).toHaveLength(4);
    expect(await manager.revoke('nonsense')).toBe(false);
  });

  it('changes the roles of a user in all sessions, at once and for the token before too', async () => {
    const { visitor, manager } = await start();
    const bob = await loggedIn(visitor());
    const before = { headers: { cookie: `${NAME}=${bob.jar.get(NAME)}` } };
    await bob.get('/editor');
    await manager.changeRoles('bob', []);
    const answer = await bob.get('/devices');
    expect(answer.status).toBe(200);
    // With the next request it gets a new token.
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect((await visitor().get('/devices', before)).status).toBe(200);
  });

  it('says whether a session is alive', async () => {
    const { visitor, manager, pass } = await start();
    const bob = await loggedIn(visitor());
    const [{ id } = { id: '' }] = await manager.list('bob');
    expect(await manager.isAlive(id)).toBe(true);
    expect(await manager.isAlive('a'.repeat(22))).toBe(false);
    await bob.get('/out');
    expect(await manager.isAlive(id)).toBe(false);
    await loggedIn(bob);
    const [again = { id: '' }] = await manager.list('bob');
    pass(3 * 60 * 60_000);
    expect(await manager.isAlive(again.id)).toBe(false);
  });

  it('ends the oldest sessions of a user who has too many', async () => {
    const { visitor, manager, pass } = await start({ perUser: 2 });
    const all = [visitor(), visitor(), visitor()];
    for (const each of all) {
      await loggedIn(each);
      pass(1000);
    }
    expect(await Promise.all(all.map(async (each) => (await each.get('/devices')).status))).toEqual([401, 200, 200]);
    expect(await manager.list('bob')).toHaveLength(2);
  });

  it('takes users whose ids no store could keep as they are', async () => {
    const { visitor, manager } = await start();
    const long = '名'.repeat(256);
    await loggedIn(visitor(), encodeURIComponent(long));
    expect(await manager.list(long)).toMatchObject([{ user: long }]);
    expect((await visitor().get(`/in?user=${'x'.repeat(257)}`)).status).toBe(500);
  });
});
