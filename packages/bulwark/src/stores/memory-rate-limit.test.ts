import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { rateLimitStoreContract } from '../../test/support/rate-limit-store-contract.ts';
import { memoryRateLimitStore } from './memory-rate-limit.ts';
import type { RateLimitRule } from './rate-limit-store.ts';

rateLimitStoreContract('memoryRateLimitStore', () => {
  let time = 1_000_000.5;
  return {
    store: memoryRateLimitStore(),
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
});

const RULE: RateLimitRule = { limit: 300, window: 60_000 };
const BLOCKING: RateLimitRule = { limit: 2, window: 60_000, penalty: { after: 1, block: 900_000 } };

describe('memoryRateLimitStore', () => {
  it('answers at once, without a promise', () => {
    expect(memoryRateLimitStore().consume('a', 1, RULE, 0)).not.toHaveProperty('then');
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5'])('refuses maxEntries %j', (maxEntries) => {
    expect(() => memoryRateLimitStore({ maxEntries: maxEntries as number })).toThrow(/ERR_CONFIG_VALUE/);
  });

  it('never holds more than maxEntries', () => {
    const store = memoryRateLimitStore({ maxEntries: 100 });
    for (let i = 0; i < 10_000; i++) store.consume(`k${i}`, 1, RULE, 0);
    expect(store.size).toBe(100);
  });

  it('forgets expired entries as requests come in', () => {
    const store = memoryRateLimitStore();
    for (let i = 0; i < 1000; i++) store.consume(`k${i}`, 1, RULE, 0);
    expect(store.size).toBe(1000);
    for (let i = 0; i < 600; i++) store.consume('other', 1, RULE, 3_600_000);
    expect(store.size).toBe(1);
  });

  it('forgets blocked entries too, once the block is over', () => {
    const store = memoryRateLimitStore();
    for (let i = 0; i < 100; i++) for (let n = 0; n < 3; n++) store.consume(`k${i}`, 1, BLOCKING, 0);
    for (let i = 0; i < 100; i++) store.consume('other', 1, RULE, 3_600_000);
    expect(store.size).toBe(1);
  });

  it('does no harm when the clock is set back', () => {
    const store = memoryRateLimitStore();
    const hour = 3_600_000;
    for (let i = 0; i < 400; i++) store.consume('a', 1, RULE, 10 * hour);
    const after = store.consume('a', 1, RULE, hour);
    expect(after.allowed).toBe(false);
    expect(after.retryAfter).toBeLessThanOrEqual(200);
    for (let n = 0; n < 3; n++) store.consume('b', 1, BLOCKING, 10 * hour);
    expect(store.consume('b', 1, BLOCKING, hour).retryAfter).toBeLessThanOrEqual(900_000);
  });

  describe('under a flood of made-up keys', () => {
    it('stays bounded, keeps a blocked key blocked and a used-up key used up', { timeout: 120_000 }, () => {
      const store = memoryRateLimitStore({ maxEntries: 10_000 });
      for (let n = 0; n < 3; n++) store.consume('blocked', 1, BLOCKING, 0);
      for (let n = 0; n < 300; n++) store.consume('used up', 1, RULE, 0);
      let largest = 0;
      for (let i = 0; i < 1_000_000; i++) {
        store.consume(`flood ${i}`, 1, RULE, 0);
        if (store.size > largest) largest = store.size;
      }
      expect(largest).toBe(10_000);
      expect(store.consume('blocked', 1, BLOCKING, 0)).toMatchObject({ allowed: false, blocked: true });
      expect(store.consume('used up', 1, RULE, 0).allowed).toBe(false);
    });

    it('control: a store that gives up its oldest entry lets the attacker reset himself', () => {
      const oldestFirst = new Map<string, number>();
      const consume = (key: string): boolean => {
        const used = oldestFirst.get(key) ?? 0;
        if (!oldestFirst.has(key) && oldestFirst.size >= 10_000)
          oldestFirst.delete(oldestFirst.keys().next().value ?? '');
        oldestFirst.set(key, used + 1);
        return used < RULE.limit;
      };
      for (let n = 0; n < 301; n++) consume('attacker');
      expect(consume('attacker')).toBe(false);
      for (let i = 0; i < 20_000; i++) consume(`flood ${i}`);
      expect(consume('attacker')).toBe(true);
    });

    it('gives up an unblocked entry before a blocked one, even if only one is left', () => {
      const store = memoryRateLimitStore({ maxEntries: 1000 });
      for (let i = 0; i < 999; i++) for (let n = 0; n < 3; n++) store.consume(`blocked ${i}`, 1, BLOCKING, 0);
      for (let i = 0; i < 5000; i++) store.consume(`flood ${i}`, 300, RULE, 0);
      expect(store.size).toBe(1000);
      let blocked = 0;
      for (let i = 0; i < 999; i++) if (store.consume(`blocked ${i}`, 1, BLOCKING, 0).blocked) blocked++;
      expect(blocked).toBe(999);
    });

    it('gives up a blocked entry where all are', () => {
      const store = memoryRateLimitStore({ maxEntries: 3 });
      for (let i = 0; i < 5; i++) for (let n = 0; n < 3; n++) store.consume(`blocked ${i}`, 1, BLOCKING, i);
      expect(store.size).toBe(3);
      expect(store.consume('blocked 4', 1, BLOCKING, 5).blocked).toBe(true);
    });

    it('takes less than 600 bytes a key', () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      const store = memoryRateLimitStore();
      gc();
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < 100_000; i++)
        store.consume(`default|c:2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}00::/56`, 1, RULE, 0);
      gc();
      const perKey = (process.memoryUsage().heapUsed - before) / store.size;
      expect(store.size).toBe(100_000);
      expect(perKey).toBeGreaterThan(50);
      expect(perKey).toBeLessThan(600);
    });
  });
});
