import type { ServerResponse } from 'node:http';
import { isPromise } from '../../stores/breaker.ts';
import type { MaybePromise } from '../../stores/record-store.ts';

const METHODS = ['end', 'write', 'writeHead', 'flushHeaders'] as const;
type Method = (typeof METHODS)[number];
type Call = (this: ServerResponse, ...args: unknown[]) => unknown;

/**
 * Lets a response begin, and end, only when what the request has changed is kept: the client's next request must find it.
 *
 * While it is being kept, what is written waits in its order (`write` says that it is full), and the response looks as if
 * its head were out. If it cannot be kept and the head is not out, what was written is given up, and `refuse` answers.
 *
 * @param commit - called before the head and before the end; answers at once where there is nothing to keep
 */
export function holdResponse(
  res: ServerResponse,
  commit: () => MaybePromise<void>,
  refuse: (error: unknown) => void,
): void {
  const originals = {} as Record<Method, Call>;
  /** What waits; undefined while nothing is being kept. */
  let waiting: { readonly method: Method; readonly args: unknown[] }[] | undefined;
  let hasFailed = false;
  /** node's own methods call each other: what was let through is not asked about again half-way. */
  let isPassing = false;

  function pass(method: Method, args: unknown[]): unknown {
    const wasPassing = isPassing;
    isPassing = true;
    try {
      return originals[method].apply(res, args);
    } finally {
      isPassing = wasPassing;
    }
  }

  function unmask(): void {
    waiting = undefined;
    Reflect.deleteProperty(res, 'headersSent');
  }

  function goOn(): void {
    const [first, ...others] = waiting ?? [];
    unmask();
    try {
      if (first !== undefined) pass(first.method, first.args);
      // Before the end it is asked again: the handler went on meanwhile, and may have changed more.
      for (const { method, args } of others) held(method, args);
      const hasWritten = [first, ...others].some((call) => call?.method === 'write');
      if (hasWritten && !res.writableEnded) res.emit('drain');
    } catch (error) {
      res.destroy(error instanceof Error ? error : undefined);
    }
  }

  function giveUp(error: unknown): void {
    hasFailed = true;
    unmask();
    // An answer that has begun cannot be taken back, but it must not look whole.
    if (res.headersSent) res.destroy();
    else refuse(error);
  }

  function held(method: Method, args: unknown[]): unknown {
    const full = method === 'write' ? false : res;
    if (hasFailed || isPassing) return pass(method, args);
    if (waiting !== undefined) {
      // Nothing follows the end: node would refuse it as well.
      if (waiting.every((call) => call.method !== 'end')) waiting.push({ method, args });
      return full;
    }
    const isInformational = method === 'writeHead' && Number(args[0]) < 200;
    if (isInformational || (res.headersSent && method !== 'end')) return pass(method, args);
    let done: MaybePromise<void>;
    try {
      done = commit();
    } catch (error) {
      giveUp(error);
      return full;
    }
    if (!isPromise(done)) return pass(method, args);
    waiting = [{ method, args }];
    const { statusCode, statusMessage } = res;
    Object.defineProperty(res, 'headersSent', { configurable: true, value: true });
    done.then(() => {
      // What has begun has its status: an error handler that comes too late does not change it.
      if (!res.writableEnded) Object.assign(res, { statusCode, statusMessage });
      goOn();
    }, giveUp);
    return full;
  }

  for (const method of METHODS) {
    originals[method] = res[method] as Call;
    res[method] = function heldBack(...args: unknown[]): unknown {
      return held(method, args);
    } as never;
  }
}
