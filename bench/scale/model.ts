import type { Figures, MeasuredRun } from './figures.ts';
import { type Outcome, type Path, simulate } from './simulation.ts';

/** Server processes, each with a core of its own, on so many Redis nodes, each with a core of its own. */
export interface Deployment {
  readonly instances: number;
  /** 1: one Redis; more: the masters of a cluster. */
  readonly nodes: number;
}

/** What is not measured here, and assumed. */
export interface Assumptions {
  /** Microseconds on the network from a server to Redis and back. */
  readonly network: number;
  /** The part of the server's work that is done before it waits for Redis. */
  readonly before: number;
  /** How even the times of one kind of work are: the shape of an Erlang distribution. */
  readonly shape: number;
}

/** A network within one data centre; the gate and the log line, before and after; times that spread by half their mean. */
export const ASSUMED: Assumptions = { network: 300, before: 0.6, shape: 4 };

/** What a deployment bears at the most, and which part is full then. */
export interface Ceiling {
  readonly perSecond: number;
  readonly full: 'servers' | 'Redis';
}

/**
 * The ceiling: the station with the most work per request is always busy (the operational law of utilisation).
 *
 * On one Redis all commands of a request come in one write. On a cluster each goes to its own node, in a write of its own,
 * which is counted as what a limit costs alone: the dearer of the two.
 *
 * @example ceilingOf(figures, { instances: 64, nodes: 3 })
 */
export function ceilingOf(figures: Figures, { instances, nodes }: Deployment): Ceiling {
  const servers = (instances / figures.serverCpu) * 1e6;
  const redis = (nodes / redisWork(figures, nodes)) * 1e6;
  return servers <= redis ? { perSecond: servers, full: 'servers' } : { perSecond: redis, full: 'Redis' };
}

function redisWork(figures: Figures, nodes: number): number {
  return nodes === 1 ? figures.redisCpu : figures.operations * figures.redisLimitCpu;
}

/** How much of what it would bear at the most a deployment is asked. */
export interface Demand {
  /** Requests a second. */
  readonly perSecond: number;
  readonly requests: number;
  readonly seed: number;
}

/** Simulates a deployment: clients of all the world, a balancer that takes turns, keys that fall into any slot. */
export function runDeployment(
  figures: Figures,
  { instances, nodes }: Deployment,
  { perSecond, requests, seed }: Demand,
  assumed: Assumptions = ASSUMED,
): Outcome {
  const names = [
    ...Array.from({ length: instances }, (_unused, i) => `server ${i}`),
    ...Array.from({ length: nodes }, (_unused, i) => `redis ${i}`),
  ];
  const each = redisWork(figures, nodes) / (nodes === 1 ? 1 : figures.operations);
  const path = (from: number, random: () => number): Path => {
    const server = from % instances;
    const commands = Array.from({ length: nodes === 1 ? 1 : figures.operations }, () => ({
      station: instances + Math.floor(random() * nodes),
      service: each,
      wire: assumed.network,
    }));
    return [
      [{ station: server, service: figures.serverCpu * assumed.before, wire: 0 }],
      commands,
      [{ station: server, service: figures.serverCpu * (1 - assumed.before), wire: 0 }],
    ];
  };
  return simulate({
    stations: names.map((name, host) => ({ name, host })),
    hosts: names.map(() => 1),
    path,
    arrivals: { perSecond },
    shape: assumed.shape,
    seed,
    requests,
  });
}

/** The busiest server and the busiest Redis node of a run: the part of the time that it worked. */
export function busiestOf({ busy }: Outcome): { readonly server: number; readonly redis: number } {
  const most = (kind: string): number =>
    Math.max(...Object.entries(busy).map(([name, part]) => (name.startsWith(kind) ? part : 0)));
  return { server: most('server'), redis: most('redis') };
}

/**
 * Simulates a run that was measured: all on one machine, the load too, connections that each wait for their answer.
 *
 * Server process i is tied to core i and the load to the last one; Redis runs where the fewest others do.
 */
export function replay(run: MeasuredRun, roundTrip: number, assumed: Assumptions = ASSUMED): Outcome {
  const { processes, cores } = run;
  const names = Array.from({ length: processes }, (_unused, i) => ({ name: `server ${i}`, host: i % cores }));
  const load = { name: 'load', host: cores - 1 };
  const crowd = [...names, load];
  const quietest = Array.from({ length: cores }, (_unused, host) => host).toSorted(
    (a, b) => crowd.filter(({ host }) => host === a).length - crowd.filter(({ host }) => host === b).length,
  )[0] as number;
  const path = (from: number): Path => [
    [{ station: processes, service: run.loadCpu, wire: 0 }],
    [{ station: from % processes, service: run.serverCpu * assumed.before, wire: 0 }],
    [{ station: processes + 1, service: run.redisCpu, wire: roundTrip }],
    [{ station: from % processes, service: run.serverCpu * (1 - assumed.before), wire: 0 }],
  ];
  return simulate({
    stations: [...crowd, { name: 'redis', host: quietest }],
    hosts: Array.from({ length: cores }, () => 1),
    path,
    arrivals: { connections: run.connections },
    shape: assumed.shape,
    seed: 1,
    requests: 30_000,
  });
}
