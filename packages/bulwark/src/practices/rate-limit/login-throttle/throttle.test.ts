import { describe, expect, it } from 'vitest';
import { callFrom } from '../../../../test/support/caller.ts';
import { distant, fail, ip, logIn, ownerOf, setUp } from '../../../../test/support/throttled.ts';
import { memoryRateLimitStore } from '../../../stores/memory-rate-limit.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import type { RecordStore } from '../../../stores/record-store.ts';
import { recordOf } from '../record.ts';
import { loginThrottle } from './login-throttle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

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
    const throttle = loginThrottle({ store, now, network: { free: 2 }, reserve: false });
    // Two that are free: one for the work of the refused attempt, and one that is only left if it was taken back.
    const all = await Promise.all(Array.from({ length: 60 }, (_, n) => throttle.begin(callFrom(ip(n)), 'alice')));
    const refusedFrom = all.flatMap(({ allowed }, n) => (allowed ? [] : [n]));
    expect(refusedFrom.length).toBeGreaterThan(50);
    for (const n of refusedFrom) {
      expect((await throttle.begin(callFrom(ip(n)), `u${n}`)).allowed).toBe(true);
      expect(await throttle.begin(callFrom(ip(n)), `v${n}`)).toMatchObject({ allowed: false, by: 'network' });
    }
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

describe('inside a gate', () => {
  it('counts in the stores of the gate, unless it was given one', async () => {
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
