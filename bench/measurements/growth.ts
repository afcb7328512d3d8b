import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measureProcesses } from '../growth/processes.ts';
import { costOf, type MeasuredPoint, measureSeries, type Pace, type Point } from '../growth/series.ts';
import { verdictOf } from '../growth/verdict.ts';
import { lineChart } from '../line-chart.ts';
import type { Measurement, Row } from '../measurement.ts';
import { spreadOf } from '../spread.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const ONE = { routes: 1, clients: 1000, sessions: 0 };

/** How the processor time of an answer grows with routes, clients, sessions and processes. */
export const growth: Measurement = {
  id: 'growth',
  title: 'Growth: answers per second of processor time, against the first point',
  parts: ['redis'],
  isLong: true,
  async run({ quick }) {
    const pace: Pace = quick ? { rounds: 2, roundMs: 200, warmUpMs: 300 } : { rounds: 9, roundMs: 600, warmUpMs: 2000 };
    const routes = quick ? [10, 1000] : [10, 100, 1000];
    const many = quick ? [1e3, 1e5] : [1e3, 3e4, 1e6];
    mkdirSync(RESULTS, { recursive: true });

    const bare = await measureSeries(
      routes.map((n) => withRoutes('express', n)),
      pace,
    );
    const secured = await measureSeries(
      routes.map((n) => withRoutes('bulwark', n)),
      pace,
    );
    const clients = await measureSeries(
      many.map((n) => ({
        n,
        servers: [{ FRAMEWORK: 'bulwark', CLIENTS: String(n) }],
        draw: { ...ONE, clients: n },
      })),
      pace,
    );
    const sessions = await measureSeries(
      many.map((n) => ({
        n,
        servers: [{ FRAMEWORK: 'bulwark', SESSIONS: String(n) }],
        draw: { ...ONE, sessions: n },
      })),
      pace,
    );
    const { points: processes, figures } = await measureProcesses(
      { ...pace, rounds: quick ? 2 : 21, roundMs: quick ? 200 : 500 },
      quick ? 1000 : 10_000,
    );
    if (!quick) writeFileSync(`${RESULTS}figures.json`, `${JSON.stringify(figures, null, 2)}\n`);

    const series = [
      { id: 'routes-express', name: 'routes, bare Express', points: bare },
      { id: 'routes', name: 'routes, Bulwark', points: secured },
      { id: 'clients', name: 'active clients', points: clients },
      { id: 'sessions', name: 'sessions', points: sessions },
      { id: 'processes', name: 'processes on one Redis', points: processes },
    ];
    if (!quick) writeFileSync(`${RESULTS}growth.svg`, chart(series));
    return series.map(({ id, name, points }) => rowOf(id, name, points));
  },
};

function withRoutes(FRAMEWORK: string, n: number): Point {
  return { n, servers: [{ FRAMEWORK, ROUTES: String(n) }], draw: { ...ONE, routes: n } };
}

function rowOf(id: string, name: string, points: readonly MeasuredPoint[]): Row {
  const [first, last] = [points[0] as MeasuredPoint, points.at(-1) as MeasuredPoint];
  const ratios = first.rounds.map(({ serverCpu }, i) => serverCpu / (last.rounds[i]?.serverCpu ?? Number.NaN));
  const verdict = verdictOf(points.map((point) => ({ n: point.n, cost: costOf(point) })));
  return {
    id: `growth-${id}`,
    title: `${name}: ${count(last.n)} against ${count(first.n)}`,
    ...spreadOf(ratios),
    note: verdict,
  };
}

function chart(series: readonly { readonly name: string; readonly points: readonly MeasuredPoint[] }[]): string {
  return lineChart({
    title: 'How the cost of an answer grows',
    subtitle: 'processor time of the servers per answer, against the first point of each line',
    x: 'how many',
    y: 'cost, first point = 1',
    lines: series.map(({ name, points }) => {
      const from = costOf(points[0] as MeasuredPoint);
      return { name, points: points.map((point) => [point.n, Number((costOf(point) / from).toFixed(3))]) };
    }),
  });
}

function count(n: number): string {
  return n.toLocaleString('en');
}
