import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { isPromise } from '../../stores/maybe-promise.ts';
import type { MaybePromise } from '../../stores/record-store.ts';
import { NOTICES } from './notices.ts';

const METHODS = ['end', 'write', 'writeHead', 'flushHeaders'] as const;
type Method = (typeof METHODS)[number];
type Call = (this: ServerResponse, ...args: unknown[]) => unknown;

/** Who has something to keep before an answer begins, and before it ends. */
export interface Keeper {
  /** Answers at once where there is nothing to keep. */
  commit(): MaybePromise<void>;
  /** What was to be kept could not be, and the head is not out. */
  refuse(error: unknown): void;
}

const HOLD: unique symbol = Symbol('bulwark.hold');
type Held = ServerResponse & { [HOLD]?: Hold };

// One of each for all responses: closures for each of them would be most of what a request without a session costs.
const HELD = Object.fromEntries(
  METHODS.map((method) => [
    method,
    function heldBack(this: Held, ...args: unknown[]): unknown {
      return this[HOLD]?.call(method, args);
    },
  ]),
) as Record<Method, Call>;

/**
 * Lets a response begin, and end, only when what the request has changed is kept: the client's next request must find it.
 *
 * It stands in the way from the beginning, since in `res.end(++req.session.n)` the method is taken before the session is.
 * While something is being kept, what is written waits in its order (`write` says that it is full), and the response looks
 * as if its head were out. If it cannot be kept and the head is not out, what was written is given up.
 *
 * @example holdResponse(res, handle)
 */
export function holdResponse(res: ServerResponse, keeper: Keeper): void {
  (res as Held)[HOLD] = new Hold(res, keeper);
  const held = res as unknown as Record<Method, Call>;
  held.end = HELD.end;
  held.write = HELD.write;
  held.writeHead = HELD.writeHead;
  held.flushHeaders = HELD.flushHeaders;
}

class Hold {
  readonly #res: ServerResponse;
  readonly #keeper: Keeper;
  readonly #originals: Record<Method, Call>;
  /** What waits; undefined while nothing is being kept. */
  #waiting: { readonly method: Method; readonly args: unknown[] }[] | undefined;
  #hasFailed = false;
  /** node's own methods call each other: what was let through is not asked about again half-way. */
  #isPassing = false;

  constructor(res: ServerResponse, keeper: Keeper) {
    this.#res = res;
    this.#keeper = keeper;
    const { end, write, writeHead, flushHeaders } = res as unknown as Record<Method, Call>;
    this.#originals = { end, write, writeHead, flushHeaders };
  }

  call(method: Method, args: unknown[]): unknown {
    if (this.#hasFailed || this.#isPassing) return this.#pass(method, args);
    const full = method === 'write' ? false : this.#res;
    if (this.#waiting !== undefined) {
      // Nothing follows the end: node would refuse it as well.
      if (this.#waiting.every((call) => call.method !== 'end')) this.#waiting.push({ method, args });
      return full;
    }
    const isInformational = method === 'writeHead' && Number(args[0]) < 200;
    if (isInformational || (this.#res.headersSent && method !== 'end')) return this.#pass(method, args);
    let done: MaybePromise<void>;
    try {
      done = this.#keeper.commit();
    } catch (error) {
      this.#giveUp(error);
      return full;
    }
    if (!isPromise(done)) return this.#pass(method, args);
    this.#waiting = [{ method, args }];
    const { statusCode, statusMessage } = this.#res;
    Object.defineProperty(this.#res, 'headersSent', { configurable: true, value: true });
    done.then(
      () => {
        // What has begun has its status: an error handler that comes too late does not change it.
        if (!this.#res.writableEnded) Object.assign(this.#res, { statusCode, statusMessage });
        this.#goOn();
      },
      (error: unknown) => this.#giveUp(error),
    );
    return full;
  }

  #pass(method: Method, args: unknown[]): unknown {
    const wasPassing = this.#isPassing;
    this.#isPassing = true;
    try {
      return this.#originals[method].apply(this.#res, args);
    } finally {
      this.#isPassing = wasPassing;
    }
  }

  #unmask(): void {
    this.#waiting = undefined;
    Reflect.deleteProperty(this.#res, 'headersSent');
  }

  #goOn(): void {
    const res = this.#res;
    const [first, ...others] = this.#waiting ?? [];
    this.#unmask();
    try {
      if (first !== undefined) this.#pass(first.method, first.args);
      // Before the end it is asked again: the handler went on meanwhile, and may have changed more.
      for (const { method, args } of others) this.call(method, args);
      const hasWritten = [first, ...others].some((call) => call?.method === 'write');
      if (hasWritten && !res.writableEnded) res.emit('drain');
    } catch (error) {
      res.destroy(error instanceof Error ? error : undefined);
    }
  }

  #giveUp(error: unknown): void {
    this.#hasFailed = true;
    this.#unmask();
    // An answer that has begun cannot be taken back, but it must not look whole.
    if (this.#res.headersSent) this.#res.destroy();
    else this.#keeper.refuse(error);
  }
}

/** Answers a request whose changes could not be kept: nobody is told that they were. */
export function refuseAnswer(
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  emit: (notice: EventInput) => void,
): void {
  const { gate } = contextOf(req);
  if (gate !== undefined) return gate.refuse(req, res, error);
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusMessage = '';
  if (error instanceof Refusal) {
    res.statusCode = error.status;
    for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
    res.end(error.code);
    return;
  }
  // Alone there is no error handler to tell: the answer is held back behind the app's own.
  emit(NOTICES.unkept(error));
  res.statusCode = 500;
  res.end('ERR_INTERNAL');
}
