import type { Plan } from './plan.ts';

/** One line of the results. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly ratio: number;
  /** The middle half of the rounds. */
  readonly low: number;
  readonly high: number;
  readonly goal?: { readonly atLeast?: number; readonly atMost?: number };
  readonly handWired?: number;
  readonly note?: string;
}

/** Measures something, and gives ratios. */
export interface Measurement {
  readonly id: string;
  readonly title: string;
  /** What it needs that may not be there. */
  readonly parts?: readonly ('wrk' | 'redis')[];
  /** Too long for a quick run that does not ask for it. */
  readonly isLong?: true;
  run(plan: Plan): Promise<readonly Row[]>;
}
