/** An answer that a store in this process gives at once, and any other later. */
export type MaybePromise<T> = T | Promise<T>;

/** What is to be kept. */
export interface NewRecord {
  /** Text; up to 1 MiB. A store does not look into it. */
  readonly value: string;
  /** Milliseconds from now until the store forgets the record by itself, by the store's own clock; from 1 to 100 years. */
  readonly ttl: number;
  /** Whose it is: {@link RecordStore.list} finds it by that. A record keeps the owner that it was replaced with last. */
  readonly owner?: string;
}

/** What is kept. */
export interface StoredRecord {
  readonly value: string;
  /**
   * A positive safe integer; each replacement adds 1. It begins at random, so that it is none that an earlier record under
   * this key had: who holds the version of a record that was removed or has expired never replaces the one that came after.
   */
  readonly version: number;
  readonly owner?: string;
}

/** A record with its key. */
export interface KeyedRecord extends StoredRecord {
  readonly key: string;
}

/** How a replacement went. `current` is undefined where the record is gone: removed, or expired. */
export type Replacement =
  | { readonly replaced: true; readonly version: number }
  | { readonly replaced: false; readonly current: StoredRecord | undefined };

/**
 * Where state lives that must outlast a request: sessions, single-use records (a reset token, a code that was used, the id
 * of a token that was revoked), refresh tokens, throttles. One store serves all of them: keys begin with what they are for.
 *
 * Each call is **one atomic step**, on every store. From these steps follows what the callers promise:
 *
 * - `replace` never brings a record back that was removed, so a request in flight cannot revive an ended session; and of
 *   two that replace the same version one is told so, so no update is lost;
 * - `insert` and `remove` succeed for one caller only, so what may be used once is used once.
 *
 * A store that can answer at once must not return a promise. A store that is out of reach throws or rejects; it never
 * answers as if there were nothing. Keys and owners are any text up to 512 bytes of UTF-8 and are compared byte by byte;
 * what does not fit (longer, or with an unpaired surrogate; a larger value; a ttl that is no time) is a `RangeError`.
 *
 * `test/support/record-store-contract.ts` in this repository is the contract as tests; each store passes it.
 *
 * @see https://cwe.mitre.org/data/definitions/362.html, ASVS 5.0 7.2.1
 * @example
 * const first = await store.insert(`totp:${user}:${step}`, { value: '', ttl: 90_000 })
 * if (!first) throw new Error('this code was used')
 */
export interface RecordStore {
  /** The record; undefined where there is none, or where it has expired. */
  get(key: string): MaybePromise<StoredRecord | undefined>;
  /** Keeps a record where there is none under this key. False where there is one: nothing is changed then. */
  insert(key: string, record: NewRecord): MaybePromise<boolean>;
  /** Replaces the record if it still has this version; its ttl begins anew. */
  replace(key: string, version: number, record: NewRecord): MaybePromise<Replacement>;
  /** Removes the record, whatever its version, and gives it to the one caller that removed it. */
  remove(key: string): MaybePromise<StoredRecord | undefined>;
  /** The records of an owner that have not expired, in no particular order. */
  list(owner: string): MaybePromise<readonly KeyedRecord[]>;
  /** True where it lives in this process and so cannot be out of reach. */
  readonly local?: boolean;
  /** True where other processes see the same records. */
  readonly shared?: boolean;
  /** Frees what it holds open. */
  close?(): MaybePromise<void>;
}
