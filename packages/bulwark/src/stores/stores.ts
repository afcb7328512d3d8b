import type { RateLimitStore } from './rate-limit-store.ts';
import type { RecordStore } from './record-store.ts';

/** The stores of one place: a Redis server, a database, a file, or this process. */
export interface Stores {
  /** What it is, for events and messages: `redis`, `postgres`, `mysql`, `sqlite`, `memory`. Never an address. */
  readonly kind: string;
  /** Sessions, single-use records, refresh tokens, revocations, throttles. */
  readonly records: RecordStore;
  /** Rate limits. */
  readonly limits: RateLimitStore;
  /** True where other processes see the same state. */
  readonly shared: boolean;
  /** Resolves once it can be used: connected, tables made. Rejects with what is wrong. Each call asks again. */
  ready(): Promise<void>;
  /** Frees what it holds open. A client that was handed in is left open: whoever opened it closes it. */
  close(): Promise<void>;
}
