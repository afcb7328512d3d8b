import fc from 'fast-check';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REDIS_SERVER, type RedisServer, startRedis } from '../../../test/support/servers/redis.ts';
import { type Bucket, consumeFrom, interval, refundTo } from '../gcra.ts';
import type { RateLimitRule } from '../rate-limit-store.ts';
import { CONSUME, REFUND } from './scripts.ts';

const START = 1_764_000_000_000;
const LIFETIME = 'text(math.ceil((fresh - at) / 1000))';
/** The script, but for its clock: a test says what time it is, and the server's own clock ends nothing meanwhile. */
const TIMED = CONSUME.source.replace("redis.call('TIME')", '{ARGV[7], ARGV[8]}').replace(LIFETIME, "'3600000'");

const rules: fc.Arbitrary<RateLimitRule> = fc.record(
  {
    limit: fc.integer({ min: 1, max: 40 }),
    window: fc.integer({ min: 1000, max: 86_400_000 }),
    penalty: fc.record({ after: fc.integer({ min: 1, max: 4 }), block: fc.integer({ min: 1000, max: 86_400_000 }) }),
  },
  { requiredKeys: ['limit', 'window'] },
);
/** Steps: how much later, as a part of the window, and a cost; a negative one gives units back. */
const steps = fc.array(fc.record({ later: fc.integer({ min: 0, max: 1500 }), cost: fc.integer({ min: -2, max: 5 }) }), {
  minLength: 1,
  maxLength: 40,
});

describe.skipIf(REDIS_SERVER === undefined)('the script of limits', () => {
  let server: RedisServer;
  let client: Awaited<ReturnType<ReturnType<typeof createClient>['connect']>>;
  beforeAll(async () => {
    server = await startRedis();
    client = (await createClient({ url: server.url }).connect()) as typeof client;
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  it('takes the clock of the server, and keeps a state as long as it matters', () => {
    for (const part of ["redis.call('TIME')", LIFETIME]) expect(CONSUME.source.split(part)).toHaveLength(2);
  });

  it('decides as gcra.ts does, whatever the rule, the costs and the times', { timeout: 60_000 }, async () => {
    let key = 0;
    const property = fc.asyncProperty(rules, steps, async (rule, traffic) => {
      const bucket: Bucket = { tat: 0, strikes: 0, strikesUntil: 0, blockedUntil: 0 };
      const name = `k${key++}`;
      const { limit, window, penalty } = rule;
      let now = START;
      for (const { later, cost } of traffic) {
        now += Math.round((later * window) / 1000);
        if (cost < 0) {
          refundTo(bucket, -cost, rule);
          const amount = String(-cost * interval(rule));
          await client.eval(REFUND.source, { keys: [name], arguments: [amount] });
          continue;
        }
        const args = [cost, interval(rule), limit, window * 1000, penalty?.after ?? 0, (penalty?.block ?? 0) * 1000];
        const time = [Math.floor(now / 1000), (now % 1000) * 1000];
        const answer = await client.eval(TIMED, { keys: [name], arguments: [...args, ...time].map(String) });
        const { allowed, remaining, retryAfter, refreshAfter, blocked } = consumeFrom(bucket, cost, rule, now);
        const expected = [Number(allowed), remaining, retryAfter * 1000, refreshAfter * 1000, Number(blocked)];
        expect(answer).toEqual(expected.map(Math.round));
      }
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
