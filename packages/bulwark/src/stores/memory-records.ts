import { ConfigError } from '../errors.ts';
import { checkName, checkRecord, firstVersion } from './record-rules.ts';
import type { KeyedRecord, NewRecord, RecordStore, Replacement, StoredRecord } from './record-store.ts';

/** Settings of the memory store of records. */
export interface MemoryRecordOptions {
  /** How many records it keeps at most, from 1; default 100,000. */
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

interface Entry {
  readonly key: string;
  value: string;
  version: number;
  owner: string | undefined;
  expiresAt: number;
  /** Its index in the list that it is in: of those with an owner, or of those without. */
  slot: number;
  /** Its neighbours among the records of its owner: a Set for each owner would be a fifth of all memory. */
  previous: Entry | undefined;
  next: Entry | undefined;
}

interface List {
  readonly entries: Entry[];
  cursor: number;
}

/** Entries that are looked at to find the one to give up: enough to find one near its end, few enough to be quick. */
const SAMPLE = 16;

/** Entries of each list that each write tidies up: two, so that it shrinks faster than one new record a write lets it grow. */
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
  const byKey = new Map<string, Entry>();
  /** The newest record of each owner; the others hang on it. */
  const byOwner = new Map<string, Entry>();
  const owned: List = { entries: [], cursor: 0 };
  const ownerless: List = { entries: [], cursor: 0 };

  const listOf = (entry: Entry): List => (entry.owner === undefined ? ownerless : owned);

  function add(entry: Entry): void {
    entry.slot = listOf(entry).entries.push(entry) - 1;
    if (entry.owner === undefined) return;
    const next = byOwner.get(entry.owner);
    entry.next = next;
    if (next !== undefined) next.previous = entry;
    byOwner.set(entry.owner, entry);
  }

  function take(entry: Entry): void {
    const { entries } = listOf(entry);
    const last = entries.pop();
    if (last !== undefined && last !== entry) {
      entries[entry.slot] = last;
      last.slot = entry.slot;
    }
    if (entry.owner === undefined) return;
    const { previous, next } = entry;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (next !== undefined) byOwner.set(entry.owner, next);
    else byOwner.delete(entry.owner);
    entry.previous = undefined;
    entry.next = undefined;
  }

  function forget(entry: Entry): void {
    take(entry);
    byKey.delete(entry.key);
  }

  function sweep(list: List, at: number): void {
    for (let n = 0; n < SWEEP && list.entries.length > 0; n++) {
      list.cursor = (list.cursor + 1) % list.entries.length;
      const entry = list.entries[list.cursor] as Entry;
      if (entry.expiresAt <= at) forget(entry);
    }
  }

  function makeRoom(): void {
    const { entries } = ownerless.entries.length > 0 ? ownerless : owned;
    const all = entries.length <= SAMPLE;
    let victim: Entry | undefined;
    for (let n = 0; n < (all ? entries.length : SAMPLE); n++) {
      const entry = entries[all ? n : Math.floor(Math.random() * entries.length)] as Entry;
      if (victim === undefined || entry.expiresAt < victim.expiresAt) victim = entry;
    }
    if (victim !== undefined) forget(victim);
  }

  /** The entry, unless it has expired: then it is forgotten. */
  function live(key: string, at: number): Entry | undefined {
    checkName('key', key);
    const entry = byKey.get(key);
    if (entry === undefined || entry.expiresAt > at) return entry;
    forget(entry);
    return undefined;
  }

  return {
    local: true,
    shared: false,
    get size() {
      return byKey.size;
    },
    get(key) {
      const entry = live(key, now());
      return entry && storedOf(entry);
    },
    insert(key, record) {
      checkRecord(record);
      const at = now();
      if (live(key, at) !== undefined) return false;
      sweep(ownerless, at);
      sweep(owned, at);
      if (byKey.size >= maxEntries) makeRoom();
      const entry: Entry = {
        key: inOnePiece(key),
        value: inOnePiece(record.value),
        version: firstVersion(),
        owner: record.owner === undefined ? undefined : inOnePiece(record.owner),
        expiresAt: at + record.ttl,
        slot: 0,
        previous: undefined,
        next: undefined,
      };
      byKey.set(entry.key, entry);
      add(entry);
      return true;
    },
    replace(key, version, record) {
      checkRecord(record);
      const at = now();
      const entry = live(key, at);
      if (entry?.version !== version) return { replaced: false, current: entry && storedOf(entry) };
      if (entry.owner !== record.owner) {
        take(entry);
        entry.owner = record.owner === undefined ? undefined : inOnePiece(record.owner);
        add(entry);
      }
      entry.value = inOnePiece(record.value);
      entry.version += 1;
      entry.expiresAt = at + record.ttl;
      return { replaced: true, version: entry.version };
    },
    remove(key) {
      const entry = live(key, now());
      if (entry !== undefined) forget(entry);
      return entry && storedOf(entry);
    },
    list(owner) {
      checkName('owner', owner);
      const at = now();
      const records: KeyedRecord[] = [];
      for (let entry = byOwner.get(owner); entry !== undefined; entry = entry.next) {
        if (entry.expiresAt > at) records.push({ key: entry.key, ...storedOf(entry) });
      }
      return records;
    },
  };
}

/** A copy: what a caller was given does not change when the record does. */
function storedOf({ value, version, owner }: Entry): StoredRecord {
  return owner === undefined ? { value, version } : { value, version, owner };
}

/**
 * The same text in memory of its own. One that was put together keeps its pieces (JSON.stringify makes such), and one that
 * was cut out keeps what it was cut from, which may be a whole request body.
 */
function inOnePiece(text: string): string {
  return Buffer.from(text).toString();
}
