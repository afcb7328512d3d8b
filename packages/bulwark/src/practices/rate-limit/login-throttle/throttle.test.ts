import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { Refusal } from '../../../errors.ts';
import { memoryRateLimitStore } from '../../../stores/memory-rate-limit.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import type { NewRecord, RecordStore } from '../../../stores/record-store.ts';
import { recordOf } from '../record.ts';
import { accountKey } from './account.ts';
import { deviceOwner } from './devices.ts';
import { type LoginThrottle, loginThrottle } from './login-throttle.ts';
import type { LoginThrottleOptions } from './options.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function setUp(options: LoginThrottleOptions = {}): {
  throttle: LoginThrottle;
  clock: { now: number };
  store: RecordStore;
} {
  const clock = { now: 1_800_000_000_000 };
  const now = (): number => clock.now;
  const store = memoryRecordStore({ now });
  return { throttle: loginThrottle({ store, now, ...options }), clock, store };
}

/** A store on the network: each call is one atomic step, and its answer comes later. */
function distant(store: RecordStore): RecordStore {
  const later = async <T>(work: () => T): Promise<Awaited<T>> => {
    await new Promise((resolve) => setImmediate(resolve));
    return await work();
  };
  return {
    get: (key) => later(() => store.get(key)),
    insert: (key: string, record: NewRecord) => later(() => store.insert(key, record)),
    replace: (key, version, record) => later(() => store.replace(key, version, record)),
    remove: (key) => later(() => store.remove(key)),
    list: (owner) => later(() => store.list(owner)),
  };
}

const ip = (n: number): string => `198.${n >> 8}.${n & 255}.1`;

async function fail(
  throttle: LoginThrottle,
  account: string,
  count: number,
  from = (n: number) => ip(n),
): Promise<number> {
  let allowed = 0;
  for (let n = 0; n < count; n++) if ((await throttle.begin(callFrom(from(n)), account)).allowed) allowed++;
  return allowed;
}

async function logIn(throttle: LoginThrottle, account: string, from: string, cookie = ''): Promise<string> {
  const attempt = await throttle.begin(callFrom(from, { cookie }), account);
  const { res, cookie: set } = answerTo();
  if (attempt.allowed) await attempt.succeeded(res);
  return set();
}

describe.each([
  ['in this process', (store: RecordStore) => store],
  ['on the network', distant],
])('200 guesses in one tick, with a store %s', (_where, place) => {
  it('at one account, from 200 networks: five free ones and the reserve', async () => {
    const { throttle } = setUp({ store: place(memoryRecordStore()), now: () => 1_800_000_000_000 });
    const all = await Promise.all(Array.from({ length: 200 }, (_, n) => throttle.begin(callFrom(ip(n)), 'alice')));
    const allowed = all.filter((attempt) => attempt.allowed).length;
    expect(allowed).toBeGreaterThan(0);
    expect(allowed).toBeLessThanOrEqual(5 + 3);
  });

  it('at 200 accounts, from one network: ten', async () => {
    const { throttle } = setUp({ store: place(memoryRecordStore()), now: () => 1_800_000_000_000 });
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, n) => throttle.begin(callFrom('192.0.2.1'), `u${n}`)),
    );
    const allowed = all.filter((attempt) => attempt.allowed).length;
    expect(allowed).toBeGreaterThan(0);
    expect(allowed).toBeLessThanOrEqual(10);
  });

  it('that are refused take nothing from anybody else', async () => {
    const { throttle } = setUp({ store: place(memoryRecordStore()), now: () => 1_800_000_000_000 });
    await Promise.all(Array.from({ length: 200 }, (_, n) => throttle.begin(callFrom('192.0.2.1'), `u${n}`)));
    for (let n = 0; n < 200; n++) expect((await throttle.begin(callFrom('203.0.113.1'), `u${n}`)).allowed).toBe(n < 10);
  });
});

it('control: read, compare, then write lets all 200 through', async () => {
  const store = distant(memoryRecordStore());
  let allowed = 0;
  async function tutorial(): Promise<void> {
    const seen = await store.get('alice');
    const failures = Number(seen?.value ?? 0);
    if (failures >= 5) return;
    allowed++;
    const record = { value: String(failures + 1), ttl: HOUR };
    if (seen === undefined) await store.insert('alice', record);
    else await store.replace('alice', seen.version, record);
  }
  await Promise.all(Array.from({ length: 200 }, tutorial));
  expect(allowed).toBe(200);
});

describe('what is refused when it comes to be counted', () => {
  const held = { account: { first: '1d', longest: '1d' } } as const;

  it('is taken back from the keys that had let it pass', async () => {
    const now = (): number => 1_800_000_000_000;
    const store = distant(memoryRecordStore({ now }));
    const throttle = loginThrottle({ store, now, network: { free: 1 }, reserve: false });
    const all = await Promise.all(Array.from({ length: 60 }, (_, n) => throttle.begin(callFrom(ip(n)), 'alice')));
    const refusedFrom = all.flatMap(({ allowed }, n) => (allowed ? [] : [n]));
    expect(refusedFrom.length).toBeGreaterThan(50);
    for (const n of refusedFrom) expect((await throttle.begin(callFrom(ip(n)), `u${n}`)).allowed).toBe(true);
  });

  it('is a network that was clean when it was read: a burst gets no more of the reserve than the rest', async () => {
    const now = (): number => 1_800_000_000_000;
    const throttle = loginThrottle({ store: distant(memoryRecordStore({ now })), now, ...held });
    const accounts = Array.from({ length: 10 }, (_, n) => `u${n}`);
    for (const [i, account] of accounts.entries()) await fail(throttle, account, 5, (n) => ip(i * 5 + n));
    const all = await Promise.all(accounts.map((account) => throttle.begin(callFrom('203.0.113.1'), account)));
    const allowed = all.filter((attempt) => attempt.allowed).length;
    expect(allowed).toBeGreaterThan(0);
    expect(allowed).toBeLessThanOrEqual(2);
  });

  it('is a device that was forgotten in between: it does not come back by being counted', async () => {
    const memory = memoryRecordStore();
    let forgetting = false;
    const store: RecordStore = {
      ...distant(memory),
      replace: async (key, version, record) => {
        if (forgetting && key.includes(':d:')) memory.remove(key);
        return memory.replace(key, version, record);
      },
    };
    const throttle = loginThrottle({ store });
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    forgetting = true;
    const attempt = await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice');
    expect(attempt).toMatchObject({ allowed: true, knownDevice: false });
    expect(memory.list(ownerOf('alice'))).toEqual([]);
  });

  it('is no guess: whoever waits in a clean network stays clean, and gets in when the reserve has room again', async () => {
    const { throttle, clock } = setUp(held);
    expect(await fail(throttle, 'alice', 50)).toBe(8);
    for (let n = 0; n < 5; n++) {
      expect(await throttle.begin(callFrom('203.0.113.7'), 'alice')).toMatchObject({
        allowed: false,
        retryAfter: 20 * MINUTE,
      });
    }
    clock.now += 20 * MINUTE;
    expect(await throttle.begin(callFrom('203.0.113.7'), 'alice')).toMatchObject({ allowed: true });
  });
});

describe('delays', () => {
  it('grow for the account, whoever guesses, and each answer says how long', async () => {
    const { throttle, clock } = setUp({ reserve: false });
    expect(await fail(throttle, 'alice', 20)).toBe(5);
    for (const seconds of [1, 2, 4, 8]) {
      const refused = await throttle.begin(callFrom(ip(900 + seconds)), ' ALICE ');
      expect(refused).toMatchObject({ allowed: false, by: 'account', retryAfter: seconds * 1000 });
      clock.now += seconds * 1000;
      expect(await fail(throttle, 'alice', 3, (n) => ip(1000 + seconds * 10 + n))).toBe(1);
    }
  });

  it('grow for the network, whichever accounts it tries', async () => {
    const { throttle } = setUp();
    for (let n = 0; n < 10; n++) expect((await throttle.begin(callFrom('192.0.2.1'), `u${n}`)).allowed).toBe(true);
    const refused = await throttle.begin(callFrom('192.0.2.1'), 'u99');
    expect(refused).toMatchObject({ allowed: false, by: 'network', retryAfter: 1000 });
    if (!refused.allowed) expect(refused.refusal.headers).toEqual({ 'Retry-After': '1' });
  });

  it('are not reset by a login of the guesser’s own', async () => {
    const { throttle } = setUp();
    let allowed = 0;
    for (let n = 0; n < 60; n++) {
      if ((await throttle.begin(callFrom('192.0.2.1'), `victim${n}`)).allowed) allowed++;
      await logIn(throttle, 'mallory', '192.0.2.1');
    }
    expect(allowed).toBe(10);
  });

  it('are not reset by a login of the owner’s', async () => {
    const { throttle } = setUp({ reserve: false });
    await fail(throttle, 'alice', 4);
    await logIn(throttle, 'alice', '203.0.113.7');
    expect(await fail(throttle, 'alice', 10, (n) => ip(100 + n))).toBe(1);
  });

  it('stay where an attempt is abandoned, and leave no trace where it succeeded', async () => {
    const { throttle } = setUp({ reserve: false });
    for (let n = 0; n < 100; n++) await logIn(throttle, 'alice', '203.0.113.7');
    expect(await fail(throttle, 'alice', 100)).toBe(5);
  });

  it('count a success that is told twice once', async () => {
    const { throttle } = setUp({ reserve: false });
    const attempt = await throttle.begin(callFrom(ip(1)), 'alice');
    await fail(throttle, 'alice', 4);
    if (attempt.allowed) for (let n = 0; n < 5; n++) await attempt.succeeded();
    expect(await fail(throttle, 'alice', 10, (n) => ip(50 + n))).toBe(1);
  });
});

describe('pressure over all accounts', () => {
  it('leaves unknown devices one free guess, says so once, and ends', async () => {
    const events: unknown[] = [];
    const { throttle, clock } = setUp({ pressure: { failures: 100, window: '1h' }, reserve: false });
    const call = (from: string) => {
      const req = callFrom(from);
      recordOf(req).services = { emit: (event) => void events.push(event), mode: 'production' };
      return req;
    };
    const guesses = async (account: string, from: number): Promise<number> => {
      let allowed = 0;
      for (let n = 0; n < 8; n++) if ((await throttle.begin(call(ip(from + n)), account)).allowed) allowed++;
      return allowed;
    };
    expect(await guesses('before', 0)).toBe(5);
    for (let n = 0; n < 2000; n++) await throttle.begin(call(ip(5000 + n)), `u${n}`);
    expect(await guesses('during', 2000)).toBe(1);
    // However many they were, it is over two hours later.
    clock.now += 2 * HOUR;
    expect(await guesses('after', 3000)).toBe(5);
    expect(events).toMatchObject([
      { event: 'excess_login_failures', level: 'CRITICAL' },
      { event: 'excess_login_failures', level: 'INFO' },
    ]);
  });

  it('never changes what a known device may do', async () => {
    const { throttle } = setUp({ pressure: { failures: 10, window: '1h' } });
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    for (let n = 0; n < 100; n++) await throttle.begin(callFrom(ip(n)), `u${n}`);
    for (let n = 0; n < 5; n++) {
      expect((await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice')).allowed).toBe(true);
    }
  });
});

describe('a known device', () => {
  it('gets in while the account and its own network are held back', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '192.0.2.1');
    await fail(throttle, 'alice', 100);
    await fail(throttle, 'bob', 100, () => '192.0.2.1');
    expect(await throttle.begin(callFrom('192.0.2.1'), 'alice')).toMatchObject({ allowed: false });
    const attempt = await throttle.begin(callFrom('192.0.2.1', { cookie }), 'alice');
    expect(attempt).toMatchObject({ allowed: true, knownDevice: true });
  });

  it('is a cookie of its own name: 256 bits, HTTPS only, not for scripts, and not in the store', async () => {
    const { throttle, store } = setUp();
    const { res, cookies, cookie } = answerTo();
    const attempt = await throttle.begin(callFrom(ip(1)), 'alice');
    if (attempt.allowed) await attempt.succeeded(res);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(
      /^__Host-device-[\w-]{10}=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const kept = await store.list(ownerOf('alice'));
    expect(kept).toHaveLength(1);
    const token = cookie().split('=')[1] ?? '';
    expect(JSON.stringify(kept)).not.toContain(token);
    expect(JSON.stringify(kept)).not.toContain('alice');
  });

  it('has a budget of its own and no more; then it is like any other', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    const all: boolean[] = [];
    for (let n = 0; n < 40; n++) {
      const attempt = await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice');
      all.push(attempt.allowed && attempt.knownDevice);
      if (n >= 5 && n < 10) expect(attempt).toMatchObject({ allowed: true, knownDevice: false });
    }
    expect(all.filter(Boolean)).toHaveLength(5);
  });

  it.each([
    ['at another account', async (cookie: string) => ({ cookie, account: 'bob' })],
    [
      'with another token',
      async (cookie: string) => ({ cookie: `${cookie.slice(0, -43)}${'A'.repeat(43)}`, account: 'alice' }),
    ],
    ['with half a token', async (cookie: string) => ({ cookie: cookie.slice(0, -9), account: 'alice' })],
  ])('is unknown %s', async (_, change) => {
    const { throttle } = setUp();
    const { cookie, account } = await change(await logIn(throttle, 'alice', '203.0.113.7'));
    expect(await throttle.begin(callFrom('203.0.113.7', { cookie }), account)).toMatchObject({ knownDevice: false });
  });

  it('is unknown with its token under the name of another account’s cookie', async () => {
    const { throttle } = setUp();
    const [, token = ''] = (await logIn(throttle, 'alice', '203.0.113.7')).split('=');
    const [name = ''] = (await logIn(throttle, 'bob', '203.0.113.8')).split('=');
    const attempt = await throttle.begin(callFrom('203.0.113.7', { cookie: `${name}=${token}` }), 'bob');
    expect(attempt).toMatchObject({ knownDevice: false });
  });

  it('is forgotten when the password changes, and a request in flight does not bring it back', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    await logIn(throttle, 'alice', '203.0.113.8');
    const inFlight = await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice');
    expect(await throttle.forgetDevices(callFrom('203.0.113.7'), 'ALICE')).toBe(2);
    if (inFlight.allowed) await inFlight.succeeded();
    expect(await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice')).toMatchObject({ knownDevice: false });
  });

  it('is one of ten at the most: the one that was not used for the longest time makes room', async () => {
    const { throttle, clock, store } = setUp();
    const cookies: string[] = [];
    for (let n = 0; n < 12; n++) {
      clock.now += MINUTE;
      cookies.push(await logIn(throttle, 'alice', ip(n)));
      if (n === 5) await logIn(throttle, 'alice', ip(0), cookies[0]);
    }
    const known = await Promise.all(
      cookies.map(
        async (cookie, n) => (await throttle.begin(callFrom(ip(n), { cookie }), 'alice')) as { knownDevice?: boolean },
      ),
    );
    expect(known.map(({ knownDevice }) => knownDevice)).toEqual([true, false, false, ...Array(9).fill(true)]);
    expect(await store.list(ownerOf('alice'))).toHaveLength(10);
  });

  it('is none where devices are off', async () => {
    const { throttle } = setUp({ devices: false });
    expect(await logIn(throttle, 'alice', ip(1))).toBe('');
  });
});

/** Whose the devices of an account are, in the store. */
const ownerOf = (account: string): string => deviceOwner('login:login:', accountKey(account));

describe('guard', () => {
  const { res } = answerTo();
  const user = { name: 'alice' };

  it.each([
    [true, true],
    [{ ok: true, rehash: true }, true],
    [{ ok: false }, false],
    [false, false],
    [undefined, false],
    ['yes', false],
    [1, false],
    [{}, false],
  ])('takes %j for a success: %j', async (proof, expected) => {
    const { throttle } = setUp();
    const check = { account: 'alice', find: () => user, verify: () => proof as boolean };
    expect(await throttle.guard(callFrom(ip(1)), res, check)).toEqual(expected ? { user, proof } : undefined);
  });

  it('lets nobody in who does not exist, whatever verify says', async () => {
    const { throttle } = setUp();
    for (const nobody of [null, undefined]) {
      const check = { account: 'alice', find: () => nobody, verify: () => true };
      expect(await throttle.guard(callFrom(ip(1)), res, check)).toBeUndefined();
    }
  });

  it('does the same work for an account that is held back, without its user, and refuses with 429', async () => {
    const { throttle } = setUp({ reserve: false });
    await fail(throttle, 'alice', 5);
    const verified: unknown[] = [];
    const check = { account: 'alice', find: async () => user, verify: (found: unknown) => verified.push(found) > 0 };
    await expect(throttle.guard(callFrom(ip(99)), res, check)).rejects.toMatchObject({
      code: 'ERR_LOGIN_THROTTLED',
      status: 429,
      headers: { 'Retry-After': '1' },
    });
    expect(verified).toEqual([undefined]);
  });

  it('does no work for a network that is held back: that says nothing of the account', async () => {
    const { throttle } = setUp();
    await fail(throttle, 'bob', 30, () => '192.0.2.1');
    let worked = 0;
    const check = { account: 'alice', find: () => worked++, verify: () => worked++ > 0 };
    await expect(throttle.guard(callFrom('192.0.2.1'), res, check)).rejects.toBeInstanceOf(Refusal);
    expect(worked).toBe(0);
  });

  it('lets one network cause no more work than it has tries: refused attempts count for it too', async () => {
    const { throttle } = setUp({ reserve: false });
    await fail(throttle, 'alice', 5);
    let worked = 0;
    const check = { account: 'alice', find: () => undefined, verify: () => worked++ > 1e9 };
    for (let n = 0; n < 200; n++) await throttle.guard(callFrom('192.0.2.1'), res, check).catch(() => undefined);
    expect(worked).toBe(10);
  });

  it('keeps an attempt counted whose look-up or hash failed', async () => {
    const { throttle } = setUp({ reserve: false });
    const down = { account: 'alice', find: () => Promise.reject(new Error('down')), verify: () => true };
    for (let n = 0; n < 5; n++) await expect(throttle.guard(callFrom(ip(n)), res, down)).rejects.toThrow('down');
    expect((await throttle.begin(callFrom(ip(9)), 'alice')).allowed).toBe(false);
  });

  it('leaves the device unknown until the second factor', async () => {
    const { throttle } = setUp();
    const { res: answer, cookies } = answerTo();
    const check = { account: 'alice', find: () => user, verify: () => true, trust: false };
    await throttle.guard(callFrom(ip(1)), answer, check);
    expect(cookies).toEqual([]);
    await throttle.trust(callFrom(ip(1)), answer, 'alice');
    expect(cookies).toHaveLength(1);
  });
});

describe('inside a gate', () => {
  it('it counts in the stores of the gate, unless it was given one', async () => {
    const records = memoryRecordStore();
    const stores = {
      kind: 'memory',
      records,
      limits: memoryRateLimitStore(),
      shared: true,
      ready: async () => {},
      close: async () => {},
    };
    const call = (n: number) => {
      const req = callFrom(ip(n));
      recordOf(req).services = { emit: () => undefined, mode: 'production', stores };
      return req;
    };
    await loginThrottle().begin(call(1), 'alice');
    expect(records.size).toBeGreaterThan(0);
    const { size } = records;
    await loginThrottle({ store: memoryRecordStore() }).begin(call(2), 'bob');
    expect(records.size).toBe(size);
  });
});

describe('a store on the network', () => {
  it('is asked in two ticks for each attempt, refused or not: the number of keys costs no time, and says nothing', async () => {
    const memory = memoryRecordStore();
    let tick = 0;
    const ticks = new Set<number>();
    const note = <T extends object>(store: T): T =>
      new Proxy(store, {
        get: (target, name) => {
          ticks.add(tick);
          return Reflect.get(target, name) as unknown;
        },
      });
    const throttle = loginThrottle({ store: note(distant(memory)), now: () => 1_800_000_000_000 });
    let running = true;
    const count = (): void => {
      tick++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const asked: number[] = [];
    const allowed: boolean[] = [];
    for (let n = 0; n < 12; n++) {
      ticks.clear();
      allowed.push((await throttle.begin(callFrom(ip(n)), 'alice')).allowed);
      asked.push(ticks.size);
    }
    running = false;
    expect(allowed).toEqual([...Array(8).fill(true), ...Array(4).fill(false)]);
    expect(asked).toEqual(Array(12).fill(2));
  });
});

describe('settings', () => {
  it.each([
    [{ nmae: 'x' }, 'ERR_CONFIG_UNKNOWN_KEY', 'loginThrottle.nmae'],
    [{ account: { free: 0 } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.free'],
    [{ account: { free: Number.NaN } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.free'],
    [{ account: { longest: 'abc' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.longest'],
    [{ account: { longest: '2d' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.longest'],
    [{ network: { first: '1h' } }, 'ERR_CONFIG_CONTRADICTION', 'loginThrottle.network.first'],
    [{ reserve: { limit: 0 } }, 'ERR_CONFIG_VALUE', 'loginThrottle.reserve.limit'],
    [{ pressure: true }, 'ERR_CONFIG_VALUE', 'loginThrottle.pressure'],
    [{ devices: { lifetime: '500d' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.devices.lifetime'],
    [{ ipv6Prefix: 128 }, 'ERR_CONFIG_VALUE', 'loginThrottle.ipv6Prefix'],
    [{ store: {} }, 'ERR_CONFIG_VALUE', 'loginThrottle.store'],
    [{ name: 'Log in' }, 'ERR_CONFIG_VALUE', 'loginThrottle.name'],
  ])('%j: refused', (options, code, field) => {
    expect(() => loginThrottle(options as LoginThrottleOptions)).toThrow(expect.objectContaining({ code, field }));
  });

  it('merge field by field', () => {
    expect(loginThrottle({ account: { free: 2 } }).mostGuesses('1h')).toBe(22);
    expect(loginThrottle().mostGuesses('1h')).toBe(25);
    expect(loginThrottle().mostGuesses('1d')).toBe(186);
    expect(loginThrottle({ reserve: false }).mostGuesses('1h')).toBe(19);
  });

  it('of one name in one store count together, of two names apart', async () => {
    const { throttle, store, clock } = setUp({ reserve: false });
    const now = (): number => clock.now;
    await fail(throttle, 'alice', 5);
    expect(await fail(loginThrottle({ store, now, reserve: false }), 'alice', 1, () => ip(50))).toBe(0);
    expect(await fail(loginThrottle({ store, now, reserve: false, name: 'totp' }), 'alice', 1, () => ip(51))).toBe(1);
  });
});
