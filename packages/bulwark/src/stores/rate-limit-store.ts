/** What is allowed: `limit` units in a burst, and one more every `window / limit`. */
export interface RateLimitRule {
  /** Units; a whole number from 1. */
  readonly limit: number;
  /** Milliseconds, from 1000. */
  readonly window: number;
  /** After `after` refusals within one window the key is blocked for `block` milliseconds. */
  readonly penalty?: { readonly after: number; readonly block: number };
}

/** What a store says to one request. All times are milliseconds from now. */
export interface RateLimitResult {
  readonly allowed: boolean;
  /** Whole units left after this request. */
  readonly remaining: number;
  /** When the same request would pass; 0 where it passed. */
  readonly retryAfter: number;
  /** When there will be one unit more than `remaining`. */
  readonly refreshAfter: number;
  /** The key is blocked as a penalty; `retryAfter` is the rest of it. */
  readonly blocked: boolean;
}

/**
 * Where limits are counted. One store may serve several limiters: their keys begin with the limiter's name.
 *
 * `test/support/rate-limit-store-contract.ts` in this repository is the contract as tests; each store passes it.
 *
 * @example const store: RateLimitStore = memoryRateLimitStore()
 */
export interface RateLimitStore {
  /**
   * Takes `cost` units of `key`, or refuses and takes nothing, **in one atomic step**: read-then-write lets parallel
   * requests through. A store that can answer at once must not return a promise.
   *
   * @param cost - whole units, from 0
   * @param now - the caller's monotonic clock, milliseconds. A store that several processes share reads its server's
   *   clock instead.
   */
  consume(key: string, cost: number, rule: RateLimitRule, now: number): RateLimitResult | Promise<RateLimitResult>;

  /**
   * Gives units back that {@link RateLimitStore.consume} took. Never below empty, and never lifts a block.
   *
   * @param units - may be a fraction: what time has given back already is not given back twice
   * @param result - what `consume` answered, for stores that are made of several
   */
  refund(key: string, units: number, rule: RateLimitRule, now: number, result: RateLimitResult): void | Promise<void>;

  /** True where it lives in this process and so cannot be out of reach: no fallback is put around it. */
  readonly local?: boolean;

  /** Frees what it holds open. */
  close?(): void | Promise<void>;
}
