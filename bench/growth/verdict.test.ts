import { describe, expect, it } from 'vitest';
import { verdictOf } from './verdict.ts';

const curve = (of: (n: number) => number, ns: readonly number[] = [10, 100, 1000]): ReturnType<typeof verdictOf> =>
  verdictOf(ns.map((n) => ({ n, cost: of(n) })));

describe('verdictOf', () => {
  it.each([
    ['flat', () => 50],
    ['flat', (n: number) => 50 + n / 1000],
    ['flat', (n: number) => 50 - n / 100],
    ['logarithmic', (n: number) => 10 + 5 * Math.log(n)],
    ['linear', (n: number) => 40 + n / 10],
  ] as const)('%s: %s', (verdict, of) => {
    expect(curve(of)).toBe(verdict);
  });

  it('does not tell a line from a curve by two points', () => {
    expect(curve((n) => 40 + n / 10, [10, 1000])).toBe('growing');
    expect(curve(() => 40, [1, 2])).toBe('flat');
  });
});
