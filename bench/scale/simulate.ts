/**
 * What one Redis, a cluster and up to 64 server processes bear: `node bench/scale/simulate.ts`.
 *
 * It takes the figures of the last full run of the bench (`bench/results/figures.json`), prints tables, and writes a
 * chart. The same figures give the same tables.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lineChart } from '../line-chart.ts';
import { type Figures, readFigures } from './figures.ts';
import { ASSUMED, busiestOf, ceilingOf, type Deployment, replay, runDeployment } from './model.ts';

const INSTANCES = [1, 2, 4, 8, 16, 32, 64];
const NODES = [1, 2, 3, 4, 6, 8];
/** Of the ceiling: what one would let a deployment work at. */
const LOADS = [0.5, 0.7, 0.9];
const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

function main(figures: Figures): void {
  const { serverCpu, redisCpu, redisLimitCpu, operations } = figures;
  console.log(
    `Figures of ${figures.of}: a request takes ${us(serverCpu)} of a server process and ${us(redisCpu)} of Redis`,
  );
  console.log(`(${operations} commands in one write; a command in a write of its own: at most ${us(redisLimitCpu)}).`);
  console.log(`Assumed: ${us(ASSUMED.network)} of network to Redis and back; each process has a core of its own.`);
  console.log(`\n### Simulated and measured, on one machine\n\n${validation(figures)}`);
  const oneRedis = INSTANCES.map((instances) => ({ instances, nodes: 1 }));
  console.log(`\n### One Redis\n\n${deployments(figures, oneRedis)}`);
  const cluster = NODES.map((nodes) => ({ instances: 64, nodes }));
  console.log(`\n### 64 processes on a cluster\n\n${deployments(figures, cluster)}`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}scale.svg`, chart(figures));
  console.log(`\nChart: bench/results/scale.svg`);
}

/** Side by side: how far the model is off. */
function validation(figures: Figures): string {
  const rows = figures.measured.map((run) => {
    const simulated = replay(run, figures.roundTrip);
    const off = (got: number, real: number): string => `${signed((got / real - 1) * 100)} %`;
    return [
      run.processes,
      `${count(simulated.perSecond)} / ${count(run.perSecond)}`,
      off(simulated.perSecond, run.perSecond),
      `${ms(simulated.p50)} / ${ms(run.p50)}`,
      off(simulated.p50, run.p50),
      `${ms(simulated.p99)} / ${ms(run.p99)}`,
      off(simulated.p99, run.p99),
    ];
  });
  return table(['processes', 'answers/s: simulated / measured', 'off', 'p50', 'off', 'p99', 'off'], rows);
}

/** For each deployment its ceiling, and for some loads the latency and who is how busy. */
function deployments(figures: Figures, list: readonly Deployment[]): string {
  const rows = list.map((deployment) => {
    const { perSecond, full } = ceilingOf(figures, deployment);
    const runs = LOADS.map((load) =>
      runDeployment(figures, deployment, { perSecond: perSecond * load, requests: 60_000, seed: 1 }),
    );
    const busiest = runs.map(busiestOf)[1];
    return [
      deployment.instances,
      deployment.nodes,
      count(perSecond),
      full,
      ...runs.map(({ p50, p99 }) => `${ms(p50)} / ${ms(p99)}`),
      `${percent(busiest?.server ?? 0)} / ${percent(busiest?.redis ?? 0)}`,
    ];
  });
  const latencies = LOADS.map((load) => `p50 / p99 at ${percent(load)}`);
  return table(
    ['processes', 'Redis nodes', 'most answers/s', 'full first', ...latencies, 'busiest server / node at 70 %'],
    rows,
  );
}

function chart(figures: Figures): string {
  return lineChart({
    title: 'What server processes on Redis bear, at the most',
    subtitle: `simulated from figures of ${figures.of}`,
    x: 'server processes, each with a core',
    y: 'answers per second',
    logarithmic: true,
    lines: [1, 2, 3, 6].map((nodes) => ({
      name: nodes === 1 ? 'one Redis' : `a cluster of ${nodes}`,
      points: INSTANCES.map((instances) => [instances, Math.round(ceilingOf(figures, { instances, nodes }).perSecond)]),
    })),
  });
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function us(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} µs`;
}

function ms(value: number): string {
  return `${(value / 1000).toFixed(value < 9950 ? 1 : 0)} ms`;
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(Math.round(value))}`;
}

function count(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}

main(readFigures());
