import type { Emit } from '../../events.ts';
import { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from '../../stores/rate-limit-store.ts';

/** How an outage is recognised and ended. */
export interface FallbackOptions {
  /** Milliseconds that the store has for an answer; default 250. */
  readonly timeout?: number;
  /** Milliseconds between two probes of a store that is down; default 1000. */
  readonly retry?: number;
  /** The store that takes over; default a memory store of its own. */
  readonly local?: RateLimitStore;
  /** A monotonic clock, milliseconds; default `performance.now`. */
  readonly clock?: () => number;
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
  const { timeout = 250, retry = 1000, clock = monotonic } = options;
  const local = options.local ?? memoryRateLimitStore();
  const countedHere = new WeakSet<RateLimitResult>();
  let retryAt: number | undefined;
  let isProbing = false;

  function fail(error: unknown): void {
    const isNew = retryAt === undefined;
    retryAt = clock() + retry;
    if (!isNew) return;
    services.emit({
      event: 'sys_error',
      level: 'CRITICAL',
      practice: 'rate-limit',
      description:
        'the rate-limit store is out of reach: a local limiter at the same limits takes over in this process',
      // Not the message: drivers put their address, and some its password, into it.
      details: { error: nameOf(error) },
    });
  }

  function heal(): void {
    retryAt = undefined;
    services.emit({
      event: 'sys_error',
      level: 'INFO',
      practice: 'rate-limit',
      description: 'the rate-limit store answers again and is used again',
    });
  }

  function ask(
    key: string,
    cost: number,
    rule: RateLimitRule,
    now: number,
  ): RateLimitResult | Promise<RateLimitResult> {
    const answer = store.consume(key, cost, rule, now);
    return isPromise(answer) ? within(answer.then(checked), timeout) : checked(answer);
  }

  function askLocal(
    key: string,
    cost: number,
    rule: RateLimitRule,
    now: number,
  ): RateLimitResult | Promise<RateLimitResult> {
    const answer = local.consume(key, cost, rule, now);
    if (!isPromise(answer)) countedHere.add(answer);
    return answer;
  }

  function probe(key: string, cost: number, rule: RateLimitRule, now: number): void {
    isProbing = true;
    const end = (error?: unknown): void => {
      isProbing = false;
      if (error === undefined) heal();
      else fail(error);
    };
    try {
      const answer = ask(key, cost, rule, now);
      if (isPromise(answer))
        answer.then(
          () => end(),
          (error: unknown) => end(error ?? 'unknown'),
        );
      else end();
    } catch (error) {
      end(error ?? 'unknown');
    }
  }

  return {
    consume(key, cost, rule, now) {
      if (retryAt !== undefined) {
        if (!isProbing && clock() >= retryAt) probe(key, cost, rule, now);
        return askLocal(key, cost, rule, now);
      }
      try {
        const answer = ask(key, cost, rule, now);
        if (!isPromise(answer)) return answer;
        return answer.catch((error: unknown) => {
          fail(error);
          return askLocal(key, cost, rule, now);
        });
      } catch (error) {
        fail(error);
        return askLocal(key, cost, rule, now);
      }
    },
    refund(key, units, rule, now, result) {
      if (countedHere.has(result)) return local.refund(key, units, rule, now, result);
      // What cannot be given back stays counted.
      if (retryAt !== undefined) return;
      try {
        const done = store.refund(key, units, rule, now, result);
        if (isPromise(done)) return within(done, timeout).catch(fail);
      } catch (error) {
        fail(error);
      }
    },
    close: () => store.close?.(),
  };
}

function monotonic(): number {
  return performance.now();
}

/** True for what has to be waited for. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}

/** A store's answer decides who passes: one that cannot be read is worth as little as none. */
function checked(answer: RateLimitResult): RateLimitResult {
  const { allowed, remaining, retryAfter, refreshAfter } = answer;
  if (typeof allowed === 'boolean' && remaining >= 0 && retryAfter >= 0 && refreshAfter >= 0) return answer;
  throw new TypeError('the rate-limit store gave an answer that cannot be read');
}

/** Rejects where an answer takes longer than `timeout` milliseconds. */
export function within<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DOMException(`no answer within ${timeout} ms`, 'TimeoutError')), timeout);
    timer.unref();
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** What an error may be called in an event: never its message. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : error.name;
}
