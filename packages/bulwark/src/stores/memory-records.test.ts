import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { recordStoreContract } from '../../test/support/record-store-contract.ts';
import { memoryRecordStore } from './memory-records.ts';
import { memoryStores } from './memory-stores.ts';

recordStoreContract('memoryRecordStore', () => {
  let time = 1_000_000.5;
  return {
    store: memoryRecordStore({ now: () => time }),
    advance: (ms) => {
      time += ms;
    },
  };
});

const HOUR = 3_600_000;

describe('memoryRecordStore', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'])('refuses maxEntries %j', (maxEntries) => {
    expect(() => memoryRecordStore({ maxEntries: maxEntries as number })).toThrow(/ERR_CONFIG_VALUE/);
  });

  it('goes by its own clock where it is given none', async () => {
    const store = memoryRecordStore();
    store.insert('a', { value: '', ttl: 1 });
    store.insert('b', { value: '', ttl: HOUR });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(store.get('a')).toBeUndefined();
    expect(store.get('b')).toBeDefined();
  });

  it('never holds more than maxEntries, with an owner or without', () => {
    const store = memoryRecordStore({ maxEntries: 100 });
    for (let i = 0; i < 5000; i++) {
      store.insert(`k${i}`, { value: '', ttl: HOUR, ...(i % 2 === 0 ? { owner: `u${i % 10}` } : {}) });
      expect(store.size).toBeLessThanOrEqual(100);
    }
    expect(store.size).toBe(100);
  });

  it('forgets expired records as others are written, and the owners with them', () => {
    let time = 0;
    const store = memoryRecordStore({ now: () => time });
    for (let i = 0; i < 1000; i++) store.insert(`k${i}`, { value: '', ttl: HOUR, ...(i < 500 && { owner: `u${i}` }) });
    time = HOUR;
    for (let i = 0; i < 500; i++) store.insert(`other${i}`, { value: '', ttl: 1 });
    time += 1;
    for (let i = 0; i < 600; i++) store.insert(`last${i}`, { value: '', ttl: HOUR });
    expect(store.size).toBe(600);
  });

  it('gives up one without an owner before one that has one', () => {
    const store = memoryRecordStore({ maxEntries: 1000 });
    for (let i = 0; i < 999; i++) store.insert(`session ${i}`, { value: '', ttl: 1000, owner: `u${i}` });
    for (let i = 0; i < 20_000; i++) store.insert(`flood ${i}`, { value: '', ttl: 100 * HOUR });
    expect(store.size).toBe(1000);
    let kept = 0;
    for (let i = 0; i < 999; i++) if (store.get(`session ${i}`) !== undefined) kept++;
    expect(kept).toBe(999);
    expect(store.list('u5')).toHaveLength(1);
  });

  it('control: a store that gives up the oldest loses those sessions to the same flood', () => {
    const oldestFirst = new Map<string, string>();
    const insert = (key: string): void => {
      if (oldestFirst.size >= 1000) oldestFirst.delete(oldestFirst.keys().next().value ?? '');
      oldestFirst.set(key, '');
    };
    for (let i = 0; i < 999; i++) insert(`session ${i}`);
    for (let i = 0; i < 20_000; i++) insert(`flood ${i}`);
    expect(oldestFirst.has('session 5')).toBe(false);
  });

  it('gives up one that ends soon before one that ends late, where all have an owner', () => {
    const store = memoryRecordStore({ maxEntries: 200 });
    for (let i = 0; i < 100; i++) store.insert(`late ${i}`, { value: '', ttl: 100 * HOUR, owner: 'u' });
    for (let i = 0; i < 2000; i++) store.insert(`soon ${i}`, { value: '', ttl: HOUR, owner: 'w' });
    expect(store.list('u').length).toBeGreaterThan(95);
    expect(store.size).toBe(200);
  });
});

describe('memoryRecordStore under random use', () => {
  it('holds and lists what a plain map would', () => {
    let time = 0;
    let seed = 1;
    const below = (count: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % count;
    };
    const store = memoryRecordStore({ now: () => time });
    const model = new Map<string, { value: string; version: number; owner?: string; until: number }>();
    const livingIn = (owner: string): string[] =>
      [...model].flatMap(([key, record]) => (record.owner === owner && record.until > time ? [key] : [])).toSorted();
    for (let n = 0; n < 20_000; n++) {
      time += below(3);
      const key = `k${below(60)}`;
      const owner = below(3) === 0 ? {} : { owner: `u${below(5)}` };
      const record = { value: `v${n}`, ttl: 1 + below(200), ...owner };
      const known = model.get(key);
      const alive = known !== undefined && known.until > time ? known : undefined;
      const kept = { value: record.value, ...owner, until: time + record.ttl };
      const what = below(4);
      if (what === 0) {
        expect(store.insert(key, record)).toBe(alive === undefined);
        if (alive === undefined) model.set(key, { ...kept, version: store.get(key)?.version ?? 0 });
      } else if (what === 1 && alive !== undefined) {
        expect(store.replace(key, alive.version, record)).toEqual({ replaced: true, version: alive.version + 1 });
        model.set(key, { ...kept, version: alive.version + 1 });
      } else if (what === 2) {
        expect(store.remove(key)?.value).toBe(alive?.value);
        model.delete(key);
      } else {
        expect(store.get(key)?.value).toBe(alive?.value);
        const some = `u${below(5)}`;
        expect(
          store
            .list(some)
            .map((each) => each.key)
            .toSorted(),
        ).toEqual(livingIn(some));
      }
    }
  });
});

describe('what memoryRecordStore takes', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed + process.memoryUsage().external;
  };
  const DIGEST = '6Zx46Q48caCC9H0c3Zl5wHEiA40gEgt1F2D08SgQ2jI';
  const session = (i: number): string =>
    JSON.stringify({ secret: DIGEST, data: {}, createdAt: i, seenAt: i, rotatedAt: i, device: 'Chrome on Linux' });

  it('is less than 60 MB for 100,000 sessions, a flood of others later too', { timeout: 60_000 }, () => {
    const store = memoryRecordStore();
    const before = heap();
    for (let i = 0; i < 300_000; i++) {
      store.insert(`session:${i}:aaaaaaaaaaaaaaaaaa`, {
        value: session(1.7e12 + i),
        ttl: HOUR,
        owner: `session:u${i}`,
      });
    }
    const taken = heap() - before;
    expect(store.size).toBe(100_000);
    expect(taken).toBeGreaterThan(20e6);
    expect(taken).toBeLessThan(60e6);
  });

  /** Short texts that were cut out of long ones. */
  const cut = (i: number): string => `${i}:${'x'.repeat(100_000)}`.slice(0, 40);

  it('has nothing of the text that a key, a value or an owner was cut out of', () => {
    const store = memoryRecordStore();
    const before = heap();
    for (let i = 0; i < 500; i++) store.insert(cut(i), { value: cut(i), ttl: HOUR, owner: cut(i) });
    expect(heap() - before).toBeLessThan(5e6);
    expect(store.size).toBe(500);
  });

  it('control: a map keeps the whole texts', () => {
    const map = new Map<string, string>();
    const before = heap();
    for (let i = 0; i < 500; i++) map.set(cut(i), cut(i));
    expect(heap() - before).toBeGreaterThan(25e6);
    expect(map.size).toBe(500);
  });
});

describe('memoryStores', () => {
  it('is of this process alone', async () => {
    const stores = memoryStores();
    await stores.ready();
    expect(stores).toMatchObject({ kind: 'memory', shared: false });
    expect(stores.records).toMatchObject({ local: true, shared: false });
    expect(stores.limits.local).toBe(true);
    expect(stores.records.insert('a', { value: '', ttl: 1000 })).toBe(true);
    expect(memoryStores().records.get('a')).toBeUndefined();
    await stores.close();
  });
});
