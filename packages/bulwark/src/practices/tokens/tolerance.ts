/** How far the clocks of processes may differ, in milliseconds: the verifier's own default. */
export const CLOCK_TOLERANCE = 5000;
