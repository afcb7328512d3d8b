/** How many steps may wait for one key, and for all keys together. Beyond that a step is refused, not kept. */
const MOST_PER_KEY = 1000;
const MOST = 10_000;

/**
 * Lets one step at a time work on a key: what a Store cannot do in one step, nobody else in this process can come between.
 *
 * A step that does not end holds its key for `longest` at the most. That is far longer than a caller waits: a write that
 * is late may still arrive, and until it has, nothing may be written over it, or an ended session would come back.
 */
export class KeyQueue {
  readonly #tails = new Map<string, { last: Promise<unknown>; waiting: number }>();
  #waiting = 0;

  /** Steps that are under way or wait. */
  get size(): number {
    return this.#waiting;
  }

  /**
   * Runs `step` once those before it have ended.
   *
   * @throws where too many wait already
   */
  run<T>(key: string, longest: number, step: () => Promise<T>): Promise<T> {
    const tail = this.#tails.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (tail.waiting >= MOST_PER_KEY || this.#waiting >= MOST) {
      return Promise.reject(new Error('too many wait for the session store'));
    }
    tail.waiting += 1;
    this.#waiting += 1;
    this.#tails.set(key, tail);
    const done = tail.last.then(step);
    tail.last = ended(done, longest).then(() => {
      tail.waiting -= 1;
      this.#waiting -= 1;
      if (tail.waiting === 0) this.#tails.delete(key);
    });
    return done;
  }
}

function ended(work: Promise<unknown>, longest: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest);
    timer.unref();
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(end, end);
  });
}
