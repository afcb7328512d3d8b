import { availableParallelism } from 'node:os';
import type { Figures, MeasuredRun } from '../scale/figures.ts';
import { median } from '../spread.ts';
import { startBenchRedis } from './redis.ts';
import { CONNECTIONS, type MeasuredPoint, measureSeries, type Pace, type Point, type PointRound } from './series.ts';

/** What a request asks Redis for: its session, and the policy's limit. `test/one-round-trip.test.ts` proves it. */
const OPERATIONS = 2;

/** One and two server processes on one Redis, everything on, and from that what the simulation needs. */
export async function measureProcesses(
  pace: Pace,
  sessions: number,
): Promise<{ readonly points: readonly MeasuredPoint[]; readonly figures: Figures }> {
  const redis = await startBenchRedis();
  try {
    await redis.fill(sessions);
    const env = { FRAMEWORK: 'bulwark', SESSIONS: String(sessions), REDIS: redis.url };
    const draw = { routes: 1, clients: sessions, sessions };
    const servers = (count: number): Point['servers'] => Array.from({ length: count }, () => env);
    const series = [1, 2].map((n) => ({ n, servers: servers(n), draw }));
    // Nobody is logged in: the limit is all that Redis is asked for.
    const anonymous = { n: 1, servers: servers(1), draw: { ...draw, sessions: 0 } };
    const roundTrip = await redis.roundTrip();
    const points = await measureSeries([...series, anonymous], pace, () => redis.cpu());
    const [one, two, limited] = points as [MeasuredPoint, MeasuredPoint, MeasuredPoint];
    const of = (point: MeasuredPoint, value: (round: PointRound) => number): number =>
      median(calmest(point.rounds).map(value));
    const perSecond = (round: PointRound): number => (round.responses / round.ms) * 1000;
    const measuredOf = (point: MeasuredPoint): MeasuredRun => ({
      processes: point.n,
      perSecond: of(point, perSecond),
      p50: of(point, ({ p50 }) => p50),
      p99: of(point, ({ p99 }) => p99),
      cores: availableParallelism(),
      connections: CONNECTIONS,
      serverCpu: of(point, ({ serverCpu }) => serverCpu),
      redisCpu: of(point, ({ other }) => other),
      loadCpu: of(point, ({ loadCpu }) => loadCpu),
    });
    const figures: Figures = {
      of: `${new Date().toISOString().slice(0, 10)}, Node ${process.version}`,
      serverCpu: of(one, ({ serverCpu }) => serverCpu),
      redisCpu: of(one, ({ other }) => other),
      redisLimitCpu: of(limited, ({ other }) => other),
      operations: OPERATIONS,
      roundTrip,
      ...(await redis.sizes()),
      measured: [measuredOf(one), measuredOf(two)],
    };
    return { points: [one, two], figures };
  } finally {
    await redis.end();
  }
}

/** The rounds with the most answers: there other work of the machine disturbed least. */
function calmest(rounds: readonly PointRound[]): readonly PointRound[] {
  return rounds.toSorted((a, b) => b.responses / b.ms - a.responses / a.ms).slice(0, 5);
}
