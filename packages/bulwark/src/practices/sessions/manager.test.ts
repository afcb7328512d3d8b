import type { Request } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Served, serve } from '../../../test/support/http.ts';
import { Jar } from '../../../test/support/jar.ts';
import { ConfigError } from '../../errors.ts';
import { secure } from '../../secure.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import { access } from '../access/index.ts';
import { changeRoles, logIn, type SessionInfo, type SessionsOptions, sessionOf, sessionsOf } from './index.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const OVER_TLS = {
  ...HOST,
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': HOST.host,
};

describe.each(EXPRESS)('the sessions of a user on Express %s', (_version, express) => {
  const open: Served[] = [];
  afterEach(async () => void (await Promise.all(open.splice(0).map(({ close }) => close()))));

  async function start(options: SessionsOptions = {}) {
    let at = Date.now();
    const store = memoryRecordStore({ now: () => at });
    const app = express();
    const gate = secure(app, { ...QUIET, proxy: { hops: 1 }, sessions: { store, now: () => at, ...options } });
    const doing = (path: string, work: (req: Request) => unknown): void => {
      app.get(path, access.public('a test'), (req, res, next) => {
        Promise.resolve()
          .then(() => work(req))
          .then((done) => res.json(done ?? {}), next);
      });
    };
    doing('/in/:id', (req) => logIn(req, { id: String(req.params.id), roles: ['admin', 'editor'] }));
    doing('/passport/:id', (req) => {
      Object.assign(sessionOf(req) ?? {}, { passport: { user: req.params.id } });
    });
    doing('/list', (req) => sessionsOf(req).list());
    doing('/end/:id', async (req) => ({ ended: await sessionsOf(req).revoke(String(req.params.id)) }));
    doing('/end-others', async (req) => ({ ended: await sessionsOf(req).revokeOthers() }));
    doing('/end-all', async (req) => ({ ended: await sessionsOf(req).revokeAll() }));
    doing('/editor-only', (req) => changeRoles(req, ['editor']));
    app.get('/me', access.authenticated(), (_req, res) => void res.send('me'));
    app.get('/admin', access.role('admin'), (_req, res) => void res.send('admin'));
    const served = await serve(app);
    open.push(served);
    const jar = (agent = FIREFOX): Jar => new Jar(served.url, { ...OVER_TLS, 'user-agent': agent });
    const logged = async (id: string, agent?: string): Promise<Jar> => {
      const one = jar(agent);
      await one.get(`/in/${id}`);
      at += 1000;
      return one;
    };
    return {
      gate,
      store,
      logged,
      jar,
      me: async (who: Jar): Promise<number> => (await who.get('/me')).status,
      pass: (ms: number) => {
        at += ms;
      },
    };
  }

  it('are listed with device and times, the own one marked, and nobody else’s', async () => {
    const { logged, gate, me, pass } = await start();
    const bob = await logged('bob');
    await logged('bob', 'curl/8 (<script>)');
    await logged('eve');
    const list = await bob.json<SessionInfo[]>('/list');
    expect(list.map(({ user, device, current }) => [user, device, current])).toEqual([
      ['bob', 'unknown device', false],
      ['bob', 'Firefox on Linux', true],
    ]);
    const [, own] = list;
    expect(own?.id).toMatch(/^[\w-]{22}$/);
    const seen = async (): Promise<number> => {
      const sessions = await gate.sessions.list('bob');
      return Number(sessions.find(({ id }) => id === own?.id)?.seenAt);
    };
    const before = await seen();
    await me(bob);
    expect(await seen()).toBe(before);
    pass(61_000);
    await me(bob);
    expect(await seen()).toBeGreaterThan(before + 60_000);
  });

  it('end one by one: the own ones only, by an id that is no secret', async () => {
    const { logged, me } = await start();
    const [bob, phone, eve] = [await logged('bob'), await logged('bob'), await logged('eve')];
    const [theirs] = await eve.json<SessionInfo[]>('/list');
    expect(await bob.json(`/end/${theirs?.id}`)).toEqual({ ended: false });
    expect(await me(eve)).toBe(200);
    const other = (await bob.json<SessionInfo[]>('/list')).find(({ current }) => !current);
    expect(await bob.json(`/end/${other?.id}`)).toEqual({ ended: true });
    expect(await bob.json(`/end/${other?.id}`)).toEqual({ ended: false });
    expect([await me(bob), await me(phone)]).toEqual([200, 401]);
    const [own] = await bob.json<SessionInfo[]>('/list');
    expect(await bob.json(`/end/${own?.id}`)).toEqual({ ended: true });
    expect([await me(bob), bob.cookies.size]).toEqual([401, 0]);
    expect((await bob.get('/list')).status).toBe(401);
  });

  it('end together: the others, or all, and their data with them', async () => {
    const { logged, me, gate, store } = await start();
    const jars = [await logged('bob'), await logged('bob'), await logged('bob')] as const;
    const eve = await logged('eve');
    expect(await jars[0].json('/end-others')).toEqual({ ended: 2 });
    expect(await Promise.all(jars.map(me))).toEqual([200, 401, 401]);
    const again = await logged('bob');
    expect(await again.json('/end-all')).toEqual({ ended: 2 });
    expect(await Promise.all([jars[0], again].map(me))).toEqual([401, 401]);
    expect(await gate.sessions.revokeAll('eve')).toBe(1);
    expect([await me(eve), store.size]).toEqual([401, 0]);
  });

  it('of passport are found too', async () => {
    const { jar, gate, me } = await start();
    const bob = jar();
    await bob.get('/passport/bob');
    expect(await gate.sessions.list('bob')).toHaveLength(1);
    expect(await me(bob)).toBe(200);
    expect(await gate.sessions.revokeAll('bob')).toBe(1);
    expect(await me(bob)).toBe(401);
  });

  it('are as many as the policy says: the one that was not seen for the longest time ends', async () => {
    const { logged, me, pass } = await start({ perUser: 2 });
    const [first, second] = [await logged('bob'), await logged('bob')];
    pass(120_000);
    expect(await me(first)).toBe(200);
    const third = await logged('bob');
    expect([await me(first), await me(second), await me(third)]).toEqual([200, 401, 200]);
  });

  it('get other roles at once: by their user, under a new token, and by whoever administers them', async () => {
    const { logged, gate } = await start();
    const admin = async (who: Jar): Promise<number> => (await who.get('/admin')).status;
    const bob = await logged('bob');
    const before = bob.copy();
    expect(await admin(bob)).toBe(200);
    await bob.get('/editor-only');
    expect(bob.cookies.get('__Host-session')).not.toBe(before.cookies.get('__Host-session'));
    expect([await admin(bob), await admin(before)]).toEqual([403, 403]);
    const phone = await logged('bob');
    expect(await admin(phone)).toBe(200);
    const old = phone.cookies.get('__Host-session');
    await gate.sessions.changeRoles('bob', ['editor']);
    expect(await admin(phone)).toBe(403);
    expect(phone.cookies.get('__Host-session')).not.toBe(old);
    await gate.sessions.changeRoles('bob', ['admin']);
    expect([await admin(bob), await admin(phone)]).toEqual([200, 200]);
  });

  it('say whether they are alive, for what is bound to them; an id that is none is none', async () => {
    const { logged, gate, pass } = await start();
    await logged('bob');
    const [session] = await gate.sessions.list('bob');
    const id = session?.id ?? '';
    expect(await gate.sessions.isAlive(id)).toBe(true);
    for (const strange of ['', 'x', `${id}x`, `${id}/..`]) {
      expect([await gate.sessions.isAlive(strange), await gate.sessions.revoke(strange)]).toEqual([false, false]);
    }
    pass(3 * 3_600_000);
    expect(await gate.sessions.isAlive(id)).toBe(false);
  });

  it('are none where the policy has none', () => {
    const gate = secure(express(), QUIET);
    expect(() => gate.sessions).toThrow(ConfigError);
  });
});
