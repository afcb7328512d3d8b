import { type Compared, type Contender, compare, ratioOf } from '../compare.ts';
import { startBenchRedis } from '../growth/redis.ts';
import type { Measurement, Row } from '../measurement.ts';
import type { Plan } from '../plan.ts';

const HAND_WIRED = ['strict-transport-security', 'ratelimit-policy', 'content-security-policy'];
const BULWARK = [...HAND_WIRED, 'x-request-id', 'permissions-policy', 'cache-control', 'cross-origin-opener-policy'];

const BARE: Contender = { id: 'express', server: 'express', status: 200, headers: ['x-powered-by'] };
const everything = (env: Contender['env'] = {}): readonly Contender[] => [
  { id: 'hand-wired', server: 'hand-wired', env, session: true, status: 200, headers: HAND_WIRED },
  { id: 'fastify-plugins', server: 'fastify-plugins', env, session: true, status: 200, headers: HAND_WIRED.slice(2) },
  { id: 'bulwark', server: 'bulwark', env, session: true, status: 200, headers: BULWARK },
];

/** Everything on, in memory. */
export const memoryRequests: Measurement = {
  id: 'memory',
  title: 'Everything on, in memory',
  parts: ['wrk'],
  async run(plan) {
    const others: readonly Contender[] = plan.quick
      ? []
      : [
          { id: 'node', server: 'node-http', status: 200 },
          { id: 'fastify', server: 'fastify', status: 200 },
        ];
    const compared = await compare([BARE, ...others, ...everything()], plan);
    return [
      ...rows(compared, 'memory', 'in memory', 0.8),
      ...others.map(({ id }) => ({
        id,
        title: id === 'node' ? 'raw node:http, for comparison' : 'bare fastify, for comparison',
        ...ratioOf(compared, id, 'express'),
      })),
    ];
  },
};

/** Everything on, sessions and limits on one Redis. */
export const redisRequests: Measurement = {
  id: 'redis',
  title: 'Everything on, one Redis',
  parts: ['wrk', 'redis'],
  run: (plan) => withRedis(plan),
};

async function withRedis(plan: Plan): Promise<readonly Row[]> {
  const redis = await startBenchRedis();
  try {
    const compared = await compare([BARE, ...everything({ REDIS_URL: redis.url })], plan);
    return [
      ...rows(compared, 'redis', 'on one Redis', 0.6),
      {
        id: 'fastifyRedis',
        title: 'everything on, one Redis, against fastify with its plugins on Redis',
        ...ratioOf(compared, 'bulwark', 'fastify-plugins'),
        goal: { atLeast: 1.6 },
        handWired: ratioOf(compared, 'hand-wired', 'fastify-plugins').ratio,
      },
    ];
  } finally {
    await redis.end();
  }
}

function rows(compared: Compared, id: 'memory' | 'redis', where: string, atLeast: number): Row[] {
  const capital = id === 'memory' ? 'Memory' : 'Redis';
  const cpu = ratioOf(compared, 'express', 'bulwark', (round) => round.cpu);
  return [
    {
      id,
      title: `everything on, ${where}, against bare Express 5`,
      ...ratioOf(compared, 'bulwark', 'express'),
      goal: { atLeast },
      handWired: ratioOf(compared, 'hand-wired', 'express').ratio,
      note: `by processor time ${cpu.ratio.toFixed(2)}`,
    },
    {
      id: `fastifyPlugins${capital}`,
      title: `fastify with its plugins, ${where}, against bare Express 5, for comparison`,
      ...ratioOf(compared, 'fastify-plugins', 'express'),
    },
    {
      id: `p99${capital}`,
      title: `p99 latency, everything on, ${where}, against bare Express 5`,
      ...ratioOf(compared, 'bulwark', 'express', (round) => round.p99),
      goal: { atMost: 1.4 },
      handWired: ratioOf(compared, 'hand-wired', 'express', (round) => round.p99).ratio,
    },
  ];
}
