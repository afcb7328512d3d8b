import { Refusal } from '../../errors.ts';
import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import type { SessionService } from './service.ts';
import { readToken, type Token } from './token.ts';

/** A read that is older than this when it is needed is done again: the session may have ended while a body came. */
const FRESH = 1000;

/** The token that a request came with, and the record that it names. */
export class Presented {
  /** Undefined where there is none, or what there is cannot be one. */
  readonly token: Token | undefined;
  /** The request has several session cookies that differ: none of them is used. */
  readonly isConflict: boolean;
  readonly #service: SessionService;
  #sent: Promise<StoredRecord | undefined> | undefined;
  #sentAt = 0;

  constructor(service: SessionService, header: string | undefined) {
    const value = service.cookie.read(header);
    this.#service = service;
    this.isConflict = value === null;
    this.token = typeof value === 'string' ? readToken(value) : undefined;
  }

  /** Sends for the record, and does not wait; a store in this process is asked when it is needed. */
  send(): void {
    if (this.token === undefined || this.#service.store.local === true) return;
    this.#sentAt = performance.now();
    // Refused by the limit, nobody waits for it: its failure is nobody's either.
    this.#sent = Promise.resolve(this.#ask(this.token));
    this.#sent.catch(() => undefined);
  }

  /** The record as it is now, at once where the store is in this process. */
  read(): MaybePromise<StoredRecord | undefined> {
    const isFresh = performance.now() - this.#sentAt < FRESH;
    if (this.#sent !== undefined && isFresh) return this.#sent;
    return this.token === undefined ? undefined : this.#ask(this.token);
  }

  #ask(token: Token): MaybePromise<StoredRecord | undefined> {
    try {
      return this.#service.store.get(this.#service.keyOf(token.id));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** A store that is out of reach is no bug of the app: whoever needs the session is told to come again. */
export function unavailable(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal('ERR_UNAVAILABLE', {
    reason: 'the session cannot be read',
    headers: { 'Retry-After': '1' },
    cause: error,
  });
}
