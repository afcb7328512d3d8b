import { interval } from '../gcra.ts';
import type { RateLimitResult, RateLimitStore } from '../rate-limit-store.ts';
import type { RedisConnection } from './connection.ts';
import { CONSUME, REFUND } from './scripts.ts';

/** Rate limits on a Redis server, by its clock: see gcra.ts for what is decided. */
export function redisLimits(connection: RedisConnection, prefix: string): RateLimitStore {
  return {
    async consume(key, cost, rule) {
      const { limit, window, penalty } = rule;
      // What costs more than the limit is refused, by whatever it is more; the sender of a request may choose how much.
      const units = Math.min(cost, limit + 1);
      const args = [units, interval(rule), limit, window * 1000, penalty?.after ?? 0, (penalty?.block ?? 0) * 1000];
      return resultOf(await CONSUME.run(connection, prefix + key, ...args.map(String)));
    },
    async refund(key, units, rule) {
      const microseconds = Math.floor(units * interval(rule));
      if (microseconds > 0) await REFUND.run(connection, prefix + key, String(microseconds));
    },
  };
}

function resultOf(answer: unknown): RateLimitResult {
  if (!Array.isArray(answer) || answer.length !== 5 || !answer.every(Number.isSafeInteger)) {
    throw new TypeError('the rate-limit script gave an answer that cannot be read');
  }
  const [allowed, remaining, retryAfter, refreshAfter, blocked] = answer as [number, number, number, number, number];
  return {
    allowed: allowed === 1,
    remaining,
    retryAfter: retryAfter / 1000,
    refreshAfter: refreshAfter / 1000,
    blocked: blocked === 1,
  };
}
