import type { Emit } from '../../events.ts';
import { createBreaker, type OutageOptions } from '../../stores/breaker.ts';
import { limitsWithFallback } from '../../stores/limits-fallback.ts';
import { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
import type { RateLimitStore } from '../../stores/rate-limit-store.ts';

/** How an outage is recognised and ended, and what takes over. */
export interface FallbackOptions extends OutageOptions {
  /** The store that takes over; default a memory store of its own. */
  readonly local?: RateLimitStore;
}

/**
 * Puts a local limiter behind a store that can be out of reach.
 *
 * A store that throws, rejects, answers nonsense or takes longer than `timeout` is left alone: the local limiter
 * takes over at the same limit, and one event says so. From then on no request waits for the store. Once in `retry`
 * milliseconds one request is counted in both; when the store answers that one in time, it is used again.
 *
 * So an outage neither refuses everybody nor lets everybody through; each process counts for itself meanwhile.
 *
 * @param services - `emit` is read when an event is sent
 * @see https://cwe.mitre.org/data/definitions/636.html
 * @example const store = withFallback(redisStore, { emit })
 */
export function withFallback(
  store: RateLimitStore,
  services: { readonly emit: Emit },
  options: FallbackOptions = {},
): RateLimitStore {
  const breaker = createBreaker(services, WORDS, options);
  return limitsWithFallback(store, breaker, options.local ?? memoryRateLimitStore());
}

const WORDS = {
  practice: 'rate-limit',
  down: 'the rate-limit store is out of reach: a local limiter at the same limits takes over in this process',
  up: 'the rate-limit store answers again and is used again',
} as const;
