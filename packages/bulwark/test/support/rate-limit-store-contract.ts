import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from '../../src/stores/rate-limit-store.ts';

/** A store to be tested, empty, and the time that it goes by. */
export interface StoreUnderTest {
  readonly store: RateLimitStore;
  /** What a caller hands to `consume`. */
  now(): number;
  /** Lets time pass, for the store too: a shared store may have to wait really. */
  advance(ms: number): void | Promise<void>;
  close?(): void | Promise<void>;
}

const RULE: RateLimitRule = { limit: 10, window: 10_000 };
const BLOCKING: RateLimitRule = { ...RULE, penalty: { after: 3, block: 5000 } };

/**
 * What each rate-limit store has to do, whatever it keeps its counts in.
 *
 * Times are held loosely enough for a store whose clock goes on during the test, and tightly enough that one which
 * counts wrongly fails: between two steps of a test less than half a second is expected to pass.
 */
export function rateLimitStoreContract(name: string, create: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of a rate-limit store`, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(async () => {
      await under.close?.();
    });

    const consume = async (key: string, cost = 1, rule = RULE): Promise<RateLimitResult> =>
      under.store.consume(key, cost, rule, under.now());
    const burst = async (key: string, count: number, rule = RULE): Promise<number> => {
      const results = await Promise.all(Array.from({ length: count }, () => consume(key, 1, rule)));
      return results.filter(({ allowed }) => allowed).length;
    };

    it('lets exactly the limit through in a burst, also where all come at once', async () => {
      expect(await burst('a', 40)).toBe(10);
    });

    it('says what is left', async () => {
      expect(await consume('a')).toMatchObject({ allowed: true, remaining: 9, retryAfter: 0, blocked: false });
      expect(await consume('a', 4)).toMatchObject({ allowed: true, remaining: 5, retryAfter: 0 });
    });

    it('says when a refused request would pass, and then lets it pass', async () => {
      await burst('a', 10);
      const refused = await consume('a');
      expect(refused).toMatchObject({ allowed: false, remaining: 0, blocked: false });
      expect(refused.retryAfter).toBeGreaterThan(0);
      expect(refused.retryAfter).toBeLessThanOrEqual(1000);
      await under.advance(refused.retryAfter);
      expect((await consume('a')).allowed).toBe(true);
    });

    it('gives back one unit for each part of the window, and never more than the limit', async () => {
      await burst('a', 10);
      await under.advance(3000);
      expect(await burst('a', 10)).toBe(3);
      await under.advance(60_000);
      expect(await burst('a', 30)).toBe(10);
    });

    it('takes nothing for a refused request', async () => {
      await burst('a', 10);
      await burst('a', 50);
      await under.advance(1000);
      expect((await consume('a')).allowed).toBe(true);
    });

    it('refuses a cost that is not left, and takes nothing for it', async () => {
      await consume('a', 8);
      const refused = await consume('a', 5);
      expect(refused).toMatchObject({ allowed: false, remaining: 2 });
      expect(refused.retryAfter).toBeGreaterThan(2000);
      expect((await consume('a', 2)).allowed).toBe(true);
    });

    it('lets a cost of 0 pass, and refuses a cost above the limit', async () => {
      await burst('a', 10);
      expect((await consume('a', 0)).allowed).toBe(true);
      expect((await consume('b', 11)).allowed).toBe(false);
      expect((await consume('b', 10)).allowed).toBe(true);
    });

    it('counts keys apart, whatever is in them', async () => {
      const keys = ['a', 'A', 'a ', 'a\u0000', "a'; --", '__proto__', 'constructor', 'ä', '€', '*', 'x'.repeat(200)];
      for (const key of keys) expect(await burst(key, 12), JSON.stringify(key)).toBe(10);
    });

    it('gives units back, once, and never more than were there', async () => {
      const results = [];
      for (let i = 0; i < 10; i++) results.push(await consume('a'));
      const [first, second] = results as [RateLimitResult, RateLimitResult];
      await under.store.refund('a', 1, RULE, under.now(), first);
      expect(await burst('a', 5)).toBe(1);
      await under.store.refund('a', 100, RULE, under.now(), second);
      expect(await burst('a', 30)).toBe(10);
    });

    it('gives fractions back', async () => {
      const result = await consume('a', 10);
      await under.store.refund('a', 0.3, RULE, under.now(), result);
      expect((await consume('a')).retryAfter).toBeLessThanOrEqual(700);
    });

    it('does nothing where there is nothing to give back', async () => {
      const result = await consume('other');
      await under.store.refund('never seen', 5, RULE, under.now(), result);
      expect(await burst('never seen', 12)).toBe(10);
    });

    it('blocks after so many refusals, for so long, and says so', async () => {
      await burst('a', 10, BLOCKING);
      expect(await consume('a', 1, BLOCKING)).toMatchObject({ allowed: false, blocked: false });
      expect(await consume('a', 1, BLOCKING)).toMatchObject({ allowed: false, blocked: false });
      const third = await consume('a', 1, BLOCKING);
      expect(third).toMatchObject({ allowed: false, blocked: true, remaining: 0 });
      expect(third.retryAfter).toBeGreaterThan(4000);
      expect(third.retryAfter).toBeLessThanOrEqual(5000);
      await under.advance(2000);
      // Units have come back, but the block holds; and what is refused during it does not make it longer.
      const during = await consume('a', 0, BLOCKING);
      expect(during).toMatchObject({ allowed: false, blocked: true });
      expect(during.retryAfter).toBeLessThanOrEqual(3000);
      await under.advance(3001);
      expect((await consume('a', 1, BLOCKING)).allowed).toBe(true);
    });

    it('does not lift a block by giving back', async () => {
      const result = await consume('a', 10, BLOCKING);
      for (let i = 0; i < 3; i++) await consume('a', 1, BLOCKING);
      await under.store.refund('a', 10, BLOCKING, under.now(), result);
      expect(await consume('a', 1, BLOCKING)).toMatchObject({ allowed: false, blocked: true });
    });

    it('forgets refusals after a window', async () => {
      await burst('a', 10, BLOCKING);
      await consume('a', 1, BLOCKING);
      await consume('a', 1, BLOCKING);
      await under.advance(10_001);
      await burst('a', 10, BLOCKING);
      expect(await consume('a', 1, BLOCKING)).toMatchObject({ allowed: false, blocked: false });
    });

    it('blocks one key and no other', async () => {
      await burst('a', 20, BLOCKING);
      expect((await consume('a', 1, BLOCKING)).blocked).toBe(true);
      expect((await consume('b', 1, BLOCKING)).allowed).toBe(true);
    });
  });
}
