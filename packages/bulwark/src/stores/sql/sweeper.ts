import { type SqlDriver, type Statement, step } from './steps.ts';

/** New rows of this process between two clean-ups. */
const EVERY = 64;

/** Rows that one clean-up deletes at most: four times as many as can have come meanwhile from this process. */
export const SWEEP_COUNT: number = 4 * EVERY;

/**
 * Deletes what has expired as new rows come: no timer, and never more at once than a fixed number.
 *
 * @returns to be called at each new row. The first one cleans up too: a process that lives shortly makes few rows.
 */
export function sweeper(driver: SqlDriver, sweep: () => Statement): () => void {
  let until = 1;
  return () => {
    until -= 1;
    if (until > 0) return;
    until = EVERY;
    driver.aside(() => step(sweep()));
  };
}
