import type { Request } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Served, serve } from '../../../test/support/http.ts';
import { Jar } from '../../../test/support/jar.ts';
import type { EventInput } from '../../events.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { RecordStore } from '../../stores/record-store.ts';
import {
  type LogInOptions,
  logIn,
  logOut,
  proveFactor,
  type SessionsMiddleware,
  type SessionsOptions,
  sessionOf,
  sessions,
} from './index.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
type Seen = { data: Record<string, unknown>; user?: { id: string; factors?: object } };

describe.each(EXPRESS)('the life of a session on Express %s', (_version, express) => {
  const open: Served[] = [];
  afterEach(async () => void (await Promise.all(open.splice(0).map(({ close }) => close()))));

  async function start(options: SessionsOptions = {}, keep: LogInOptions = {}) {
    let at = Date.now();
    const events: EventInput[] = [];
    const store = memoryRecordStore({ now: () => at });
    const calls: string[] = [];
    const watched: RecordStore = {
      ...store,
      get: (key) => {
        calls.push(key);
        return store.get(key);
      },
    };
    const services = { emit: (event: EventInput) => void events.push(event), mode: 'production' } as const;
    const practice: SessionsMiddleware = sessions(
      { origins: ['http://shop.example'], store: watched, now: () => at, ...options },
      services,
    );
    const app = express();
    app.use(practice);
    const doing = (path: string, work: (req: Request) => unknown): void => {
      app.get(path, (req, res, next) => {
        Promise.resolve(work(req)).then((done) => res.json(done ?? {}), next);
      });
    };
    doing('/nothing', () => undefined);
    doing('/see', (req): Seen => {
      const { cookie: _, ...data } = Object.fromEntries(Object.entries(sessionOf(req) ?? {}));
      const user = practice.identify(req) as Seen['user'] | undefined;
      return { data, ...(user === undefined ? {} : { user }) };
    });
    doing('/set', (req) => void Object.assign(sessionOf(req) ?? {}, req.query));
    doing('/in', (req) => logIn(req, { id: 'bob', roles: ['editor'] }, keep));
    doing('/totp', (req) => proveFactor(req, 'totp'));
    doing('/out', (req) => logOut(req));
    const served = await serve(app);
    open.push(served);
    return {
      jar: new Jar(served.url),
      store,
      calls,
      events: (name: string) => events.filter(({ event }) => event === name),
      pass: (ms: number) => {
        at += ms;
      },
    };
  }

  it('begins when something is written: whoever only looks leaves no record, has no cookie, and costs no question', async () => {
    const { jar, store, calls } = await start();
    expect(await jar.json('/see')).toEqual({ data: {} });
    jar.cookies.set('session', 'no-token').set('other', 'a');
    expect(await jar.json('/see')).toEqual({ data: {} });
    expect([store.size, calls.length]).toEqual([0, 0]);
    await jar.get('/set?cart=book');
    expect(await jar.json('/see')).toEqual({ data: { cart: 'book' } });
    expect([store.size, calls.length]).toEqual([1, 1]);
  });

  it('answers about a session are kept by no cache', async () => {
    const { jar } = await start();
    expect((await jar.get('/see')).headers['cache-control']).toBe('private, no-store');
    expect((await jar.get('/nothing')).headers['cache-control']).toBeUndefined();
  });

  it('what is kept opens nothing: neither the token nor its secret is in it (CWE-312)', async () => {
    const { jar, store, calls } = await start();
    await jar.get('/in');
    const token = jar.cookies.get('session') ?? '';
    await jar.get('/see');
    const [key = ''] = calls;
    const kept = JSON.stringify([key, store.get(key), store.list('session:bob')]);
    expect(token).toMatch(/^[\w-]{64}$/);
    expect(kept).not.toContain(token.slice(22));
    expect(key).toBe(`session:${token.slice(0, 21)}${key.slice(-1)}`);
    // What is in the store, sent as a token.
    const thief = jar.copy();
    const { secret } = JSON.parse(store.get(key)?.value ?? '{}') as { secret: string };
    thief.cookies.set('session', `${token.slice(0, 21)}${secret}`);
    expect(await thief.json<Seen>('/see')).toEqual({ data: {} });
  });

  it('ends after the idle time without a request, and after the absolute time with any number of them', async () => {
    const { jar, pass, store } = await start({ idle: '30m', absolute: '2h', rotate: '1d' });
    await jar.get('/set?n=1');
    const idle = jar.copy();
    pass(31 * MINUTE);
    expect((await idle.json<Seen>('/see')).data).toEqual({});
    await jar.get('/set?n=2');
    for (let i = 0; i < 5; i++) {
      pass(20 * MINUTE);
      expect((await jar.json<Seen>('/see')).data).toEqual({ n: '2' });
    }
    pass(21 * MINUTE);
    expect((await jar.json<Seen>('/see')).data).toEqual({});
    pass(DAY);
    await jar.get('/set?n=3');
    expect(store.size).toBe(1);
  });

  it('a login begins another session: who knew the token of the one before has nothing (CWE-384)', async () => {
    const { jar, pass } = await start({}, { keep: ['cart'] });
    await jar.get('/set?cart=book&visits=3');
    const planted = jar.copy();
    await jar.get('/in');
    const seen = await jar.json<Seen>('/see');
    expect([seen.data, seen.user?.id]).toEqual([{ cart: 'book' }, 'bob']);
    // For requests that were under way: what the visitor had, to read.
    expect(await planted.json<Seen>('/see')).toEqual({ data: { cart: 'book', visits: '3' } });
    await planted.get('/set?cart=other');
    expect(await planted.json<Seen>('/see')).toEqual({ data: { cart: 'book', visits: '3' } });
    pass(11_000);
    expect(await planted.json<Seen>('/see')).toEqual({ data: {} });
    expect((await jar.json<Seen>('/see')).user?.id).toBe('bob');
  });

  it('the session of one user ends at once when another logs in with the same browser', async () => {
    const { jar, store } = await start();
    await jar.get('/in');
    const before = jar.copy();
    await jar.get('/in');
    expect(await before.json<Seen>('/see')).toEqual({ data: {} });
    expect(store.size).toBe(1);
  });

  it('a further factor brings another token; the one before never sees it, and is told of when it comes late', async () => {
    const { jar, pass, events } = await start();
    await jar.get('/in');
    const before = jar.copy();
    await jar.get('/totp');
    expect(jar.cookies.get('session')).not.toBe(before.cookies.get('session'));
    expect(Object.keys((await jar.json<Seen>('/see')).user?.factors ?? {})).toEqual(['password', 'totp']);
    const old = await before.json<Seen>('/see');
    expect([old.user?.id, Object.keys(old.user?.factors ?? {})]).toEqual(['bob', ['password']]);
    // It does not get further than it was, either.
    expect((await before.get('/totp')).status).toBe(401);
    pass(11_000);
    expect(await before.json<Seen>('/see')).toEqual({ data: {} });
    expect(events('session_use_after_expire')).toHaveLength(1);
    expect((await jar.json<Seen>('/see')).user?.id).toBe('bob');
  });

  it('a token that is old is replaced; the old one holds until the new one has come back, and a moment longer', async () => {
    const { jar, pass, events } = await start({ rotate: '15m', grace: '10s' });
    await jar.get('/in');
    pass(16 * MINUTE);
    // Its answer is lost on the way.
    const lost = jar.copy();
    await lost.get('/nothing');
    expect(lost.cookies.get('session')).not.toBe(jar.cookies.get('session'));
    pass(2 * MINUTE);
    const slow = jar.copy();
    await jar.get('/nothing');
    expect(jar.cookies.get('session')).not.toBe(slow.cookies.get('session'));
    expect((await slow.json<Seen>('/see')).user?.id).toBe('bob');
    expect((await jar.json<Seen>('/see')).user?.id).toBe('bob');
    pass(9000);
    expect((await slow.json<Seen>('/see')).user?.id).toBe('bob');
    pass(2000);
    expect(await slow.json<Seen>('/see')).toEqual({ data: {} });
    expect(events('session_use_after_expire')).toHaveLength(1);
    // The one that was lost is worth nothing any more.
    expect(await lost.json<Seen>('/see')).toEqual({ data: {} });
    expect((await jar.json<Seen>('/see')).user?.id).toBe('bob');
  });

  it('ends for both where the policy says so, when a token comes back that was replaced', async () => {
    const { jar, pass, events, store } = await start({ replay: 'end' });
    await jar.get('/in');
    const stolen = jar.copy();
    await stolen.get('/totp');
    pass(11_000);
    expect(await jar.json<Seen>('/see')).toEqual({ data: {} });
    expect(await stolen.json<Seen>('/see')).toEqual({ data: {} });
    expect([store.size, events('session_use_after_expire').length]).toEqual([0, 1]);
  });

  it('ends at once at the log-out, data and all, without any grace', async () => {
    const { jar, store, events } = await start();
    await jar.get('/in');
    await jar.get('/totp');
    const copy = jar.copy();
    await jar.get('/out');
    expect([store.size, jar.cookies.size]).toEqual([0, 0]);
    expect(await copy.json<Seen>('/see')).toEqual({ data: {} });
    expect(events('session_expired')).toHaveLength(1);
  });
});
