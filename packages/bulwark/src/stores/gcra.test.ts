import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bucket, consumeFrom, interval, refundTo } from './gcra.ts';
import type { RateLimitRule } from './rate-limit-store.ts';

const fresh = (): Bucket => ({ tat: 0, strikes: 0, strikesUntil: 0, blockedUntil: 0 });

const rules = fc.record({
  limit: fc.integer({ min: 1, max: 5000 }),
  window: fc.integer({ min: 1000, max: 86_400_000 }),
});

/** A part of a window. Not `fc.double`, which nearly always gives numbers too small to matter. */
const part = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 5000 }).map((n) => n / 10_000),
);

/** Requests with the time since the one before, as parts of the window, and a cost. */
const traffic = fc.array(fc.record({ gap: part, cost: fc.integer({ min: 0, max: 5 }) }), {
  minLength: 1,
  maxLength: 200,
});

interface Admitted {
  readonly at: number;
  readonly cost: number;
}

/** The worst interval: by how much what was admitted in it exceeds `limit + rate × its length`. */
function worstExcess(admitted: readonly Admitted[], rule: RateLimitRule): number {
  let worst = Number.NEGATIVE_INFINITY;
  for (let first = 0; first < admitted.length; first++) {
    let sum = 0;
    for (let last = first; last < admitted.length; last++) {
      sum += (admitted[last] as Admitted).cost;
      const length = (admitted[last] as Admitted).at - (admitted[first] as Admitted).at;
      worst = Math.max(worst, sum - (rule.limit + (rule.limit / rule.window) * length));
    }
  }
  return worst;
}

/** A thousandth of a millisecond of the rate: times are cut to whole microseconds. */
const tolerance = (rule: RateLimitRule): number => (rule.limit / rule.window) * 0.001 + 1e-9;

describe('GCRA', () => {
  it('admits exactly the limit in a burst, whatever limit and window are', () => {
    fc.assert(
      fc.property(
        rules,
        fc.integer({ min: 0, max: 2e15 }).map((n) => n / 1000),
        (rule, now) => {
          const bucket = fresh();
          for (let i = 0; i < rule.limit; i++) {
            if (!consumeFrom(bucket, 1, rule, now).allowed) return false;
          }
          return !consumeFrom(bucket, 1, rule, now).allowed;
        },
      ),
      { numRuns: 200 },
    );
  });

  it('admits never more than limit + rate × t in any interval', () => {
    fc.assert(
      fc.property(rules, traffic, (rule, requests) => {
        const bucket = fresh();
        const admitted: Admitted[] = [];
        let at = 12_345;
        for (const { gap, cost } of requests) {
          at += gap * gap * rule.window;
          const scaled = cost * Math.ceil(rule.limit / 10);
          if (consumeFrom(bucket, scaled, rule, at).allowed) admitted.push({ at, cost: scaled });
        }
        expect(worstExcess(admitted, rule)).toBeLessThanOrEqual(tolerance(rule));
      }),
    );
  });

  it('control: a fixed window lets nearly twice the limit through at its edge', () => {
    const rule = { limit: 10, window: 60_000 };
    const admitted: Admitted[] = [];
    const counts = new Map<number, number>();
    for (const at of [...Array<number>(10).fill(59_999), ...Array<number>(10).fill(60_000)]) {
      const edge = Math.floor(at / rule.window);
      const used = counts.get(edge) ?? 0;
      counts.set(edge, used + 1);
      if (used < rule.limit) admitted.push({ at, cost: 1 });
    }
    expect(worstExcess(admitted, rule)).toBeGreaterThan(9);
  });

  it('refuses nobody who keeps to the rate', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 300 }), (rule, count) => {
        const bucket = fresh();
        for (let i = 0; i < rule.limit; i++) consumeFrom(bucket, 1, rule, 0);
        const step = interval(rule) / 1000 + 0.001;
        for (let i = 1; i <= count; i++) if (!consumeFrom(bucket, 1, rule, i * step).allowed) return false;
        return true;
      }),
    );
  });

  it('lets a refused request pass after what it said, and not a millisecond before', () => {
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 20 }), (rule, asked) => {
        const cost = Math.min(asked, rule.limit);
        const bucket = fresh();
        while (consumeFrom(bucket, cost, rule, 0).allowed);
        const { retryAfter } = consumeFrom(bucket, cost, rule, 0);
        if (retryAfter > 1) expect(consumeFrom({ ...bucket }, cost, rule, retryAfter - 1).allowed).toBe(false);
        expect(consumeFrom({ ...bucket }, cost, rule, retryAfter + 0.001).allowed).toBe(true);
      }),
    );
  });

  it('tells what is left, and when there is more', () => {
    const rule = { limit: 4, window: 4000 };
    const bucket = fresh();
    expect(consumeFrom(bucket, 1, rule, 0)).toMatchObject({ remaining: 3, refreshAfter: 1000 });
    expect(consumeFrom(bucket, 1, rule, 500)).toMatchObject({ remaining: 2, refreshAfter: 500 });
    expect(consumeFrom(bucket, 0, rule, 100_000)).toMatchObject({ remaining: 4, refreshAfter: 1000 });
  });

  describe('giving back what succeeded', () => {
    interface Attempts {
      /** Time since those before, and until the answer, as parts of the window. */
      readonly gap: number;
      readonly answerAfter: number;
      readonly count: number;
      readonly succeed: boolean;
    }

    /** The failures that are let through, when successes are given back as `give` says. */
    function failures(
      rule: RateLimitRule,
      attempts: readonly Attempts[],
      give: (elapsedUnits: number) => number,
    ): Admitted[] {
      const bucket = fresh();
      const perUnit = interval(rule) / 1000;
      const failed: Admitted[] = [];
      let open: { readonly due: number; readonly since: number }[] = [];
      let at = 0;
      for (const { gap, count, succeed, answerAfter } of attempts) {
        at += gap * rule.window;
        for (const { due, since } of open.filter((answer) => answer.due <= at)) {
          const units = give((due - since) / perUnit);
          if (units > 0) refundTo(bucket, units, rule);
        }
        open = open.filter((answer) => answer.due > at);
        for (let i = 0; i < count; i++) {
          if (!consumeFrom(bucket, 1, rule, at).allowed) continue;
          if (succeed) open.push({ due: at + answerAfter * rule.window, since: at });
          else failed.push({ at, cost: 1 });
        }
      }
      return failed;
    }

    const attempts = fc.array(
      fc.record({ gap: part, answerAfter: part, count: fc.integer({ min: 1, max: 12 }), succeed: fc.boolean() }),
      { minLength: 1, maxLength: 30 },
    );
    const smallRules = fc.record({
      limit: fc.integer({ min: 1, max: 12 }),
      window: fc.integer({ min: 1000, max: 3_600_000 }),
    });

    it('lets never more failures through than if there had been no successes', () => {
      fc.assert(
        fc.property(smallRules, attempts, (rule, given) => {
          const failed = failures(rule, given, (elapsed) => 1 - elapsed);
          expect(worstExcess(failed, rule)).toBeLessThanOrEqual(tolerance(rule) * 400);
        }),
        { numRuns: 1000 },
      );
    });

    it('control: given back whole, slow successes raise the limit for failures', () => {
      const rule = { limit: 12, window: 60_000 };
      const given = [
        { gap: 0, answerAfter: 0.5, count: 12, succeed: true },
        { gap: 0.45, answerAfter: 0, count: 12, succeed: false },
        { gap: 0.05, answerAfter: 0, count: 12, succeed: false },
      ];
      expect(
        worstExcess(
          failures(rule, given, () => 1),
          rule,
        ),
      ).toBeGreaterThan(2);
      expect(
        worstExcess(
          failures(rule, given, (elapsed) => 1 - elapsed),
          rule,
        ),
      ).toBeLessThanOrEqual(0.01);
    });
  });
});
