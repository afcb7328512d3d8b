import { ConfigError } from '../errors.ts';
import { NONE, Rows } from './memory-rows.ts';
import { checkName, checkRecord, firstVersion } from './record-rules.ts';
import type { KeyedRecord, NewRecord, RecordStore, Replacement, StoredRecord } from './record-store.ts';

/** Settings of the memory store of records. */
export interface MemoryRecordOptions {
  /** How many records it keeps at most, from 1; default 100,000 (about 60 MB of sessions when full). */
  readonly maxEntries?: number;
  /** A monotonic clock, milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** The memory store, with a look at its size. It answers at once. */
export interface MemoryRecordStore extends RecordStore {
  readonly local: true;
  readonly shared: false;
  /** Records that are kept now, those that have expired but were not swept yet included. */
  readonly size: number;
  get(key: string): StoredRecord | undefined;
  insert(key: string, record: NewRecord): boolean;
  replace(key: string, version: number, record: NewRecord): Replacement;
  remove(key: string): StoredRecord | undefined;
  list(owner: string): readonly KeyedRecord[];
}

/** Rows of those with an owner, or of those without. */
interface List {
  readonly rows: number[];
  cursor: number;
}

/** Records that are looked at to find the one to give up: enough to find one near its end, few enough to be quick. */
const SAMPLE = 16;

/** Records of each list that each write tidies up: two, so that it shrinks faster than one new record a write lets it grow. */
const SWEEP = 2;

/**
 * Keeps records in this process: answers at once, keeps no timer, and holds at most `maxEntries`.
 *
 * When it is full, it gives up the record that expires soonest, of a sample of 16, and one with an owner only when all
 * have one: a flood of visitors who are nobody pushes out its own records, not the sessions of those who have logged in.
 *
 * What it holds is lost when the process ends, and no other process sees it.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` if `maxEntries` is not a whole number from 1
 * @see https://cwe.mitre.org/data/definitions/770.html
 * @example memoryRecordStore({ maxEntries: 10_000 }).insert('reset:1', { value: '', ttl: 900_000 }) // true
 */
export function memoryRecordStore(options: MemoryRecordOptions = {}): MemoryRecordStore {
  const maxEntries = options.maxEntries ?? 100_000;
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 10_000_000) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'memoryRecordStore.maxEntries',
      message: `${String(maxEntries)} is not a number of records`,
      fix: 'write a whole number from 1 to 10000000',
    });
  }
  const now = options.now ?? (() => performance.now());
  const rows = new Rows(maxEntries);
  const byKey = new Map<string, number>();
  /** The newest record of each owner; the others hang on it. A Set for each owner would take a fifth of all memory. */
  const byOwner = new Map<string, number>();
  const owned: List = { rows: [], cursor: 0 };
  const ownerless: List = { rows: [], cursor: 0 };

  /** Enters a row into the list that its owner, or that it has none, puts it in. */
  function enter(row: number, owner: string | undefined): void {
    rows.owners[row] = owner;
    rows.slots[row] = (owner === undefined ? ownerless : owned).rows.push(row) - 1;
    if (owner === undefined) return;
    const next = byOwner.get(owner) ?? NONE;
    rows.previous[row] = NONE;
    rows.next[row] = next;
    if (next !== NONE) rows.previous[next] = row;
    byOwner.set(owner, row);
  }

  function leave(row: number): void {
    const owner = rows.owners[row];
    const list = (owner === undefined ? ownerless : owned).rows;
    const last = list.pop() as number;
    if (last !== row) {
      const slot = rows.slots[row] as number;
      list[slot] = last;
      rows.slots[last] = slot;
    }
    if (owner === undefined) return;
    const previous = rows.previous[row] as number;
    const next = rows.next[row] as number;
    if (next !== NONE) rows.previous[next] = previous;
    if (previous !== NONE) rows.next[previous] = next;
    else if (next !== NONE) byOwner.set(owner, next);
    else byOwner.delete(owner);
  }

  function forget(row: number): void {
    leave(row);
    byKey.delete(rows.keys[row] as string);
    rows.give(row);
  }

  function sweep(list: List, at: number): void {
    for (let n = 0; n < SWEEP && list.rows.length > 0; n++) {
      list.cursor = (list.cursor + 1) % list.rows.length;
      const row = list.rows[list.cursor] as number;
      if (expiryOf(row) <= at) forget(row);
    }
  }

  function makeRoom(): void {
    const list = (ownerless.rows.length > 0 ? ownerless : owned).rows;
    const all = list.length <= SAMPLE;
    let victim = NONE;
    for (let n = 0; n < (all ? list.length : SAMPLE); n++) {
      const row = list[all ? n : Math.floor(Math.random() * list.length)] as number;
      if (victim === NONE || expiryOf(row) < expiryOf(victim)) victim = row;
    }
    if (victim !== NONE) forget(victim);
  }

  function expiryOf(row: number): number {
    return rows.expiries[row] as number;
  }

  /** The row of a record that has not expired; one that has is forgotten. */
  function live(key: string, at: number): number {
    checkName('key', key);
    const row = byKey.get(key);
    if (row === undefined) return NONE;
    if (expiryOf(row) > at) return row;
    forget(row);
    return NONE;
  }

  /** A copy: what a caller was given does not change when the record does. */
  function storedOf(row: number): StoredRecord {
    const value = rows.values[row] as string;
    const version = rows.versions[row] as number;
    const owner = rows.owners[row];
    return owner === undefined ? { value, version } : { value, version, owner };
  }

  return {
    local: true,
    shared: false,
    get size() {
      return byKey.size;
    },
    get(key) {
      const row = live(key, now());
      return row === NONE ? undefined : storedOf(row);
    },
    insert(key, record) {
      checkRecord(record);
      const at = now();
      if (live(key, at) !== NONE) return false;
      sweep(ownerless, at);
      sweep(owned, at);
      if (byKey.size >= maxEntries) makeRoom();
      const row = rows.take();
      const own = inOnePiece(key);
      rows.keys[row] = own;
      rows.values[row] = inOnePiece(record.value);
      rows.versions[row] = firstVersion();
      rows.expiries[row] = at + record.ttl;
      byKey.set(own, row);
      enter(row, record.owner === undefined ? undefined : inOnePiece(record.owner));
      return true;
    },
    replace(key, version, record) {
      checkRecord(record);
      const at = now();
      const row = live(key, at);
      if (row === NONE) return { replaced: false, current: undefined };
      if (rows.versions[row] !== version) return { replaced: false, current: storedOf(row) };
      if (rows.owners[row] !== record.owner) {
        leave(row);
        enter(row, record.owner === undefined ? undefined : inOnePiece(record.owner));
      }
      rows.values[row] = inOnePiece(record.value);
      rows.versions[row] = version + 1;
      rows.expiries[row] = at + record.ttl;
      return { replaced: true, version: version + 1 };
    },
    remove(key) {
      const row = live(key, now());
      if (row === NONE) return undefined;
      const removed = storedOf(row);
      forget(row);
      return removed;
    },
    list(owner) {
      checkName('owner', owner);
      const at = now();
      const records: KeyedRecord[] = [];
      for (let row = byOwner.get(owner) ?? NONE; row !== NONE; row = rows.next[row] as number) {
        if (expiryOf(row) > at) records.push({ key: rows.keys[row] as string, ...storedOf(row) });
      }
      return records;
    },
  };
}

/**
 * The same text in memory of its own. One that was put together keeps its pieces (JSON.stringify makes such), and one that
 * was cut out keeps what it was cut from, which may be a whole request body.
 */
function inOnePiece(text: string): string {
  return Buffer.from(text).toString();
}
