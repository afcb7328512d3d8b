import { readFileSync } from 'node:fs';
import type { Express as App } from 'express';
import session from 'express-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { access, type Gate, type Policy, secure } from '../../src/index.ts';
import type { ExpressSessionStore } from '../../src/practices/sessions/express-session/store-call.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import { memoryStores } from '../../src/stores/memory-stores.ts';
import { EXPRESS, type Express, type Served, serve } from '../support/http.ts';
import { Client } from './client.ts';
import { BROWSER } from './implementations.ts';
import { mountPassport } from './passport-app.ts';
import { memoryStore } from './stores.ts';

const SECRET = 'for the tests of this repository only';
const open: Served[] = [];
afterEach(() => Promise.all(open.splice(0).map((served) => served.close())));

async function served(listener: unknown): Promise<string> {
  const one = await serve(listener);
  open.push(one);
  return one.url;
}

/** The app as it was, with ann logged in. */
async function before(express: Express, store: ExpressSessionStore): Promise<Client> {
  const app = express();
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store: store as never }));
  mountPassport(app, express, true);
  const client = new Client(await served(app));
  await client.get('/basket?add=book');
  await client.post('/login', { username: 'ann', password: 'correct horse' });
  return client;
}

/** The same app behind `secure()`. */
async function after(
  express: Express,
  sessions: NonNullable<Policy['sessions']>,
): Promise<{ gate: Gate; client: (cookies?: Client) => Client }> {
  const app: App = express();
  const gate = secure(app, {
    origins: ['https://shop.example'],
    mode: 'production',
    proxy: { hops: 1 },
    logging: { level: false },
    stores: memoryStores(),
    access: { undecided: 'allow' },
    sessions,
  });
  // Before passport, which reads the session of each request.
  app.get('/public', access.public('a test'), (_req, res) => void res.json('open'));
  mountPassport(app, express, true);
  app.get('/account', access.authenticated(), (_req, res) => void res.json('yours'));
  const url = await served(gate.handler);
  return {
    gate,
    client(cookies) {
      const client = new Client(url, BROWSER);
      for (const [name, value] of cookies?.jar ?? []) client.jar.set(name, value);
      return client;
    },
  };
}

describe.each(EXPRESS)('from express-session to secure(), on Express %s', (_, express) => {
  it('the same options go on: nobody is logged out, and the old cookie is gone', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const { client, gate } = await after(express, {
      secret: SECRET,
      store,
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 3_600_000 },
    });
    const browser = client(old);
    const first = await browser.get('/me');
    expect(first.json()).toBe('ann');
    expect([...browser.jar.keys()]).toEqual(['__Host-session']);
    expect(await browser.json('/basket')).toEqual(['book']);
    expect(await browser.json('/account')).toBe('yours');
    expect(await gate.sessions?.list('ann')).toMatchObject([{ user: 'ann' }]);
    expect(await old.json('/me')).toBeNull();
  });

  it('the guide, followed to the letter, leaves no route denied; without its word on access all of them are', async () => {
    const guide = readFileSync(new URL('../../../../docs/from-express-session.md', import.meta.url), 'utf8');
    const calls = guide.match(/secure\(app, \{[\s\S]*?\n\}\);/g) ?? [];
    expect(calls).toHaveLength(2);
    for (const call of calls) expect(call).toContain("access: { undecided: 'allow' }");

    for (const [access, status] of [
      [{ undecided: 'allow' }, 200],
      [{}, 403],
    ] as const) {
      const app: App = express();
      const gate = secure(app, {
        origins: ['https://shop.example'],
        mode: 'production',
        proxy: { hops: 1 },
        logging: { level: false },
        stores: memoryStores(),
        access,
        sessions: {
          secret: SECRET,
          store: new session.MemoryStore() as never,
          resave: false,
          saveUninitialized: false,
        },
      });
      mountPassport(app, express);
      const client = new Client(await served(gate.handler), BROWSER);
      expect((await client.get('/me')).status).toBe(status);
    }
  });

  it('into another store, too', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const records = memoryRecordStore();
    const { client } = await after(express, { store: records, previous: { secret: SECRET, store } });
    expect(await client(old).json('/me')).toBe('ann');
    expect(records.size).toBe(2);
  });

  it('attack: the old cookie, copied before, opens nothing after its owner has come', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const thief = old.copy();
    const { client, gate } = await after(express, { previous: { secret: SECRET, store } });
    expect(await client(old).json('/me')).toBe('ann');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 11_000);
    try {
      expect(await client(thief).json('/me')).toBeNull();
      expect((await client(thief).get('/account')).status).toBe(401);
    } finally {
      vi.restoreAllMocks();
    }
    expect(await gate.sessions?.list('ann')).toHaveLength(1);
  });

  it('control: on express-session the copy goes on working', async () => {
    const old = await before(express, memoryStore());
    expect([await old.copy().json('/me'), await old.copy().json('/me')]).toEqual(['ann', 'ann']);
  });

  it('requests at the same time make one session; the others are asked to come again, and set no cookie', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const { client, gate } = await after(express, { previous: { secret: SECRET, store } });
    const answers = await Promise.all(Array.from({ length: 12 }, () => client(old).get('/basket?add=pen')));
    expect(await gate.sessions?.list('ann')).toHaveLength(1);
    const served = answers.filter(({ status }) => status === 200);
    expect(served).toHaveLength(1);
    for (const { status, cookies } of answers.filter((answer) => !served.includes(answer))) {
      expect([status, cookies]).toEqual([503, []]);
    }
    expect((await client(old).get('/public')).json()).toBe('open');
  });

  it('attack: a forged signature opens nothing, and asks no store; a cookie beside a session is left alone', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const get = vi.spyOn(store, 'get');
    const { client } = await after(express, { previous: { secret: SECRET, store } });
    const forger = client();
    forger.jar.set('connect.sid', `${(old.jar.get('connect.sid') ?? '').slice(0, -6)}AAAAAA`);
    expect(await forger.json('/me')).toBeNull();
    const other = client();
    await other.get('/basket?add=own');
    other.jar.set('connect.sid', old.jar.get('connect.sid') ?? '');
    expect(await other.json('/basket')).toEqual(['own']);
    expect(get).not.toHaveBeenCalled();
    expect(await client(old).json('/me')).toBe('ann');
  });

  it('a Store that is down: 503 for what needs a session, the rest goes on; nobody is logged out by it', async () => {
    const store = memoryStore();
    const old = await before(express, store);
    const { client } = await after(express, { previous: { secret: SECRET, store } });
    const get = vi.spyOn(store, 'get').mockImplementation((_sid, done) => done(new Error('down')));
    expect((await client(old).get('/account')).status).toBe(503);
    get.mockRestore();
    expect(await client(old).json('/me')).toBe('ann');
  });

  it('passport over a Store of express-session: logs in, is listed, is ended from elsewhere', async () => {
    const { client, gate } = await after(express, { store: memoryStore() });
    const browser = client();
    await browser.post('/login', { username: 'ann', password: 'correct horse' });
    expect(await browser.json('/account')).toBe('yours');
    expect(await gate.sessions?.list('ann')).toHaveLength(1);
    expect(await gate.sessions?.revokeAll('ann')).toBe(1);
    expect(await browser.json('/me')).toBeNull();
    expect((await browser.get('/account')).status).toBe(401);
  });
});
