import { readFileSync } from 'node:fs';

/** What was measured on one machine, and what the simulation is made of. Times are microseconds. */
export interface Figures {
  /** When and where. */
  readonly of: string;
  /** Processor time of a server process per request: everything on, a logged-in user, session and limit on Redis. */
  readonly serverCpu: number;
  /** Processor time of Redis per request, whatever it is asked for. */
  readonly redisCpu: number;
  /** Processor time of Redis for a limit alone, in a write of its own. */
  readonly redisLimitCpu: number;
  /** Commands to Redis per request: each touches one key, so on a cluster each may go to another node. */
  readonly operations: number;
  /** From a command to its answer, over loopback, with nothing else to do. */
  readonly roundTrip: number;
  /** Memory of Redis for one session, and for one limited client, in bytes. */
  readonly sessionBytes: number;
  readonly limitBytes: number;
  /** Runs that the simulation is compared with: everything on one machine, the load too. */
  readonly measured: readonly MeasuredRun[];
}

/** A run of so many server processes on one Redis: its best rounds, which other work of the machine disturbed least. */
export interface MeasuredRun {
  readonly processes: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Cores that all of them shared. */
  readonly cores: number;
  /** Each kept one request in flight. */
  readonly connections: number;
  readonly serverCpu: number;
  readonly redisCpu: number;
  /** Processor time of the load itself per request. */
  readonly loadCpu: number;
}

const FILE = new URL('../results/figures.json', import.meta.url);

/** The figures of the last full run of the bench. */
export function readFigures(): Figures {
  return parse(readFileSync(FILE, 'utf8'));
}

function parse(text: string): Figures {
  const figures = JSON.parse(text) as Figures;
  for (const name of ['serverCpu', 'redisCpu', 'redisLimitCpu', 'operations', 'roundTrip'] as const) {
    if (!(figures[name] > 0)) throw new Error(`figures.json: ${name} is not a time or a number`);
  }
  return figures;
}
