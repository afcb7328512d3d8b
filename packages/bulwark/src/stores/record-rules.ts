import type { NewRecord } from './record-store.ts';

/** The longest key and the longest owner, in bytes of UTF-8. */
const MAX_NAME_BYTES = 512;

/** The largest value, in bytes of UTF-8. */
const MAX_VALUE_BYTES = 1_048_576;

/** The longest ttl, in milliseconds: 100 years. What is longer is a mistake in a unit. */
const MAX_TTL = 100 * 365 * 86_400_000;

/** One UTF-16 unit takes at most so many bytes of UTF-8: what is short enough by that need not be measured. */
const BYTES_PER_UNIT = 3;

/**
 * Refuses a key or an owner that a store could not keep as it is. A database may cut what is too long, and writes the same
 * replacement character for every unpaired surrogate: two names would then be one, and somebody's record another's.
 *
 * @param what - for the message; the name itself is never in it
 * @throws RangeError
 * @see https://cwe.mitre.org/data/definitions/20.html
 * @example checkName('key', `session:${hash}`)
 */
export function checkName(what: 'key' | 'owner', name: string): void {
  if (!fits(name, MAX_NAME_BYTES)) throw new RangeError(`The ${what} of a record is over ${MAX_NAME_BYTES} bytes`);
  if (!name.isWellFormed()) throw new RangeError(`The ${what} of a record has an unpaired surrogate`);
}

/**
 * Refuses a record that a store could not keep as it is: one that is too large, or whose ttl is no time.
 *
 * @throws RangeError
 * @example checkRecord({ value: '', ttl: 90_000 })
 */
export function checkRecord(record: NewRecord): void {
  if (!fits(record.value, MAX_VALUE_BYTES)) throw new RangeError('The value of a record is over 1 MiB');
  if (!record.value.isWellFormed()) throw new RangeError('The value of a record has an unpaired surrogate');
  if (!(record.ttl >= 1 && record.ttl <= MAX_TTL)) {
    throw new RangeError(`A ttl is from 1 to ${MAX_TTL} milliseconds, not ${String(record.ttl)}`);
  }
  if (record.owner !== undefined) checkName('owner', record.owner);
}

function fits(text: string, bytes: number): boolean {
  return text.length * BYTES_PER_UNIT <= bytes || (text.length <= bytes && Buffer.byteLength(text) <= bytes);
}

/**
 * The version that a record begins with: one of 2^52, so that whoever still holds the version of an earlier record under
 * the same key cannot replace this one by accident. It is no secret.
 */
export function firstVersion(): number {
  return 1 + Math.floor(Math.random() * 2 ** 52);
}
