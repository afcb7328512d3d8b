import { availableParallelism } from 'node:os';
import { Refusal } from '../../errors.ts';

/** How long work may wait. */
export interface QueueBounds {
  /** Milliseconds that whoever is let in should wait at the most, by what work took lately. */
  readonly maxWait: number;
  /** How many may wait, whatever they take. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly start: () => void;
}

/** Until something was measured: what one hash takes, in milliseconds. */
const FIRST_GUESS = 50;

/**
 * How many hashes may run at once. Each takes a core, and a thread of libuv's pool, which WebCrypto, `fs` and `dns.lookup`
 * share: one thread is left to them.
 *
 * @param threads - size of the pool; node's own is 4
 */
export function widthOf(cores: number = availableParallelism(), threads: number = poolSize()): number {
  return Math.max(1, Math.min(cores, threads - 1));
}

function poolSize(): number {
  const given = Number(process.env.UV_THREADPOOL_SIZE);
  return Number.isInteger(given) && given > 0 ? Math.min(given, 1024) : 4;
}

/**
 * Work in the order in which it came, only so many at once. Who would have to wait too long is refused at once with 503
 * and `Retry-After`: a queue without an end answers nobody.
 *
 * @see CWE-400, CWE-770
 * @example await queue.run(() => hash(password), { maxWait: 3000, maxWaiting: 1000 })
 */
export class WorkQueue {
  readonly width: number;
  /** In the order of their coming; who gives up is taken out in no time. */
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #average = FIRST_GUESS;

  constructor(width: number) {
    this.width = width;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs work when its turn comes.
   *
   * @param signal - aborted while it waits, the work is never begun; what runs already runs to its end
   * @throws Refusal `ERR_PASSWORD_QUEUE_FULL`; the signal's reason
   */
  async run<T>(work: () => Promise<T>, bounds: QueueBounds, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.width) this.#running += 1;
    else if (!(await this.#turn(bounds, signal))) signal?.throwIfAborted();
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.#average += (performance.now() - from - this.#average) / 8;
      this.#next();
    }
  }

  /** The place that becomes free is handed on, so that nobody slips in between. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(first);
    first.start();
  }

  /** True when the turn has come; false when it was given up before. */
  #turn(bounds: QueueBounds, signal: AbortSignal | undefined): Promise<boolean> {
    const room = Math.max(this.width, Math.floor((bounds.maxWait * this.width) / this.#average));
    if (this.#waiting.size >= Math.min(room, bounds.maxWaiting)) throw this.#full();
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting.delete(place);
        resolve(false);
      };
      const place: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(true);
        },
      };
      this.#waiting.add(place);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  #full(): Refusal {
    const seconds = Math.ceil((this.#waiting.size * this.#average) / this.width / 1000);
    return new Refusal('ERR_PASSWORD_QUEUE_FULL', {
      reason: 'too many passwords are being hashed',
      headers: { 'Retry-After': String(Math.min(60, Math.max(1, seconds))) },
    });
  }
}

let shared: WorkQueue | undefined;

/** The one queue of this process: its cores and its thread pool are shared too, however many gates there are. */
export function sharedQueue(): WorkQueue {
  shared ??= new WorkQueue(widthOf());
  return shared;
}
