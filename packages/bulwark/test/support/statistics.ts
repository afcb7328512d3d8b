/** How far two samples are apart, by their ranks and by their distributions. Neither looks at the size of outliers. */
interface Difference {
  /** Mann-Whitney: standard deviations from what chance gives. */
  readonly z: number;
  /** Kolmogorov-Smirnov: the largest distance of the two distributions, times √(nm / (n + m)). */
  readonly ks: number;
}

/**
 * Compares two samples of times.
 *
 * @example Math.abs(compare(unknown, wrong).z) > 4 // a difference that chance gives once in 16,000 times
 */
function compare(a: readonly number[], b: readonly number[]): Difference {
  const all = [...a.map((value) => ({ value, isA: true })), ...b.map((value) => ({ value, isA: false }))];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  let distance = 0;
  let seenA = 0;
  let seenB = 0;
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (end < all.length && all[end]?.value === all[i]?.value) end++;
    for (let j = i; j < end; j++) {
      if (all[j]?.isA !== true) {
        seenB++;
        continue;
      }
      seenA++;
      rankSum += (i + 1 + end) / 2;
    }
    distance = Math.max(distance, Math.abs(seenA / a.length - seenB / b.length));
    i = end;
  }
  const [n, m] = [a.length, b.length];
  const u = rankSum - (n * (n + 1)) / 2;
  const z = (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
  return { z, ks: distance * Math.sqrt((n * m) / (n + m)) };
}

/** How sure a test is to be before it calls two samples different. */
export interface Sureness {
  readonly z: number;
  readonly ks: number;
}

/** With chance alone, about once in 8,000 times. */
export const SURE: Sureness = { z: 4, ks: 2.2 };
/** Never with chance alone: what is there, and more than a sixth of the spread in samples of 2,500. */
export const CERTAIN: Sureness = { z: 6, ks: 3.2 };

/** Whether a test would call two samples different. */
export function differ(a: readonly number[], b: readonly number[], sureness: Sureness = SURE): boolean {
  const { z, ks } = compare(a, b);
  return Math.abs(z) > sureness.z || ks > sureness.ks;
}

/** A copy in an order of chance. */
export function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
