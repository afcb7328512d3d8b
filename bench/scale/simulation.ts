/**
 * A small discrete-event simulation of requests that queue for single-threaded processes.
 *
 * A **station** is a process that does one thing at a time, in the order in which it comes: a Node process, a Redis. It
 * runs on a **host** with so many cores, and waits for a core where others hold them all. A request goes through
 * **stages**, one after the other; the works of one stage go out together, and the stage is over when all have come back.
 *
 * The same seed gives the same figures, to the last digit. Times are microseconds.
 */
export interface Work {
  /** Index of the station that does it. */
  readonly station: number;
  /** Processor time that it takes there, on average. */
  readonly service: number;
  /** Time on the wire, there and back together. */
  readonly wire: number;
}

/** What a request needs: stage by stage. */
export type Path = readonly (readonly Work[])[];

/** One run. */
export interface Setup {
  readonly stations: readonly { readonly name: string; readonly host: number }[];
  /** Cores of each host. */
  readonly hosts: readonly number[];
  /**
   * What the next request needs. `from` is the connection that it comes from, or of requests that come by themselves its
   * running number; `random` gives numbers from 0 to below 1.
   */
  readonly path: (from: number, random: () => number) => Path;
  /** Requests that come by themselves (a Poisson process), or connections that each keep one request in flight. */
  readonly arrivals: { readonly perSecond: number } | { readonly connections: number };
  /** How even service times are: the shape of an Erlang distribution. 1: exponential; Infinity: all the same. */
  readonly shape: number;
  readonly seed: number;
  /** Requests that are counted, after as many tenths that only warm up. */
  readonly requests: number;
}

/** What came of a run. */
export interface Outcome {
  readonly perSecond: number;
  /** From a request's coming to its answer, microseconds. */
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  /** Requests in the system, averaged over time: by Little's law `perSecond * mean`. */
  readonly inSystem: number;
  /** The part of the time that each station worked, by name. */
  readonly busy: Readonly<Record<string, number>>;
}

interface Request {
  readonly from: number;
  readonly path: Path;
  readonly came: number;
  stage: number;
  /** Works of its stage that have not come back. */
  pending: number;
}

interface Job {
  readonly request: Request;
  readonly work: Work;
}

interface Station {
  readonly host: Host;
  readonly queue: Job[];
  /** Works at, or waits for a core. */
  active: boolean;
  worked: number;
}

interface Host {
  free: number;
  readonly ready: Station[];
}

/**
 * Runs it.
 *
 * @example
 * // One process, M/D/1: the mean wait is rho * service / (2 * (1 - rho)).
 * simulate({ stations: [{ name: 'a', host: 0 }], hosts: [1], path: () => [[{ station: 0, service: 100, wire: 0 }]],
 *   arrivals: { perSecond: 5000 }, shape: Infinity, seed: 1, requests: 100_000 }).mean // about 150
 */
export function simulate(setup: Setup): Outcome {
  const random = randomFrom(setup.seed);
  const hosts: Host[] = setup.hosts.map((cores) => ({ free: cores, ready: [] }));
  const stations: Station[] = setup.stations.map(({ host }) => ({
    host: hosts[host] as Host,
    queue: [],
    active: false,
    worked: 0,
  }));
  const agenda = new Agenda();
  const { arrivals } = setup;
  const isOpen = 'perSecond' in arrivals;
  const warmUp = Math.ceil(setup.requests / 10);
  const times: number[] = [];
  let now = 0;
  let done = 0;
  let inSystem = 0;
  let area = 0;
  let countedSince = 0;

  function begin(from: number): void {
    inSystem++;
    advance({ from, path: setup.path(from, random), came: now, stage: -1, pending: 1 });
  }

  function nextArrival(meanGap: number, from: number): void {
    agenda.add(now + -Math.log(1 - random()) * meanGap, () => {
      begin(from);
      nextArrival(meanGap, from + 1);
    });
  }

  /** One work of the request's stage is back. */
  function advance(request: Request): void {
    request.pending--;
    if (request.pending > 0) return;
    request.stage++;
    const works = request.path[request.stage];
    if (works === undefined) {
      finish(request);
      return;
    }
    request.pending = works.length;
    for (const work of works) agenda.add(now + work.wire / 2, () => arrive({ request, work }));
  }

  function arrive(job: Job): void {
    const station = stations[job.work.station] as Station;
    station.queue.push(job);
    if (!station.active) claimCore(station);
  }

  function claimCore(station: Station): void {
    station.active = true;
    if (station.host.free === 0) {
      station.host.ready.push(station);
      return;
    }
    station.host.free--;
    serve(station);
  }

  function serve(station: Station): void {
    const { request, work } = station.queue.shift() as Job;
    const service = erlang(work.service, setup.shape, random);
    agenda.add(now + service, () => {
      station.worked += service;
      station.active = false;
      station.host.free++;
      // Whoever waits for the core is next; then this one may go on.
      if (station.queue.length > 0) {
        station.active = true;
        station.host.ready.push(station);
      }
      const next = station.host.ready.shift();
      if (next !== undefined) {
        station.host.free--;
        serve(next);
      }
      agenda.add(now + work.wire / 2, () => advance(request));
    });
  }

  function finish(request: Request): void {
    inSystem--;
    done++;
    if (done > warmUp) times.push(now - request.came);
    if (done === warmUp) startCounting();
    if (!isOpen) begin(request.from);
  }

  function startCounting(): void {
    countedSince = now;
    area = 0;
    for (const station of stations) station.worked = 0;
  }

  if ('perSecond' in arrivals) nextArrival(1e6 / arrivals.perSecond, 0);
  else for (let n = 0; n < arrivals.connections; n++) begin(n);
  while (times.length < setup.requests) {
    const event = agenda.take();
    area += inSystem * (event.at - now);
    now = event.at;
    event.happen();
  }

  const elapsed = now - countedSince;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    perSecond: (times.length / elapsed) * 1e6,
    mean: times.reduce((sum, time) => sum + time, 0) / times.length,
    p50: sorted[Math.floor(0.5 * times.length)] ?? Number.NaN,
    p99: sorted[Math.floor(0.99 * times.length)] ?? Number.NaN,
    inSystem: area / elapsed,
    busy: Object.fromEntries(setup.stations.map(({ name }, i) => [name, (stations[i] as Station).worked / elapsed])),
  };
}

/** Numbers from 0 to below 1, the same for the same seed: a multiplicative generator modulo 2^31 - 1 (Lehmer). */
export function randomFrom(seed: number): () => number {
  const modulus = 2 ** 31 - 1;
  let state = 1 + (Math.abs(Math.trunc(seed)) % (modulus - 1));
  return () => {
    state = (state * 48_271) % modulus;
    return (state - 1) / (modulus - 1);
  };
}

/** A sum of `shape` exponential times with this mean together. */
function erlang(mean: number, shape: number, random: () => number): number {
  if (shape === Number.POSITIVE_INFINITY || mean === 0) return mean;
  let product = 1;
  for (let n = 0; n < shape; n++) product *= 1 - random();
  return (-Math.log(product) * mean) / shape;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

/** What is to happen, the earliest first; of two at one time the one that was added first: a binary heap. */
class Agenda {
  readonly #heap: Happening[] = [];
  #added = 0;

  add(at: number, happen: () => void): void {
    const heap = this.#heap;
    const added = { at, order: this.#added++, happen };
    let hole = heap.push(added) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, added)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = added;
  }

  take(): Happening {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) throw new Error('nothing is left to happen');
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(sunk: Happening): void {
    const heap = this.#heap;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Happening)) child++;
      const below = heap[child] as Happening;
      if (isBefore(sunk, below)) break;
      heap[hole] = below;
      hole = child;
    }
    heap[hole] = sunk;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
