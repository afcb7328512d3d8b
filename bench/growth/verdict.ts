/** How something grows, as the measured costs say. */
export type Verdict = 'flat' | 'logarithmic' | 'linear' | 'growing';

/** Below this, what the last point costs more than the first is not told from noise. */
const FLAT = 1.2;

/**
 * Flat, logarithmic or linear: whichever curve, `a + b * log n` or `a + b * n`, is nearer to the costs; flat where the last
 * is within a fifth of the first. Two points cannot tell a line from a curve: growing.
 *
 * @param points - in the order of n
 */
export function verdictOf(points: readonly { readonly n: number; readonly cost: number }[]): Verdict {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.cost / first.cost <= FLAT) return 'flat';
  if (points.length === 2) return 'growing';
  const rest = (of: (n: number) => number): number => residual(points.map(({ n, cost }) => [of(n), cost]));
  return rest(Math.log) <= rest((n) => n) ? 'logarithmic' : 'linear';
}

/** The sum of squares that the best straight line leaves. */
function residual(pairs: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [x, y] = [mean(pairs.map(([each]) => each)), mean(pairs.map(([, each]) => each))];
  const sum = (of: (dx: number, dy: number) => number): number =>
    pairs.reduce((total, [px, py]) => total + of(px - x, py - y), 0);
  const slope = sum((dx, dy) => dx * dy) / sum((dx) => dx * dx);
  return sum((dx, dy) => (dy - slope * dx) ** 2);
}
