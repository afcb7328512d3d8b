/** The middle of some values, and their middle half: as a row has them. */
export function spreadOf(values: readonly number[]): {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
} {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const lower = sorted[Math.floor(place)] ?? Number.NaN;
    return lower + ((sorted[Math.ceil(place)] ?? Number.NaN) - lower) * (place - Math.floor(place));
  };
  return { ratio: at(0.5), low: at(0.25), high: at(0.75) };
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return spreadOf(values).ratio;
}
