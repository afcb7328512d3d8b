import type { Breaker } from './breaker.ts';
import { isPromise } from './maybe-promise.ts';
import type { RateLimitResult, RateLimitStore } from './rate-limit-store.ts';

const guarded = new WeakSet<RateLimitStore>();

/** True for a store that a local limiter stands behind already. */
export function hasFallback(store: RateLimitStore): boolean {
  return guarded.has(store);
}

/**
 * Puts `local` behind a store that can be out of reach: while the breaker says that it is down, requests are counted
 * there, at the same limit. A request that is counted while a probe is due is counted in both.
 */
export function limitsWithFallback(store: RateLimitStore, breaker: Breaker, local: RateLimitStore): RateLimitStore {
  const countedHere = new WeakSet<RateLimitResult>();

  function here(answer: ReturnType<RateLimitStore['consume']>): typeof answer {
    if (!isPromise(answer)) countedHere.add(answer);
    return answer;
  }

  const limits: RateLimitStore = {
    consume(key, cost, rule, now) {
      const ask = (): ReturnType<RateLimitStore['consume']> => store.consume(key, cost, rule, now);
      if (breaker.isDown) {
        breaker.probe(ask, checked);
        return here(local.consume(key, cost, rule, now));
      }
      return breaker.attempt(ask, checked, () => here(local.consume(key, cost, rule, now)));
    },
    refund(key, units, rule, now, result) {
      if (countedHere.has(result)) return local.refund(key, units, rule, now, result);
      // What cannot be given back stays counted.
      if (breaker.isDown) return;
      return breaker.attempt<void>(
        () => store.refund(key, units, rule, now, result),
        () => undefined,
        () => undefined,
      );
    },
    close: () => store.close?.(),
  };
  guarded.add(limits);
  return limits;
}

/** A store's answer decides who passes: one that cannot be read is worth as little as none. */
function checked(answer: RateLimitResult): RateLimitResult {
  const { allowed, remaining, retryAfter, refreshAfter } = answer;
  if (typeof allowed === 'boolean' && remaining >= 0 && retryAfter >= 0 && refreshAfter >= 0) return answer;
  throw new TypeError('the rate-limit store gave an answer that cannot be read');
}
