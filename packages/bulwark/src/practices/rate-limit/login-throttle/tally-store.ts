import { isPromise } from '../../../stores/maybe-promise.ts';
import type { MaybePromise, NewRecord, RecordStore, StoredRecord } from '../../../stores/record-store.ts';
import {
  CLEAN,
  type Counting,
  count,
  type DelayRule,
  decode,
  encode,
  levelAt,
  type Tally,
  takeBack,
  waitOf,
} from './delay.ts';

/** One key: where it is kept, how its delays grow, and what the store said of it. */
export interface Key {
  readonly key: string;
  readonly rule: DelayRule;
  readonly owner?: string;
  /** How long it is kept at least, milliseconds. */
  readonly keep: number;
  /** What was read; undefined where there is no record. */
  readonly seen: StoredRecord | undefined;
  /** The account that is tried, where a key remembers them. */
  readonly account?: string;
  /** Judged at each try: what was clean when it was read may not be any more. */
  readonly admits?: (tally: Tally) => boolean;
  /** True for a record that must be there already: a device that was forgotten does not come back by being counted. */
  readonly mustExist?: boolean;
}

/** An attempt that was counted on one key. */
export interface Taken {
  readonly key: Key;
  readonly before: Tally;
  readonly at: number;
  readonly mark: string;
}

/** How counting went: what was taken, or the milliseconds until the next attempt. */
export type Outcome = { readonly taken: Taken } | { readonly wait: number };

/** Each lost race means that somebody else was counted; who loses this many is one of many, and is told to wait. */
const TRIES = 5;
const CONTENDED = 1000;

/** The tally of a record; {@link CLEAN} where there is none. */
export function tallyOf(seen: StoredRecord | undefined): Tally {
  return seen === undefined ? CLEAN : decode(seen.value);
}

/**
 * Counts an attempt as a failure, in one atomic step, if the key lets it: so of two that come at the same time the second
 * is judged by what the first has left.
 *
 * Nothing is awaited where the store answers at once, so in one process there are no races at all.
 *
 * @param attempt.force - counts although the key would have it wait
 */
export async function countIn(
  store: RecordStore,
  key: Key,
  now: number,
  attempt: { readonly mark: string; readonly isGuess: boolean; readonly force?: boolean },
): Promise<Outcome> {
  const { mark, isGuess, force } = attempt;
  const counting: Counting = key.account === undefined ? { mark, isGuess } : { mark, isGuess, account: key.account };
  let { seen } = key;
  for (let tries = 0; tries < TRIES; tries++) {
    if (seen === undefined && key.mustExist === true) break;
    const before = tallyOf(seen);
    const wait = force === true ? 0 : waitOf(before, key.rule, now);
    if (wait > 0) return { wait };
    if (key.admits?.(before) === false) return { wait: CONTENDED };
    const record = recordOf(key, count(before, key.rule, now, counting), now);
    const written = write(store, key.key, seen, record);
    const { done, current } = isPromise(written) ? await written : written;
    if (done) return { taken: { key, before, at: now, mark } };
    seen = current;
  }
  return { wait: CONTENDED };
}

/** Takes back what was counted. What cannot be taken back stays counted. */
export async function takeBackIn(store: RecordStore, { key, before, at, mark }: Taken, now: number): Promise<void> {
  const read = store.get(key.key);
  let seen = isPromise(read) ? await read : read;
  for (let tries = 0; tries < TRIES && seen !== undefined; tries++) {
    const tally = takeBack(tallyOf(seen), { before, at, mark }, key.rule, now);
    const written = write(store, key.key, seen, recordOf(key, tally, now));
    const { done, current } = isPromise(written) ? await written : written;
    if (done) return;
    seen = current;
  }
}

interface Written {
  readonly done: boolean;
  readonly current: StoredRecord | undefined;
}

function write(
  store: RecordStore,
  key: string,
  seen: StoredRecord | undefined,
  record: NewRecord,
): MaybePromise<Written> {
  if (seen !== undefined) {
    const answer = store.replace(key, seen.version, record);
    const read = (replacement: Awaited<typeof answer>): Written =>
      replacement.replaced ? { done: true, current: undefined } : { done: false, current: replacement.current };
    return isPromise(answer) ? answer.then(read) : read(answer);
  }
  const inserted = store.insert(key, record);
  if (isPromise(inserted)) {
    return inserted.then(async (done) => ({ done, current: done ? undefined : await store.get(key) }));
  }
  const current = inserted ? undefined : store.get(key);
  return isPromise(current)
    ? current.then((found) => ({ done: inserted, current: found }))
    : { done: inserted, current };
}

/** A key is kept until all of its failures are forgotten, so that a full store gives up those that matter least first. */
function recordOf(key: Key, tally: Tally, now: number): NewRecord {
  const ttl = Math.ceil(Math.max(key.keep, levelAt(tally, key.rule, now) * key.rule.longest, 1000));
  const value = encode(tally);
  return key.owner === undefined ? { value, ttl } : { value, ttl, owner: key.owner };
}
