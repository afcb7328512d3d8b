/** What one round of one contender gave. */
export interface Round {
  readonly perSecond: number;
  /** Processor time of the server per response, in microseconds. */
  readonly cpu: number;
}

/** One contender with its rounds, in the order of time. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const lower = sorted[Math.floor(at)] ?? Number.NaN;
  const upper = sorted[Math.ceil(at)] ?? Number.NaN;
  return lower + (upper - lower) * (at - Math.floor(at));
}

/**
 * A Markdown table. Ratios are taken within a round, where both ran one after the other, and then their median: what
 * else the machine did in that time hit both.
 */
export function table(measured: readonly Measured[]): string {
  const [base] = measured;
  const rows = measured.map(({ name, rounds }) => {
    const ratios = rounds.map(({ perSecond }, i) => perSecond / (base?.rounds[i]?.perSecond ?? Number.NaN));
    const costs = rounds.map(({ cpu }, i) => (base?.rounds[i]?.cpu ?? Number.NaN) / cpu);
    return [
      name,
      Math.round(median(rounds.map(({ perSecond }) => perSecond))).toLocaleString('en'),
      median(ratios).toFixed(2),
      `${quantile(ratios, 0.25).toFixed(2)} – ${quantile(ratios, 0.75).toFixed(2)}`,
      median(rounds.map(({ cpu }) => cpu)).toFixed(1),
      median(costs).toFixed(2),
    ];
  });
  const head = ['', 'answers per second', 'ratio', 'middle half', 'CPU µs per answer', 'ratio by CPU'];
  return [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
