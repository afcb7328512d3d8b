import { Refusal } from '../../errors.ts';
import type { MaybePromise, RecordStore } from '../../stores/record-store.ts';

/** The calls of a record store that tokens need; what fails is a 503. */
export type Records = Pick<RecordStore, 'get' | 'insert' | 'replace' | 'remove' | 'list'>;

/**
 * A record store whose failures refuse the request: what cannot be asked whether a token was revoked has not said no.
 *
 * @example const records = failClosed(services.stores.records)
 */
export function failClosed(store: RecordStore): Records {
  return {
    get: (key) => ask(() => store.get(key)),
    insert: (key, record) => ask(() => store.insert(key, record)),
    replace: (key, version, record) => ask(() => store.replace(key, version, record)),
    remove: (key) => ask(() => store.remove(key)),
    list: (owner) => ask(() => store.list(owner)),
  };
}

function ask<T>(call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    const answer = call();
    return answer instanceof Promise ? answer.catch(refuse) : answer;
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  // A store behind a breaker refuses by itself, and says when to come back.
  throw error instanceof Refusal ? error : unavailable('what tokens are checked against is out of reach', error);
}

/** A refusal with 503. */
export function unavailable(reason: string, cause?: unknown): Refusal {
  return new Refusal('ERR_UNAVAILABLE', { reason, headers: { 'Retry-After': '5' }, cause });
}
