import { type Child, start } from '../children.ts';
import { median } from '../spread.ts';
import type { CrowdOrder, CrowdResult } from './messages.ts';

/** How long is measured. */
export interface Pace {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** One point of a curve: so many of something, and the servers and the load that it takes. */
export interface Point {
  readonly n: number;
  /** One for each server process. */
  readonly servers: readonly Readonly<Record<string, string>>[];
  readonly draw: Pick<CrowdOrder, 'routes' | 'clients' | 'sessions'>;
}

/** What one round of one point gave; times in microseconds. */
export interface PointRound extends CrowdResult {
  /** Processor time of the servers per answer. */
  readonly serverCpu: number;
  /** Of the load itself, per answer. */
  readonly loadCpu: number;
  /** What else was asked for, per answer: how much it grew in this round. */
  readonly other: number;
}

/** A point with its rounds, in the order of time. */
export interface MeasuredPoint {
  readonly n: number;
  readonly rounds: readonly PointRound[];
}

/** Each keeps one request in flight. */
export const CONNECTIONS = 50;

/**
 * Measures points that take turns, round by round: what else the machine does hits all of them.
 *
 * @param meter - another figure that only grows, such as the processor time of Redis
 */
export async function measureSeries(
  points: readonly Point[],
  pace: Pace,
  meter: () => Promise<number> = async () => 0,
): Promise<MeasuredPoint[]> {
  const load = start('./growth/load.ts', LOAD_CORE);
  const running = await Promise.all(points.map(begin));
  try {
    for (const { point, ports } of running) await load.ask<CrowdResult>(orderFor(point, ports, pace.warmUpMs));
    for (let n = 0; n < pace.rounds; n++) {
      for (const one of running) one.rounds.push(await round(one, load, pace.roundMs, meter));
    }
  } finally {
    await Promise.all([load, ...running.flatMap(({ children }) => children)].map((child) => child.end()));
  }
  return running.map(({ point, rounds }) => ({ n: point.n, rounds }));
}

const LOAD_CORE = 1;

interface Running {
  readonly point: Point;
  readonly children: readonly Child[];
  readonly ports: readonly number[];
  readonly rounds: PointRound[];
}

async function begin(point: Point): Promise<Running> {
  const children = point.servers.map((env, i) => start('./growth/server.ts', i, env));
  const heard = await Promise.all(children.map((child) => child.hear<{ readonly port: number }>()));
  return { point, children, ports: heard.map(({ port }) => port), rounds: [] };
}

async function round(one: Running, load: Child, ms: number, meter: () => Promise<number>): Promise<PointRound> {
  const cpu = async (): Promise<number> => {
    const used = await Promise.all(one.children.map((child) => child.ask<{ readonly cpu: number }>('cpu')));
    return used.reduce((sum, each) => sum + each.cpu, 0);
  };
  const [before, otherBefore] = [await cpu(), await meter()];
  const result = await load.ask<CrowdResult>(orderFor(one.point, one.ports, ms));
  const [after, otherAfter] = [await cpu(), await meter()];
  return {
    ...result,
    serverCpu: (after - before) / result.responses,
    loadCpu: result.cpu / result.responses,
    other: (otherAfter - otherBefore) / result.responses,
  };
}

function orderFor({ draw }: Point, ports: readonly number[], ms: number): CrowdOrder {
  return { ...draw, ports, ms, connections: CONNECTIONS };
}

/** The processor time per answer of a point: the median of its rounds. */
export function costOf({ rounds }: MeasuredPoint): number {
  return median(rounds.map(({ serverCpu }) => serverCpu));
}
