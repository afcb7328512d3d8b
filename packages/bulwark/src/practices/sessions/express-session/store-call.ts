import { ConfigError } from '../../../errors.ts';

/** What a callback of a Store may be called with. */
export type StoreCallback<T> = (error?: unknown, value?: T) => void;

/**
 * A Store of express-session: connect-redis, connect-pg-simple, memorystore, express-session's own MemoryStore and some
 * fifty others. Only the methods that are used here; `touch` is not needed, because a replacement carries its own lifetime.
 *
 * @see https://expressjs.com/en/resources/middleware/session.html#session-store-implementation
 */
export interface ExpressSessionStore {
  get(sid: string, callback: (error: unknown, session?: never) => void): unknown;
  set(sid: string, session: never, callback?: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
  all?(callback: (error: unknown, sessions?: never) => void): unknown;
  on?(event: never, listener: never): unknown;
}

/** An {@link ExpressSessionStore} as it is called here. */
export interface CallableStore {
  get(sid: string, callback: StoreCallback<unknown>): unknown;
  set(sid: string, session: object, callback: StoreCallback<unknown>): unknown;
  destroy(sid: string, callback: StoreCallback<unknown>): unknown;
  all?(callback: StoreCallback<unknown>): unknown;
  on?(event: string, listener: (...args: unknown[]) => void): unknown;
}

/**
 * Makes sure that it is a Store.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` naming the method that is not there
 */
export function callableStore(store: unknown, field: string): CallableStore {
  for (const method of ['get', 'set', 'destroy'] as const) {
    if (typeof (store as Partial<CallableStore> | null | undefined)?.[method] === 'function') continue;
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: `it has no ${method}(), so it is no Store of express-session`,
      fix: 'pass an instance, such as new RedisStore({ client }): not the class, not its options',
    });
  }
  return store as CallableStore;
}

/**
 * Calls a Store and waits for its callback. The first answer counts, further ones are dropped; a throw and a rejected
 * promise count as errors. It may wait for ever: whoever asks has to bound it.
 */
export function callStore<T>(call: (callback: StoreCallback<T>) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const settle: StoreCallback<T> = (error, value) => {
      if (error === undefined || error === null || error === false) resolve(value);
      else reject(error instanceof Error ? error : new Error('the session store failed', { cause: error }));
    };
    try {
      const returned = call(settle);
      // An async method that rejects would otherwise end the process, and its callback never comes.
      if (isThenable(returned)) returned.then(undefined, (error: unknown) => settle(error ?? new Error('rejected')));
    } catch (error) {
      settle(error ?? new Error('thrown'));
    }
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * Reads one session; undefined where there is none.
 *
 * Stores that keep files say ENOENT for a session that is not there, and express-session takes that for none. The same
 * code from a connection means that a socket is not there: that is an outage, and stays an error.
 */
export async function readSession(store: CallableStore, sid: string): Promise<unknown> {
  try {
    return (await callStore<unknown>((done) => store.get(sid, done))) ?? undefined;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && syscall !== 'connect') return undefined;
    throw error;
  }
}

/** Rejects after `ms`, without holding the process. What was begun goes on: it cannot be taken back. */
export function within<T>(ms: number, work: Promise<T>, onTimeout?: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      onTimeout?.();
      reject(new Error(`the session store did not answer within ${ms} ms`));
    }, ms);
    timer.unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
