import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import type { Request } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, HOST, QUIET } from '../../../test/support/ask.ts';
import { serveAsTls } from '../../../test/support/browser.ts';
import { EXPRESS, type Received, send, serve } from '../../../test/support/http.ts';
import { barrier, remoteStore } from '../../../test/support/remote-store.ts';
import { KINDS, loggedIn, NAME, startSessions } from '../../../test/support/session-app.ts';
import { secure } from '../../secure.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import { access } from '../access/index.ts';
import { logIn, logOut, proveFactor, sessionOf, sessions } from './index.ts';
import { decodeState } from './state.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

const cookieOf = (answer: Received | undefined): string => String(answer?.headers['set-cookie']).split(';', 1)[0] ?? '';

/** Lets somebody in when it is told to. */
function door() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe.each(KINDS)('against sessions on %s', (_kind, express) => {
  it('a name that only looks like that of the cookie is another: a sibling host can set it (CWE-565)', async () => {
    const { visitor, close: end, names } = await startSessions(express);
    close = end;
    const eve = await loggedIn(visitor(), 'eve');
    const token = eve.jar.get(NAME) ?? '';
    for (const name of [
      `\u00a0${NAME}`,
      `${NAME}\u00a0`,
      `\u00a0 ${NAME}`,
      NAME.toUpperCase(),
      `x${NAME}`,
      `"${NAME}"`,
    ]) {
      const answer = await visitor().get('/devices', { headers: { cookie: `${name}=${token}` } });
      expect([name, answer.status]).toEqual([name, 401]);
      const bob = await loggedIn(visitor());
      const both = `${name}=${token}; ${NAME}=${bob.jar.get(NAME)}`;
      const [device] = (await visitor().get('/devices', { headers: { cookie: both } })).json<{ user: string }[]>();
      expect(device?.user).toBe('bob');
    }
    for (const value of [`"${token}"`, `\u00a0${token}`, `${token}=`, token.repeat(100), `${token}\u00a0`]) {
      expect((await visitor().get('/devices', { headers: { cookie: `${NAME}=${value}` } })).status).toBe(401);
    }
    const twice = `${NAME}=${token}; \t${NAME}=${token}\t`;
    expect((await visitor().get('/devices', { headers: { cookie: twice } })).status).toBe(200);
    expect(names()).not.toContain('session_cookie_conflict');
  });

  it('over plain HTTP nobody is told that he is logged in', async () => {
    const { visitor, store, names, close: end } = await startSessions(express, {}, false);
    close = end;
    const answer = await visitor().get('/in');
    expect([answer.status, answer.body]).toEqual([403, 'ERR_HTTPS_REQUIRED']);
    expect(names()).toEqual(['sys_session_cookie_withheld']);
    expect(store.size).toBe(0);
  });
});

describe.each(EXPRESS)('against sessions on Express %s', (_version, express) => {
  /** `/slow` has its session from the beginning, waits, writes, and then asks who is there. */
  function slowApp() {
    let now = Date.now();
    const app = express();
    const store = memoryRecordStore();
    const practice = sessions({ origins: ['http://shop.example'], store, now: () => now });
    const [reached, go] = [door(), door()];
    app.use(practice);
    const act =
      (work: (req: Request) => unknown) =>
      (req: Request, res: { json(value: unknown): unknown }, next: (error: unknown) => void): void => {
        Promise.resolve(work(req)).then((value) => res.json(value ?? null), next);
      };
    app.get('/in', act((req) => logIn(req, { id: 'bob', roles: ['reader'] })) as never);
    app.get('/totp', act((req) => proveFactor(req, 'totp')) as never);
    app.get('/me', act((req) => practice.identify(req)) as never);
    app.get('/out', act((req) => logOut(req)) as never);
    app.get(
      '/slow',
      act(async (req) => {
        reached.open();
        await go.opened;
        const session = sessionOf<{ n: number }>(req);
        if (session === undefined) throw new Error('no session');
        session.n = 1;
        await session.save();
        return practice.identify(req);
      }) as never,
    );
    const get = async (target: string, cookie?: string): Promise<Received | undefined> =>
      (await ask(app, { target, headers: cookie === undefined ? {} : { cookie } }))[0];
    const pass = (ms: number): void => {
      now += ms;
    };
    return { get, reached, go, pass };
  }

  it('a request in flight, with a token that was replaced meanwhile, does not see the factor that was proven (CWE-362)', async () => {
    const { get, reached, go } = slowApp();
    const old = cookieOf(await get('/in'));
    const slow = get('/slow', old);
    await reached.opened;
    const proven = cookieOf(await get('/totp', old));
    go.open();
    expect(Object.keys((await slow)?.json<{ factors: object }>().factors ?? {})).toEqual(['password']);
    expect(Object.keys((await get('/me', proven))?.json<{ factors: object }>().factors ?? {})).toEqual([
      'password',
      'totp',
    ]);
  });

  it('nor does one with the token before, when a further replacement has pushed it out', async () => {
    const { get, reached, go, pass } = slowApp();
    const first = cookieOf(await get('/in'));
    pass(15 * 60_000);
    const second = cookieOf(await get('/me', first));
    await get('/me', second);
    const slow = get('/slow', first);
    await reached.opened;
    const third = cookieOf(await get('/totp', second));
    pass(15 * 60_000);
    const fourth = cookieOf(await get('/me', third));
    await get('/me', fourth);
    go.open();
    const seen = (await slow)?.json<{ factors?: object } | null>();
    expect(Object.keys(seen?.factors ?? {})).not.toContain('totp');
  });

  it('a request in flight is nobody’s once its user has logged out, as soon as it has written (CWE-613)', async () => {
    const { get, reached, go } = slowApp();
    const old = cookieOf(await get('/in'));
    const slow = get('/slow', old);
    await reached.opened;
    await get('/out', old);
    go.open();
    expect((await slow)?.body).toBe('null');
    expect((await get('/me', old))?.body).toBe('null');
  });
});

describe.each(EXPRESS)('what has ended or was replaced, on Express %s', (_version, express) => {
  it('a token that was handed out, and not used yet, is worth nothing once a factor was proven', async () => {
    const { visitor, pass, close: end } = await startSessions(express);
    close = end;
    const bob = await loggedIn(visitor());
    const old = bob.jar.get(NAME) ?? '';
    pass(15 * 60_000);
    const thief = visitor();
    await thief.get('/devices', { headers: { cookie: `${NAME}=${old}` } });
    const next = thief.jar.get(NAME);
    expect(next).toBeDefined();
    expect((await bob.get('/totp')).status).toBe(200);
    expect(bob.jar.get(NAME)).not.toBe(old);
    expect((await thief.get('/devices')).status).toBe(401);
    expect((await bob.get('/devices')).status).toBe(200);
  });

  it('a visitor’s session that was left is not held open by logging in from it again', async () => {
    const { visitor, pass, close: end } = await startSessions(express);
    close = end;
    const ann = visitor();
    await ann.get('/put?cart=book');
    const left = { headers: { cookie: `${NAME}=${ann.jar.get(NAME)}` } };
    await loggedIn(ann);
    pass(9_000);
    expect((await visitor().get('/in', left)).status).toBe(200);
    expect((await visitor().get('/look', left)).json()).toEqual({ cart: 'book' });
    pass(9_000);
    expect((await visitor().get('/look', left)).json()).toEqual({});
  });
});

describe('a record that is none', () => {
  const whole = { secret: 'x'.repeat(43), data: {}, createdAt: 1, seenAt: 1, rotatedAt: 1, device: 'd' };

  it('is as little as no session, whatever another process has written (CWE-502)', () => {
    expect(decodeState(JSON.stringify(whole))).toEqual(whole);
    const wrong: object[] = [
      { ...whole, maxAge: 'for ever' },
      { ...whole, leftAt: 'never' },
      { ...whole, data: { cart: { a: 1 } } },
      { ...whole, data: { cart: '{' } },
      { ...whole, data: [] },
      { ...whole, next: {} },
      { ...whole, next: { secret: 1, since: 1 } },
      { ...whole, previous: { secret: 'x' } },
      { ...whole, previous: { secret: 'x', until: 1, authentication: { user: 1, factors: {}, at: 1 } } },
      { ...whole, authentication: null },
      { ...whole, authentication: { user: '', factors: {}, at: 1 } },
      { ...whole, authentication: { user: 'bob', factors: { totp: 'yes' }, at: 1 } },
      { ...whole, authentication: { user: 'bob', factors: {}, roles: 'admin', at: 1 } },
      { ...whole, device: 7 },
      { ...whole, seenAt: null },
    ];
    for (const state of wrong) expect([state, decodeState(JSON.stringify(state))]).toEqual([state, undefined]);
  });

  it('fails no request that comes with its token', async () => {
    const { visitor, store, close: end } = await startSessions(undefined);
    close = end;
    const bob = await loggedIn(visitor());
    await bob.get('/put?a=1');
    const id = (await bob.get('/devices')).json<{ id: string }[]>()[0]?.id;
    const key = `session:${id}`;
    const stored = await store.get(key);
    const state = JSON.parse(stored?.value ?? '{}') as object;
    const value = JSON.stringify({ ...state, data: { a: '{' } });
    await store.replace(key, stored?.version ?? 0, { value, ttl: 60_000, owner: 'session:bob' });
    const answer = await bob.get('/look');
    expect([answer.status, answer.json()]).toEqual([200, {}]);
  });
});

describe.each(EXPRESS)('what is told of sessions, on Express %s', (_version, express) => {
  it('names them in the log, by an id that is no secret; who is denied learns what his route lacks', async () => {
    const lines: string[] = [];
    const app = express();
    const gate = secure(app, {
      ...QUIET,
      proxy: 'none',
      logging: { stream: { write: (line: string) => void lines.push(line) } },
      stores: { memory: true },
      sessions: {},
    });
    app.get('/in', access.public('a test'), (req, res, next) => {
      logIn(req, { id: 'bob' }).then(() => res.send('in'), next);
    });
    app.get('/forgotten', (_req, res) => void res.send('never'));
    const served = await serveAsTls(app);
    close = served.close;
    await send(served.url, { target: '/in', headers: HOST });
    await send(served.url, { target: '/forgotten', headers: HOST });
    const [info] = await gate.sessions.list('bob');
    expect(lines.filter((line) => line.includes('"session_created"')).join()).toContain(`"id":"${info?.id}"`);
    expect(lines.join('')).toContain("access.public('why')");
  });

  it('logIn() and a late keepSeen do not undo each other; data of the left session stays behind', async () => {
    let now = Date.now();
    const store = remoteStore();
    const app = express();
    const practice = sessions({ origins: ['http://shop.example'], store, now: () => now });
    app.use(practice);
    app.get('/put', (req, res) => {
      Object.assign(sessionOf(req) ?? {}, { mine: 1 });
      res.send('put');
    });
    const written = barrier();
    app.get('/in', (req, res, next) => {
      logIn(req, { id: 'bob' })
        .then(async () => {
          written.open();
          for (let i = 0; i < 10; i++) await new Promise(setImmediate);
          const session = sessionOf(req);
          if (session !== undefined) session.after = 1;
          res.json({ user: practice.identify(req), data: session });
        })
        .catch(next);
    });
    const cookie = cookieOf((await ask(app, { target: '/put' }))[0]);
    now += 61_000;
    let isFirst = true;
    store.before = (step) => {
      if (step !== 'replace' || !isFirst) return undefined;
      isFirst = false;
      return written.wait();
    };
    const [answer] = await ask(app, { target: '/in', headers: { cookie } });
    expect(answer?.json()).toMatchObject({ user: { id: 'bob' }, data: { after: 1 } });
    expect(answer?.body).not.toContain('mine');
    expect(isFirst).toBe(false);
  });

  it('a user whom passport has put there, and who was taken out again, is listed no more', async () => {
    const app = express();
    const practice = sessions({ origins: ['http://shop.example'] });
    app.use(practice);
    app.get('/in', (req, res) => {
      Object.assign(sessionOf(req) ?? {}, { passport: { user: 'bob' } });
      res.send('in');
    });
    app.get('/out', (req, res) => {
      delete sessionOf(req)?.passport;
      res.send('out');
    });
    const cookie = cookieOf((await ask(app, { target: '/in' }))[0]);
    expect(await practice.manager.list('bob')).toHaveLength(1);
    await ask(app, { target: '/out', headers: { cookie } });
    expect(await practice.manager.list('bob')).toHaveLength(0);
    expect(await practice.manager.revokeAll('bob')).toBe(0);
  });

  it('a thousand clients that leave while their answer is held leave no connection open, and one record each', async () => {
    // As one in this process, it is waited for without a bound.
    const store = Object.assign(remoteStore(), { local: true });
    const app = express();
    const practice = sessions({ origins: ['http://shop.example'], store });
    app.use(practice);
    let held = 0;
    const gate = barrier();
    store.before = (step) => {
      if (step !== 'insert') return undefined;
      held++;
      return gate.wait();
    };
    app.get('/', (req, res) => {
      Object.assign(sessionOf(req) ?? {}, { n: 1 });
      res.write('x');
      res.end('y');
    });
    const served = await serve(app);
    close = served.close;
    const port = Number(new URL(served.url).port);
    for (let round = 0; round < 10; round++) {
      const sockets = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1'));
      for (const socket of sockets) {
        socket.on('error', () => undefined);
        socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
      }
      while (held < (round + 1) * 100) await new Promise(setImmediate);
      for (const socket of sockets) socket.destroy();
    }
    gate.open();
    const open = (): Promise<number> =>
      new Promise((resolve) => served.server.getConnections((_error, count) => resolve(count)));
    while ((await open()) > 0 || store.size < 1000) await new Promise(setImmediate);
    expect([held, store.size]).toEqual([1000, 1000]);
    store.before = () => undefined;
    expect((await send(served.url, { target: '/' })).body).toBe('xy');
  });
});

describe('many requests', () => {
  it('twenty thousand visitors who only read leave no record', async () => {
    const store = memoryRecordStore();
    const practice = sessions({ store });
    let passed = 0;
    for (let i = 0; i < 20_000; i++) {
      const req = { headers: {}, method: 'GET', url: '/' } as IncomingMessage;
      const res = { getHeader: () => undefined, end: () => undefined } as unknown as ServerResponse;
      practice(req, res, () => {
        if (sessionOf(req)?.n === undefined) passed++;
      });
    }
    expect([passed, store.size]).toEqual([20_000, 0]);
  });
});
