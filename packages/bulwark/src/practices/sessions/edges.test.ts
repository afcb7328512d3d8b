import type { Request } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask, HOST, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Express, type Received, type Sent, send, serve } from '../../../test/support/http.ts';
import type { SecurityEvent } from '../../events.ts';
import { secure } from '../../secure.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { RecordStore } from '../../stores/record-store.ts';
import { logIn, proveFactor, type SessionsOptions, sessionOf, sessions } from './index.ts';

/** A store that answers later, as one on another machine does. */
function remote(store = memoryRecordStore()): RecordStore {
  const later = <A extends unknown[], R>(call: (...args: A) => R): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      return call(...args);
    };
  };
  const { get, insert, replace, remove, list } = store;
  return {
    get: later(get),
    insert: later(insert),
    replace: later(replace),
    remove: later(remove),
    list: later(list),
  };
}

const cookieOf = (answer: Received): string => String(answer.headers['set-cookie']).split(';', 1)[0] ?? '';

const PLAIN = { origins: ['http://shop.example'] };

afterEach(() => vi.restoreAllMocks());

describe.each(EXPRESS)('sessions at their edges on Express %s', (_version, express) => {
  /** Serves `/` with one handler, and looks at the session at `/look`. */
  function appOf(options: SessionsOptions, handler: (req: Request) => unknown): ReturnType<Express> & { end?: never } {
    const app = express();
    const practice = sessions({ ...PLAIN, ...options });
    app.use(practice);
    app.get('/look', (req, res) => void res.json({ data: sessionOf(req), user: practice.identify(req) ?? null }));
    app.get('/', (req, res, next) => {
      Promise.resolve(handler(req)).then(() => res.send('done'), next);
    });
    return app;
  }

  it('makes one session where it is saved without waiting, and written again at the end', async () => {
    const store = memoryRecordStore();
    const [answer] = await ask(
      appOf({ store: remote(store) }, (req) => {
        const session = sessionOf<{ cart: string }>(req);
        if (session === undefined || session.id === '') throw new Error('no session');
        session.cart = 'book';
        void session.save();
      }),
      {},
    );
    expect(answer?.status).toBe(200);
    expect(answer?.headers['set-cookie']).toHaveLength(1);
    expect(store.size).toBe(1);
  });

  it('leaves no session behind where it is ended while it is being made', async () => {
    const store = memoryRecordStore();
    const [answer] = await ask(
      appOf({ store: remote(store) }, (req) => {
        const session = sessionOf<{ cart: string }>(req);
        if (session === undefined) throw new Error('no session');
        session.cart = 'book';
        void session.save();
        return session.destroy();
      }),
      {},
    );
    expect(answer?.status).toBe(200);
    expect(cookieOf(answer as Received)).toBe('session=');
    expect(store.size).toBe(0);
  });

  it('renews the cookie of a browser that keeps it, with each write', async () => {
    const app = appOf({ store: remote(), cookie: { persistent: true } }, (req) => {
      const session = sessionOf<{ n: number }>(req);
      if (session !== undefined) session.n = (session.n ?? 0) + 1;
    });
    const [first] = await ask(app, {});
    const [second] = await ask(app, { headers: { cookie: cookieOf(first as Received) } });
    expect(cookieOf(second as Received)).toBe(cookieOf(first as Received));
    expect(String(second?.headers['set-cookie'])).toContain('Max-Age=7200');
  });

  it('keeps no data that would hide a method', async () => {
    const app = appOf({}, (req) => {
      const session = sessionOf(req);
      if (session?.n !== undefined) return session.destroy();
      Object.assign(session ?? {}, { n: 1, destroy: 'x', save: 1, constructor: 'y', toString: 'z' });
    });
    const [first] = await ask(app, {});
    const headers = { cookie: cookieOf(first as Received) };
    const [look, ended, after] = await ask(
      app,
      { target: '/look', headers },
      { headers },
      { target: '/look', headers },
    );
    expect(Object.keys(look?.json<{ data: object }>().data ?? {}).toSorted()).toEqual(['cookie', 'n']);
    expect(ended?.status).toBe(200);
    expect(after?.json().data).not.toHaveProperty('n');
  });

  it('takes any text for a user: a store could not keep some of them as an owner', async () => {
    for (const user of ['é'.repeat(256), 'a\uD800b', 'x'.repeat(256)]) {
      const app = express();
      const practice = sessions(PLAIN);
      app.use(practice);
      app.get('/', (req, res, next) => {
        logIn(req, { id: user }).then(() => res.send('in'), next);
      });
      const [answer] = await ask(app, {});
      expect(answer?.status).toBe(200);
      expect(await practice.manager.list(user)).toHaveLength(1);
      expect(await practice.manager.list(`${user}.`)).toHaveLength(0);
    }
  });

  it('takes a role away from a token that was replaced a moment ago, too', async () => {
    const app = express();
    const practice = sessions(PLAIN);
    app.use(practice);
    app.get('/in', (req, res, next) => {
      logIn(req, { id: 'bob', roles: ['admin', 'editor'] }).then(() => res.send('in'), next);
    });
    app.get('/totp', (req, res, next) => {
      proveFactor(req, 'totp').then(() => res.send('proven'), next);
    });
    app.get('/look', (req, res) => void res.json(practice.identify(req) ?? {}));
    const [first] = await ask(app, { target: '/in' });
    const headers = { cookie: cookieOf(first as Received) };
    const [, before] = await ask(app, { target: '/totp', headers }, { target: '/look', headers });
    expect(before?.json()).toMatchObject({ id: 'bob', roles: ['admin', 'editor'] });
    expect(before?.json().factors).not.toHaveProperty('totp');
    await practice.manager.changeRoles('bob', ['editor', 'owner']);
    const [after] = await ask(app, { target: '/look', headers });
    expect(after?.json()).toMatchObject({ id: 'bob', roles: ['editor'] });
  });

  it.each([
    ['prompt', 0, true],
    ['late', 1500, false],
  ])('an answer that is %s brings a token by the way: %i ms, %s', async (_word, delay, brings) => {
    let at = Date.now();
    let offset = 0;
    const app = appOf({ now: () => at, rotate: '15m' }, (req) => {
      const session = sessionOf(req);
      if (session?.n === undefined) Object.assign(session ?? {}, { n: 1 });
      // While it works, the browser is given another token by another request.
      else offset = delay;
    });
    const [first] = await ask(app, {});
    const headers = { cookie: cookieOf(first as Received) };
    at += 16 * 60_000;
    const real = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() + offset);
    const [second] = await ask(app, { headers });
    expect(second?.headers['set-cookie'] !== undefined).toBe(brings);
    // The token that it came with is good until the new one has come back.
    const [look] = await ask(app, { target: '/look', headers });
    expect(look?.json().data).toMatchObject({ n: 1 });
  });

  it('tells of cookies that differ once they have passed the limit, and uses none', async () => {
    const app = express();
    const gate = secure(app, {
      ...QUIET,
      stores: { memory: true },
      sessions: {},
      access: { undecided: 'allow' },
      rateLimit: { limit: 2 },
    });
    const events: SecurityEvent[] = [];
    gate.on('session_cookie_conflict', (event) => events.push(event));
    app.get('/', (req, res) => void res.json({ id: sessionOf(req)?.id }));
    const served = await serve(app);
    const cookie = `__Host-session=${'a'.repeat(64)}; __Host-session=${'b'.repeat(64)}`;
    const sent: Sent = { headers: { ...HOST, cookie } };
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await send(served.url, sent)).status);
    await served.close();
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    expect(events).toHaveLength(2);
  });
});
