import { describe, expect, it } from 'vitest';
import { Refusal } from '../../errors.ts';
import { type QueueBounds, WorkQueue, widthOf } from './queue.ts';

const BOUNDS: QueueBounds = { maxWait: 60_000, maxWaiting: 100 };

/** Work that ends when it is told to. */
function held(): { work: () => Promise<void>; end: () => void; begun: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = false;
  return {
    work: () => {
      begun = true;
      return promise;
    },
    end: resolve,
    begun: () => begun,
  };
}

/** Lets everything that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('WorkQueue', () => {
  it('runs so many at once, the others in the order of their coming', async () => {
    const queue = new WorkQueue(2);
    const jobs = Array.from({ length: 5 }, held);
    const done = jobs.map(({ work }) => queue.run(work, BOUNDS));
    await settle();
    expect(jobs.map(({ begun }) => begun())).toEqual([true, true, false, false, false]);
    expect([queue.running, queue.waiting]).toEqual([2, 3]);
    jobs[1]?.end();
    await settle();
    expect(jobs.map(({ begun }) => begun())).toEqual([true, true, true, false, false]);
    for (const { end } of jobs) end();
    await Promise.all(done);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('goes on after work that fails, and hands its failure on', async () => {
    const queue = new WorkQueue(1);
    const failing = queue.run(() => Promise.reject(new Error('out of memory')), BOUNDS);
    const next = queue.run(async () => 7, BOUNDS);
    await expect(failing).rejects.toThrow('out of memory');
    expect(await next).toBe(7);
  });

  it('refuses at once what is over the number, with 503 and Retry-After', async () => {
    const queue = new WorkQueue(1);
    const job = held();
    const bounds = { maxWait: 60_000, maxWaiting: 2 };
    const let_in = [job, held(), held()].map(({ work }) => queue.run(work, bounds));
    const refused = await queue.run(held().work, bounds).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ code: 'ERR_PASSWORD_QUEUE_FULL', status: 503, headers: { 'Retry-After': '1' } });
    expect(queue.waiting).toBe(let_in.length - 1);
  });

  it('is as long as what took so long lately can be done in time', async () => {
    const queue = new WorkQueue(2);
    void queue.run(held().work, BOUNDS);
    void queue.run(held().work, BOUNDS);
    // Nothing was measured yet: 50 ms each. Two at once do eight of them in 200 ms.
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const waiting = queue.run(held().work, { maxWait: 200, maxWaiting: 100 });
        return Promise.race([waiting.catch(() => 'refused'), settle().then(() => 'waits')]);
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'waits')).toHaveLength(8);
    expect(queue.waiting).toBe(8);
  });

  it('never begins what was given up while it waited, and gives its place to the next', async () => {
    const queue = new WorkQueue(1);
    const [first, gone, last] = [held(), held(), held()];
    const controller = new AbortController();
    void queue.run(first.work, BOUNDS);
    const waiting = queue.run(gone.work, BOUNDS, controller.signal);
    const done = queue.run(last.work, BOUNDS);
    controller.abort(new Error('the client is gone'));
    await expect(waiting).rejects.toThrow('the client is gone');
    first.end();
    last.end();
    await done;
    expect([gone.begun(), last.begun()]).toEqual([false, true]);
    await expect(queue.run(gone.work, BOUNDS, controller.signal)).rejects.toThrow('the client is gone');
    expect(gone.begun()).toBe(false);
  });

  it('an abort after its turn came changes nothing', async () => {
    const queue = new WorkQueue(1);
    const [first, second] = [held(), held()];
    const controller = new AbortController();
    void queue.run(first.work, BOUNDS);
    const done = queue.run(second.work, BOUNDS, controller.signal);
    first.end();
    await settle();
    controller.abort();
    second.end();
    await done;
    expect(queue.running).toBe(0);
  });
});

describe('widthOf', () => {
  it.each([
    [1, 4, 1],
    [2, 4, 2],
    [4, 4, 3],
    [64, 4, 3],
    [64, 128, 64],
    [8, 1, 1],
  ])('%i cores and %i threads: %i', (cores, threads, width) => {
    expect(widthOf(cores, threads)).toBe(width);
  });
});
