import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../errors.ts';
import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import { NOTICES } from './notices.ts';
import type { SessionService } from './service.ts';
import { readToken, type Token } from './token.ts';

/** A read that is older than this when it is needed is done again: the session may have ended while a body came. */
const FRESH = 1000;

/** What a request asks the store for: the record that its cookie names, if it names one. */
export class Lookup {
  /** Undefined for a visitor without a cookie, and for whatever is no token: the store is not asked for it. */
  readonly token: Token | undefined;
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  #hasConflict: boolean;
  #sent: Promise<StoredRecord | undefined> | undefined;
  #sentAt = 0;

  constructor(service: SessionService, req: IncomingMessage) {
    this.#service = service;
    this.#req = req;
    const value = service.cookie.read(req.headers.cookie);
    this.#hasConflict = value === null;
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

  /** The record, as it is now. */
  answer(token: Token): MaybePromise<StoredRecord | undefined> {
    const isFresh = this.#sent !== undefined && performance.now() - this.#sentAt < FRESH;
    return isFresh && this.#sent !== undefined ? this.#sent : this.#ask(token);
  }

  /** Tells of cookies that contradict each other: once, and of no request that a limit has refused. */
  sayConflict(): void {
    if (!this.#hasConflict) return;
    this.#hasConflict = false;
    this.#service.emit(NOTICES.conflict(), this.#req);
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
