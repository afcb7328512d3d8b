import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { type Browser, browser, serveAsTls } from '../../../test/support/browser.ts';
import { EXPRESS, type Express, type Received, serve } from '../../../test/support/http.ts';
import { own } from '../../../test/support/session-app.ts';
import type { Check } from '../../check.ts';
import { access, type Policy, type SecurityEvent, secure } from '../../index.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import { checks } from './checks.ts';
import { createApp as secured } from './fixtures/secured/app.ts';
import { createApp as vulnerable } from './fixtures/vulnerable/app.ts';
import { changeRoles, logIn, logOut, proveFactor } from './index.ts';

const NAME = '__Host-session';
let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

describe.each(EXPRESS)('sessions in secure() on Express %s', (_version, express: Express) => {
  async function start(policy: Partial<Policy> = {}) {
    const app = express();
    const lines: string[] = [];
    const events: SecurityEvent[] = [];
    const logging = { level: 'info', stream: { write: (line: string) => void lines.push(line) } } as const;
    const gate = secure(app, { ...QUIET, logging, stores: { memory: true }, sessions: {}, ...policy });
    gate.on('*', (event) => void events.push(event));
    const ok = access.public('test');
    const route = (path: string, guard: typeof ok, act: (req: never) => unknown): void => {
      app.get(path, guard, (req, res, next) => {
        Promise.resolve(act(req as never)).then((found) => res.json(found ?? null), next);
      });
    };
    route('/in', ok, (req) => logIn(req, { id: 'bob', roles: ['reader'] }));
    route('/out', ok, logOut);
    route('/totp', ok, (req) => proveFactor(req, 'totp'));
    route('/admin-now', ok, (req) => changeRoles(req, ['admin']));
    route('/known', access.authenticated(), () => 'known');
    route('/admin', access.role('admin'), () => 'admin');
    route('/fresh', access.factor('totp', { within: '10m' }), () => 'fresh');
    route('/put', ok, (req) => {
      own(req).n = 1;
    });
    route('/list', ok, () => gate.sessions.list('bob'));
    app.get('/cached', ok, (req, res) => {
      own(req as never).n = 2;
      res.set('Cache-Control', 'public, max-age=60').cookie('a', '1').send('x');
    });
    app.get('/undecided', (_req, res) => void res.send('open'));
    const served = await serveAsTls(app);
    close = served.close;
    return { url: served.url, gate, events, lines, visitor: () => browser(served.url) };
  }

  const statuses = async (of: Browser, ...paths: string[]): Promise<number[]> => {
    const found: number[] = [];
    for (const path of paths) found.push((await of.get(path)).status);
    return found;
  };

  it('tell access who is there, with which roles and factors, under every token but the one that was replaced', async () => {
    const { visitor } = await start();
    const bob = visitor();
    expect(await statuses(bob, '/known', '/admin', '/fresh')).toEqual([401, 401, 401]);
    expect(await statuses(bob, '/in', '/known', '/admin', '/fresh')).toEqual([200, 200, 403, 403]);
    const thief = visitor();
    thief.jar.set(NAME, bob.jar.get(NAME) ?? '');
    expect(await statuses(bob, '/totp', '/fresh', '/admin-now', '/admin', '/fresh')).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(thief, '/fresh', '/admin')).toEqual([401, 401]);
    expect(await statuses(bob, '/out', '/known')).toEqual([200, 401]);
  });

  it('take nothing of a new factor or role to the token before, which is taken for the grace', async () => {
    const { visitor } = await start();
    const bob = visitor();
    await bob.get('/in');
    const before = visitor();
    before.jar.set(NAME, bob.jar.get(NAME) ?? '');
    await bob.get('/admin-now');
    expect(await statuses(before, '/known', '/admin')).toEqual([200, 403]);
    expect(await statuses(bob, '/admin')).toEqual([200]);
  });

  it('deny routes that nobody decided on', async () => {
    const { visitor } = await start();
    expect(await statuses(visitor(), '/undecided')).toEqual([403]);
  });

  it('let no cache have an answer with a cookie, or one that is for one user', async () => {
    const { visitor } = await start();
    const bob = visitor();
    const cached = await bob.get('/cached');
    expect(cached.headers['cache-control']).toBe('private, no-store');
    expect(cached.headers['set-cookie']?.map((line) => line.split('=')[0])).toEqual(['a', NAME]);
    await bob.get('/in');
    expect((await bob.get('/known')).headers['cache-control']).toMatch(/private, no-store/);
  });

  it('write no token into a line or an event, whatever happens', async () => {
    const { visitor, lines, events, gate } = await start();
    const bob = visitor();
    const tokens: string[] = [];
    for (const path of ['/put', '/in', '/totp', '/admin-now', '/known', '/admin', '/fresh', '/cached']) {
      await bob.get(path);
      tokens.push(bob.jar.get(NAME) ?? '');
    }
    for (const token of tokens) await bob.get('/known', { headers: { cookie: `${NAME}=${token}; ${NAME}=x` } });
    await bob.get('/out');
    const [all, secrets] = [JSON.stringify([lines, events]), new Set(tokens.map((token) => token.slice(22)))];
    expect([lines.length > 10, events.length > 5, secrets.size]).toEqual([true, true, 4]);
    for (const secret of secrets) expect(all).not.toContain(secret);
    expect(events.map(({ event }) => event)).toContain('session_cookie_conflict');
    await gate.close();
  });

  it('say once that a Secure cookie cannot be set, and how to mend it', async () => {
    const { gate, events } = await start();
    const plain = await serve(gate.handler);
    const answers: Received[] = [];
    for (let i = 0; i < 2; i++) answers.push(await browser(plain.url).get('/put'));
    await plain.close();
    expect(answers.map(({ headers }) => headers['set-cookie'])).toEqual([undefined, undefined]);
    expect(events.filter(({ event }) => event === 'sys_session_cookie_withheld')).toMatchObject([
      { description: expect.stringContaining('policy.proxy') },
    ]);
  });

  it('run in both fixtures', async () => {
    for (const [createApp, name] of [
      [vulnerable, 'connect.sid'],
      [secured, NAME],
    ] as const) {
      const served = await serveAsTls(createApp(express));
      const bob = browser(served.url);
      await bob.get('/login');
      expect([...bob.jar.keys()]).toEqual([name]);
      await served.close();
    }
  });
});

describe('the checks of sessions', () => {
  const verdictOf = async (id: string, policy: Partial<Policy>): Promise<string | undefined> => {
    const { default: express } = await import('express');
    const gate = secure(express(), { ...QUIET, stores: { memory: true }, ...policy });
    return (await gate.selfTest()).results[id];
  };

  it.each([
    ['sessions/disabled', { sessions: false }, 'fail'],
    ['sessions/disabled', { sessions: {} }, 'pass'],
    ['sessions/disabled', {}, 'not-applicable'],
    ['sessions/idle-long', { sessions: { idle: '25h', absolute: '30d' } }, 'fail'],
    ['sessions/idle-long', { sessions: { idle: '24h', absolute: '30d' } }, 'pass'],
    ['sessions/idle-long', {}, 'not-applicable'],
    ['sessions/absolute-long', { sessions: { absolute: '31d' } }, 'fail'],
    ['sessions/absolute-long', { sessions: { absolute: '30d' } }, 'pass'],
    ['sessions/cross-site', { sessions: { cookie: { sameSite: 'none', partitioned: true } } }, 'fail'],
    ['sessions/cross-site', { sessions: {} }, 'pass'],
    ['sessions/not-kept', { sessions: {} }, 'fail'],
    ['sessions/not-kept', { sessions: { store: { ...memoryRecordStore(), shared: true } } }, 'pass'],
  ] as const)('%s, of %o: %s', async (id, policy, result) => {
    expect(await verdictOf(id, policy as Partial<Policy>)).toBe(result);
  });

  it('say that they cannot tell from outside', () => {
    const facts = { origin: 'https://x.example', exchanges: {} } as Parameters<Check['judge']>[0];
    expect(new Set(checks.map((check) => check.judge(facts).result))).toEqual(new Set(['unknown']));
  });
});
