import { describe, expect, it } from 'vitest';
import { fromExpressSession } from '../../src/practices/sessions/express-session/options.ts';
import { memoryStore } from './stores.ts';

const quiet = () => undefined;
const understood = (given: unknown) => fromExpressSession(given, 'sessions', quiet) as Record<string, unknown>;

describe('fromExpressSession', () => {
  it('drops what is done anyway', () => {
    const cookie = { httpOnly: true, secure: true, path: '/', maxAge: null, expires: null };
    const dropped = { resave: false, saveUninitialized: false, unset: 'destroy', rolling: true, proxy: undefined };
    expect(understood({ ...dropped, cookie })).toEqual({});
    expect(understood({ rolling: false, cookie: { secure: 'auto', sameSite: 'auto' } })).toEqual({});
  });

  it('renames what means the same, and keeps what is Bulwark’s own', () => {
    expect(understood({ key: 'sid' })).toEqual({ cookie: { name: 'sid' } });
    expect(understood({ name: 'sid', idle: '1h', cookie: { sameSite: true, partitioned: true } })).toEqual({
      idle: '1h',
      cookie: { name: 'sid', sameSite: 'strict', partitioned: true },
    });
    for (const given of [undefined, null, 'x', 7]) expect(understood(given)).toBe(given);
  });

  it('cookie.maxAge is the idle time, in a cookie that outlives the browser', () => {
    expect(understood({ cookie: { maxAge: 3_600_000 } })).toEqual({
      idle: 3_600_000,
      absolute: 86_400_000,
      cookie: { persistent: true },
    });
    const week = 7 * 86_400_000;
    expect(understood({ cookie: { maxAge: week } })).toMatchObject({ idle: week, absolute: week });
    expect(understood({ absolute: '30d', cookie: { maxAge: week } })).toMatchObject({ absolute: '30d' });
  });

  it.each<[string, object, RegExp]>([
    ['resave', { resave: true }, /never over what another request has changed/],
    ['saveUninitialized', { saveUninitialized: true }, /write to req\.session where a session shall begin/],
    ['unset', { unset: 'keep' }, /req\.session = null ends the session/],
    ['proxy', { proxy: true }, /policy\.proxy/],
    ['genid', { genid: () => 'x' }, /token of 256 bits/],
    ['secret', { secret: 'keyboard cat' }, /nothing to sign.*previous: \{ secret, store \}/],
    ['cookie.httpOnly', { cookie: { httpOnly: false } }, /no script may read/],
    ['cookie.secure', { cookie: { secure: false } }, /over TLS only/],
    ['cookie.path', { cookie: { path: '/shop' } }, /__Host-/],
    ['cookie.domain', { cookie: { domain: 'shop.example' } }, /no sibling host/],
    ['cookie.expires', { cookie: { expires: new Date() } }, /write maxAge/],
    ['cookie.priority', { cookie: { priority: 'high' } }, /no standard/],
    ['cookie', { cookie: () => ({}) }, /per request/],
    ['cookie.sameSite', { cookie: { sameSite: false } }, /write 'lax', 'strict' or 'none'/],
    ['cookie.maxAge', { cookie: { maxAge: Number.NaN } }, /milliseconds/],
    ['cookie.maxAge', { cookie: { maxAge: 0 } }, /milliseconds/],
  ])('refuses %s with what to write instead', (field, given, fix) => {
    expect(() => understood(given)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_UNKNOWN_KEY', field: `sessions.${field}` }),
    );
    expect(() => understood(given)).toThrow(fix);
  });

  it('wraps a Store of express-session, and leaves one of Bulwark as it is', () => {
    expect(understood({ store: memoryStore() }).store).toMatchObject({ guarantees: { atomic: 'process' } });
    const ours = { get: quiet, insert: quiet, replace: quiet, remove: quiet, list: quiet };
    expect(understood({ store: ours }).store).toBe(ours);
  });

  it('with a secret and its Store, takes over the sessions that are there', () => {
    const store = memoryStore();
    expect(understood({ secret: ['a', 'b'], store, name: 'shop.sid' })).toEqual({
      store: expect.objectContaining({ guarantees: expect.anything() }),
      previous: { secret: ['a', 'b'], store, name: 'shop.sid' },
    });
    expect(understood({ secret: 'a', store }).previous).toEqual({ secret: 'a', store });
  });

  it('refuses what is given twice', () => {
    expect(() => understood({ key: 'a', name: 'b' })).toThrow(/ERR_CONFIG_CONTRADICTION/);
    expect(() => understood({ idle: '1h', cookie: { maxAge: 1000 } })).toThrow(/sessions\.idle.*twice/);
    expect(() => understood({ name: 'a', cookie: { name: 'b' } })).toThrow(/sessions\.cookie\.name.*twice/);
    const store = memoryStore();
    expect(() => understood({ secret: 'a', store, previous: { secret: 'a', store } })).toThrow(
      /sessions\.previous.*twice/,
    );
  });
});
