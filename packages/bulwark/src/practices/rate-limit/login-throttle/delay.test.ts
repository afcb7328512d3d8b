import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLEAN,
  count,
  DAY,
  type DelayRule,
  decode,
  encode,
  isCleanFor,
  mostFailures,
  type Tally,
  takeBack,
  waitOf,
} from './delay.ts';

const RULE: DelayRule = { free: 5, first: 1000, longest: 900_000 };
const NOW = 1_800_000_000_000;
const guess = (tally: Tally, now: number, rule = RULE, mark = ''): Tally =>
  count(tally, rule, now, { mark, isGuess: true });
const after = (failures: number, now = NOW): Tally =>
  Array.from({ length: failures }).reduce<Tally>((tally) => guess(tally, now), CLEAN);

describe('delays', () => {
  it('are none for the free failures, then double up to the longest', () => {
    const waits = Array.from({ length: 18 }, (_unused, n) => waitOf(after(n), RULE, NOW) / 1000);
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('let the next attempt pass when they say, and not a millisecond before', () => {
    for (let n = 5; n < 16; n++) {
      const wait = waitOf(after(n), RULE, NOW);
      expect(waitOf(after(n), RULE, NOW + wait)).toBe(0);
      expect(waitOf(after(n), RULE, NOW + wait - 1)).toBe(1);
    }
  });

  it('end although the clock was set back by a year', () => {
    const tally = after(30, NOW + 365 * DAY);
    expect(waitOf(tally, RULE, NOW)).toBe(900_000);
    expect(waitOf(tally, RULE, NOW + 900_000)).toBe(900_000);
    expect(waitOf(after(4, NOW + DAY), RULE, NOW)).toBe(0);
  });

  it('are forgotten, one failure each longest', () => {
    expect(waitOf(after(6), RULE, NOW + 900_000)).toBe(0);
    const later = guess(after(15), NOW + 10 * 900_000);
    expect(later.level).toBeCloseTo(6);
  });
});

const rules = fc
  .record({
    free: fc.integer({ min: 1, max: 20 }),
    first: fc.integer({ min: 1, max: 5000 }),
    times: fc.integer({ min: 1, max: 2000 }),
  })
  .map(({ free, first, times }): DelayRule => ({ free, first, longest: first * times }));

describe('the bound', () => {
  const gaps = fc.array(
    fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: 2000 }).map((n) => n / 1000),
    ),
    { minLength: 1, maxLength: 150 },
  );

  it('holds in every interval, whatever the rule and however attempts come', () => {
    fc.assert(
      fc.property(rules, gaps, fc.boolean(), (rule, waits, isGreedy) => {
        let tally = CLEAN;
        let now = NOW;
        const passed: number[] = [];
        for (const gap of waits) {
          // The greedy one comes in the very moment that it may.
          now += isGreedy ? waitOf(tally, rule, now) : Math.round(gap * rule.longest);
          if (waitOf(tally, rule, now) > 0) continue;
          tally = guess(tally, now, rule);
          passed.push(now);
        }
        for (let from = 0; from < passed.length; from++) {
          for (let to = from; to < passed.length; to++) {
            const time = (passed[to] as number) - (passed[from] as number);
            if (to - from + 1 > mostFailures(rule, time) + 1e-6) return false;
          }
        }
        return true;
      }),
      { numRuns: 500 },
    );
  });

  it('holds where a rule of pressure comes and goes', () => {
    const strict: DelayRule = { free: 1, first: 4000, longest: 3_600_000 };
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 120 }), (pressed) => {
        let tally = CLEAN;
        let now = NOW;
        pressed.forEach((isHigh) => {
          const rule = isHigh ? strict : RULE;
          now += waitOf(tally, rule, now);
          tally = guess(tally, now, rule);
        });
        return pressed.length <= mostFailures(RULE, now - NOW) + 1e-6;
      }),
      { numRuns: 500 },
    );
  });

  it('is 15 at once and 4 an hour by default', () => {
    expect(mostFailures(RULE, 0)).toBe(15);
    expect(mostFailures(RULE, 3_600_000)).toBe(19);
  });
});

describe('an attempt that is taken back', () => {
  it('leaves no trace where nobody came after it', () => {
    const before = after(4);
    const counted = guess(before, NOW + 500, RULE, 'mine');
    const back = takeBack(counted, { before, at: NOW + 500, mark: 'mine' }, RULE, NOW + 700);
    expect({ ...back, level: Math.ceil(back.level), at: 0 }).toEqual({ ...before, at: 0 });
  });

  it('takes nothing off what others failed meanwhile, nor their delay', () => {
    const before = after(5, NOW);
    const mine = guess(before, NOW + 2000, RULE, 'mine');
    const other = guess(mine, NOW + 9000, RULE, 'other');
    const back = takeBack(other, { before, at: NOW + 2000, mark: 'mine' }, RULE, NOW + 9500);
    expect(back.level).toBeGreaterThan(5.9);
    expect(back.last).toBe(NOW + 9000);
    expect(back.guesses).toBe(6);
  });

  it('gives back less the longer it took: what was forgotten meanwhile is not given twice', () => {
    const before = after(5, NOW);
    const counted = guess(before, NOW, RULE, 'mine');
    const other = guess(counted, NOW + 450_000, RULE, 'other');
    expect(other.level).toBeCloseTo(6.5);
    expect(takeBack(other, { before, at: NOW, mark: 'mine' }, RULE, NOW + 450_000).level).toBeCloseTo(6);
  });

  it('never raises what fails: slow successes between guesses leave the bound as it is', () => {
    const steps = fc.array(
      fc.record({
        gap: fc.integer({ min: 0, max: 1000 }),
        succeeds: fc.boolean(),
        open: fc.integer({ min: 0, max: 1000 }),
      }),
      {
        minLength: 1,
        maxLength: 80,
      },
    );
    fc.assert(
      fc.property(rules, steps, (rule, all) => {
        let tally = CLEAN;
        let now = NOW;
        let pending: { due: number; before: Tally; at: number; mark: string }[] = [];
        const failed: number[] = [];
        all.forEach(({ gap, succeeds, open }, n) => {
          now += Math.round((gap / 1000) * rule.longest);
          for (const one of pending.filter(({ due }) => due <= now)) tally = takeBack(tally, one, rule, now);
          pending = pending.filter(({ due }) => due > now);
          if (waitOf(tally, rule, now) > 0) return;
          const mark = `${n}`;
          const before = tally;
          tally = guess(tally, now, rule, mark);
          if (succeeds) pending.push({ due: now + Math.round((open / 1000) * rule.longest), before, at: now, mark });
          else failed.push(now);
        });
        for (let from = 0; from < failed.length; from++) {
          const time = (failed.at(-1) as number) - (failed[from] as number);
          if (failed.length - from > mostFailures(rule, time) + 1e-6) return false;
        }
        return true;
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a clean network', () => {
  const tried = (...accounts: string[]): Tally =>
    accounts.reduce<Tally>((tally, account) => count(tally, RULE, NOW, { mark: '', isGuess: false, account }), CLEAN);

  it('has tried at most two accounts, this one included', () => {
    expect(isCleanFor(tried('aaaa', 'aaaa'), 2, NOW, 'bbbb')).toBe(true);
    expect(isCleanFor(tried('aaaa', 'bbbb'), 2, NOW, 'bbbb')).toBe(true);
    expect(isCleanFor(tried('aaaa', 'bbbb'), 2, NOW, 'cccc')).toBe(false);
    // Read as four characters each, not as text in which one is found by accident.
    expect(isCleanFor(tried('abcd', 'efgh'), 2, NOW, 'cdef')).toBe(false);
  });

  it('has guessed less than twice', () => {
    expect(isCleanFor(after(1), 2, NOW)).toBe(true);
    expect(isCleanFor(after(2), 2, NOW)).toBe(false);
  });

  it('is clean again after a day without any attempt', () => {
    expect(isCleanFor(after(9), 2, NOW + DAY)).toBe(false);
    expect(isCleanFor(after(9), 2, NOW + DAY + 1)).toBe(true);
  });
});

describe('records', () => {
  it('are read as they were written', () => {
    const tally = count(after(3), RULE, NOW, { mark: 'm', isGuess: true, account: 'alice' });
    expect(decode(encode(tally))).toEqual(tally);
  });

  it.each(['', '{', '{}', '[]', 'null', '[1,2,3]', '[-1,0,0,0,"",""]', '["1",0,0,0,"",""]', '[1e999,0,0,0,"",""]'])(
    'that are none (%s) stand for many failures: one attempt, then the longest delay',
    (text) => {
      const tally = decode(text);
      expect(waitOf(tally, RULE, NOW)).toBe(0);
      expect(waitOf(guess(tally, NOW), RULE, NOW)).toBe(900_000);
    },
  );
});
