import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import express from 'express';
import session from 'express-session';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { Secret } from '../../src/practices/secrets/secret.ts';
import {
  type PreviousSessions,
  type PreviousSessionsOptions,
  previousSessions,
} from '../../src/practices/sessions/express-session/previous.ts';
import { fromExpressSessionStore } from '../../src/practices/sessions/express-session/store.ts';
import type { ExpressSessionStore } from '../../src/practices/sessions/express-session/store-call.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { type Served, serve } from '../support/http.ts';
import { Client } from './client.ts';
import { memoryStore, ofAnotherProcess } from './stores.ts';

const SECRET = 'for the tests of this repository only';
const open: Served[] = [];
afterEach(() => Promise.all(open.splice(0).map((served) => served.close())));

/** The app as it was: express-session, and a user who is logged in. */
async function oldApp(
  store: ExpressSessionStore,
  secret: string | string[] = SECRET,
  maxAge?: number,
): Promise<Client> {
  const app = express();
  const cookie = maxAge === undefined ? {} : { cookie: { maxAge } };
  app.use(session({ secret, resave: false, saveUninitialized: false, store: store as never, ...cookie }));
  app.get('/login', (req, res) => {
    Object.assign(req.session, { passport: { user: 'bob' }, basket: [1, 2] });
    res.end();
  });
  app.get('/me', (req, res) => void res.json((req.session as { passport?: unknown }).passport ?? null));
  const served = await serve(app);
  open.push(served);
  const client = new Client(served.url);
  await client.get('/login');
  return client;
}

const cookieOf = (client: Client): string => [...client.jar].map(([name, value]) => `${name}=${value}`).join('; ');
const request = (cookie: string | undefined) => ({ headers: { cookie } }) as unknown as IncomingMessage;
const records = () => fromExpressSessionStore(memoryStore(), { emit: () => undefined });
const sign = (id: string, secret: string) =>
  `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;
const given = (store: ExpressSessionStore, more: Partial<PreviousSessionsOptions> = {}) =>
  previousSessions({ secret: SECRET, store, ...more });

/** What it hands over; undefined where there is nothing to take, or another one has it. */
async function take(
  previous: PreviousSessions,
  id: string,
  kept: RecordStore,
): Promise<Record<string, unknown> | undefined> {
  let data: Record<string, unknown> | undefined;
  const isTaken = await previous
    .take(id, kept, async (json) => {
      data = Object.fromEntries(Object.entries(json).map(([key, text]) => [key, JSON.parse(text) as unknown]));
    })
    .catch((error: unknown) => {
      if (error instanceof Refusal) return false;
      throw error;
    });
  expect(isTaken).toBe(data !== undefined);
  return data;
}

describe('previousSessions', () => {
  it('takes over the data of a real session of express-session, passport’s with it, once', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const previous = given(store);
    const id = previous.find(request(cookieOf(client)));
    expect(id).toMatch(/^[\w-]{32}$/);
    const kept = records();
    expect(await take(previous, id ?? '', kept)).toEqual({ passport: { user: 'bob' }, basket: [1, 2] });
    expect(await take(previous, id ?? '', kept)).toBeUndefined();
    expect(await client.json('/me')).toBeNull();
  });

  it('control: on express-session the copied cookie works as often as one likes', async () => {
    const client = await oldApp(memoryStore());
    for (const _ of [1, 2, 3]) expect(await client.copy().json('/me')).toEqual({ user: 'bob' });
  });

  it('one of many requests at once takes it', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const previous = given(store);
    const id = previous.find(request(cookieOf(client))) ?? '';
    const kept = records();
    const taken = await Promise.all(Array.from({ length: 20 }, () => take(previous, id, kept)));
    expect(taken.filter((data) => data !== undefined)).toHaveLength(1);
  });

  it('control: without the mark, all of them would', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const previous = given(store);
    const id = previous.find(request(cookieOf(client))) ?? '';
    const forgetful = { ...records(), insert: () => true };
    const taken = await Promise.all(Array.from({ length: 20 }, () => take(previous, id, forgetful)));
    expect(taken.filter((data) => data !== undefined).length).toBeGreaterThan(1);
  });

  it('an instance of the old app that writes the session again does not make the cookie good again', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const previous = given(store);
    const id = previous.find(request(cookieOf(client))) ?? '';
    const copy = await new Promise<unknown>((resolve) => store.get(id, (_error, found) => resolve(found)));
    const kept = records();
    expect(await take(previous, id, kept)).toBeDefined();
    await new Promise((resolve) => store.set(id, copy as never, resolve));
    // Control: it is back, and the old app takes it.
    expect(await client.json('/me')).toEqual({ user: 'bob' });
    expect(await take(previous, id, kept)).toBeUndefined();
  });

  it('any secret of the list may have signed', async () => {
    const store = memoryStore();
    const client = await oldApp(store, 'the older of two secrets');
    const cookie = cookieOf(client);
    expect(given(store, { secret: ['new', 'the older of two secrets'] }).find(request(cookie))).toBeDefined();
    expect(given(store, { secret: Secret.of('the older of two secrets') }).find(request(cookie))).toBeDefined();
    expect(given(store, { secret: 'new' }).find(request(cookie))).toBeUndefined();
  });

  it('an id with a dot in it, and a cookie that is quoted or not encoded', () => {
    const previous = given(memoryStore());
    const signed = sign('a.b', SECRET);
    for (const value of [signed, encodeURIComponent(signed), `"${signed}"`]) {
      expect(previous.find(request(`other=1; connect.sid=${value}`))).toBe('a.b');
    }
  });

  it('the same cookie twice is one; two that are signed for different sessions are none', () => {
    const previous = given(memoryStore());
    const [a, b] = [encodeURIComponent(sign('a', SECRET)), encodeURIComponent(sign('b', SECRET))];
    expect(previous.find(request(`connect.sid=${a}; connect.sid=${a}`))).toBe('a');
    expect(previous.find(request(`connect.sid=forged; connect.sid=${a}`))).toBe('a');
    expect(previous.find(request(`connect.sid=${a}; connect.sid=${b}`))).toBeUndefined();
  });

  const real = sign('victim', SECRET);
  it.each([
    ['no cookie', undefined],
    ['an empty one', 'connect.sid='],
    ['a name that begins with a byte that trim() takes away', `\u00a0connect.sid=${real}`],
    ['another name', `connect.sidx=${real}; xconnect.sid=${real}`],
    ['no signature', 'connect.sid=victim'],
    ['s: without a signature', 'connect.sid=s:victim'],
    ['an empty signature', 'connect.sid=s:victim.'],
    ['a forged one', `connect.sid=${sign('victim', 'guessed')}`],
    ['a signature cut short', `connect.sid=${real.slice(0, -1)}`],
    ['a signature with padding', `connect.sid=${real}=`],
    ['the signature of another id', `connect.sid=${real.replace('victim', 'other')}`],
    ['an unsigned prefix', `connect.sid=${real.slice(2)}`],
    ['j: instead of s:', `connect.sid=${real.replace('s:', 'j:')}`],
    ['an empty id', `connect.sid=${sign('', SECRET)}`],
    ['broken percent-encoding', `connect.sid=${real}%E0%A4%A`],
    ['a megabyte', `connect.sid=${sign('v'.repeat(1_000_000), SECRET)}`],
    ['a record of Bulwark in the same store', `connect.sid=${sign('bulwark.x', SECRET)}`],
  ])('%s: ignored, and no store is asked', (_, cookie) => {
    const store = memoryStore();
    const get = vi.spyOn(store, 'get');
    expect(given(store).find(request(cookie))).toBeUndefined();
    expect(get).not.toHaveBeenCalled();
  });

  it('control: the same id with its true signature is found', () => {
    expect(given(memoryStore()).find(request(`connect.sid=${real}`))).toBe('victim');
  });

  it('an unknown or expired session leaves no record', async () => {
    const store = memoryStore();
    const expired = { cookie: { expires: new Date(Date.now() - 1000).toISOString() }, user: 'bob' };
    const careless = {
      ...ofAnotherProcess(store),
      get: ((_sid: string, done: (e: unknown, s?: unknown) => void) => done(null, expired)) as never,
    };
    const kept = records();
    const insert = vi.spyOn(kept, 'insert');
    expect(await take(given(store), 'unknown', kept)).toBeUndefined();
    expect(await take(given(careless), 'expired', kept)).toBeUndefined();
    expect(insert).not.toHaveBeenCalled();
  });

  it('a store that fails is an error; the session can be taken over afterwards', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const down = { get: true, destroy: false };
    const failing: ExpressSessionStore = {
      ...ofAnotherProcess(store),
      get: (sid, done) => (down.get ? done(new Error('down')) : store.get(sid, done)),
      destroy: (sid, done) => (down.destroy ? done?.(new Error('down')) : store.destroy(sid, done)),
    };
    const previous = given(failing);
    const id = previous.find(request(cookieOf(client))) ?? '';
    const kept = records();
    await expect(take(previous, id, kept)).rejects.toThrow('down');
    down.get = false;
    await expect(previous.take(id, kept, () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    down.destroy = true;
    expect(await take(previous, id, kept)).toMatchObject({ passport: { user: 'bob' } });
    // It could not be removed from its Store; here it is used all the same.
    expect(await take(previous, id, kept)).toBeUndefined();
  });

  it('who comes with the same cookie at the same time is asked to come again, and later gets nothing', async () => {
    const store = memoryStore();
    const client = await oldApp(store);
    const previous = given(store);
    const id = previous.find(request(cookieOf(client))) ?? '';
    const kept = records();
    let begin = (): void => undefined;
    let isBeginning = false;
    const first = previous.take(id, kept, () => {
      isBeginning = true;
      return new Promise<void>((resolve) => {
        begin = resolve;
      });
    });
    await vi.waitUntil(() => isBeginning);
    const busy = previous.take(id, kept, () => Promise.resolve());
    await expect(busy).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE', headers: { 'Retry-After': '1' } });
    const late = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 11_000);
    expect(await previous.take(id, kept, () => Promise.resolve())).toBe(false);
    late.mockRestore();
    begin();
    expect(await first).toBe(true);
  });

  it('copies no prototype', async () => {
    const store = memoryStore();
    const bad = JSON.parse(
      '{"cookie":{},"user":"bob","__proto__":{"admin":true},"deep":{"__proto__":{"admin":true},"a":1}}',
    );
    await new Promise((resolve) => store.set('x', bad as never, resolve));
    const data = await take(given(store), 'x', records());
    expect(Object.keys(data ?? {})).toEqual(['user', 'deep']);
    expect(Object.keys(data?.deep as object)).toEqual(['a']);
  });

  it('clears the cookie where express-session had set it', () => {
    expect(given(memoryStore()).clear).toBe('connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly');
    expect(given(memoryStore(), { name: 'sid', path: '/shop', domain: 'shop.example' }).clear).toBe(
      'sid=; Path=/shop; Domain=shop.example; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly',
    );
  });

  it.each<[string, object]>([
    ['secret', { secret: undefined }],
    ['secret', { secret: '' }],
    ['secret', { secret: [] }],
    ['secret', { secret: ['a', ''] }],
    ['secret', { secret: 7 }],
    ['store', { store: {} }],
    ['name', { name: 'a=b' }],
    ['path', { path: '/; Domain=evil.example' }],
    ['domain', { domain: 'a\r\nSet-Cookie: x=1' }],
  ])('refuses a %s that express-session could not have had: %j', (field, wrong) => {
    expect(() => given(memoryStore(), wrong)).toThrow(new RegExp(`sessions\\.previous\\.${field}.*ERR_CONFIG_VALUE`));
  });
});
