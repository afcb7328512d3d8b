/** How long is measured. */
export interface Plan {
  readonly quick: boolean;
  readonly rounds: number;
  /** For what this benchmark loads itself; wrk knows whole seconds only. */
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** Seconds of load by wrk in a round. */
  readonly seconds: number;
  /** Seconds of load by wrk before the first round. */
  readonly warmUp: number;
  /** For files that the measurement needs while it runs. */
  readonly folder: string;
}

/** Good enough to see what is large, in less than a minute. */
export const QUICK: Omit<Plan, 'folder'> = {
  quick: true,
  rounds: 1,
  roundMs: 300,
  warmUpMs: 700,
  seconds: 1,
  warmUp: 1,
};
/** What the results are made of. */
export const FULL: Omit<Plan, 'folder'> = {
  quick: false,
  rounds: 7,
  roundMs: 1000,
  warmUpMs: 2500,
  seconds: 1,
  warmUp: 3,
};

/** The core that servers under test are tied to. */
export const SERVER_CORE = 0;
/** The core of whatever asks them, and of Redis. */
export const LOAD_CORE = 1;
