import type { RateLimitResult, RateLimitRule } from './rate-limit-store.ts';

/** The state of one key: four numbers, times in whole microseconds of the store's clock. All 0: nobody has drawn from it. */
export interface Bucket {
  /** When all units will be back ("theoretical arrival time"); in the past: all are there. */
  tat: number;
  /** Refusals in the current penalty window. */
  strikes: number;
  /** When the refusals are forgotten. */
  strikesUntil: number;
  /** When the block ends; 0: not blocked. */
  blockedUntil: number;
}

/**
 * Microseconds between two units.
 *
 * Rounded up to a whole number, so that the sum of `limit` intervals is exact: with fractions the last request of a
 * burst would pass or not by a rounding error. The rate is at most that much lower than stated, never higher.
 */
export function interval(rule: RateLimitRule): number {
  return Math.ceil((rule.window * 1000) / rule.limit);
}

/**
 * The generic cell rate algorithm (ITU-T I.371): decides on one request and changes the bucket accordingly. Two
 * comparisons and one addition; no list of times, no window whose edge lets twice the limit through.
 *
 * A refused request takes nothing. State further ahead than a full bucket (a clock was set back) is cut to a full one.
 *
 * @param now - milliseconds
 * @example
 * const bucket = { tat: 0, strikes: 0, strikesUntil: 0, blockedUntil: 0 }
 * consumeFrom(bucket, 1, { limit: 10, window: 60_000 }, performance.now()).remaining // 9
 */
export function consumeFrom(bucket: Bucket, cost: number, rule: RateLimitRule, now: number): RateLimitResult {
  const at = Math.floor(now * 1000);
  const step = interval(rule);
  const burst = step * rule.limit;
  const { penalty } = rule;
  if (penalty !== undefined && bucket.blockedUntil > at) {
    bucket.blockedUntil = Math.min(bucket.blockedUntil, at + penalty.block * 1000);
    return blocked(bucket.blockedUntil - at);
  }
  const tat = Math.min(Math.max(bucket.tat, at), at + burst);
  const next = tat + cost * step;
  if (next - at <= burst) {
    bucket.tat = next;
    return answer(true, burst - (next - at), step, rule.limit, 0);
  }
  bucket.tat = tat;
  if (penalty !== undefined && strike(bucket, rule.window, penalty, at)) return blocked(bucket.blockedUntil - at);
  return answer(false, burst - (tat - at), step, rule.limit, next - at - burst);
}

function answer(allowed: boolean, free: number, step: number, limit: number, wait: number): RateLimitResult {
  const remaining = Math.floor(free / step);
  const toNext = remaining >= limit ? step : (remaining + 1) * step - free;
  return { allowed, remaining, retryAfter: wait / 1000, refreshAfter: toNext / 1000, blocked: false };
}

function blocked(rest: number): RateLimitResult {
  return { allowed: false, remaining: 0, retryAfter: rest / 1000, refreshAfter: rest / 1000, blocked: true };
}

/** Counts a refusal; true if it was the one that blocks. */
function strike(bucket: Bucket, window: number, penalty: { after: number; block: number }, at: number): boolean {
  const span = window * 1000;
  if (bucket.strikesUntil <= at || bucket.strikesUntil > at + span) {
    bucket.strikes = 0;
    bucket.strikesUntil = at + span;
  }
  bucket.strikes += 1;
  if (bucket.strikes < penalty.after) return false;
  bucket.strikes = 0;
  bucket.strikesUntil = 0;
  bucket.blockedUntil = at + penalty.block * 1000;
  return true;
}

/** Gives units back. They may be a fraction; what is less than a microsecond is kept. */
export function refundTo(bucket: Bucket, units: number, rule: RateLimitRule): void {
  bucket.tat -= Math.floor(units * interval(rule));
}

/** When the bucket will be as good as new, in microseconds: from then on it need not be kept. */
export function freshAt(bucket: Bucket): number {
  return Math.max(bucket.tat, bucket.strikesUntil, bucket.blockedUntil);
}
