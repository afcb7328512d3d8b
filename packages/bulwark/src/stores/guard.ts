import { Refusal } from '../errors.ts';
import { type Emit, emitAsWarning } from '../events.ts';
import { type Breaker, createBreaker, nameOfError, type OutageOptions, type OutageWords } from './breaker.ts';
import { limitsWithFallback } from './limits-fallback.ts';
import { memoryRateLimitStore } from './memory-rate-limit.ts';
import { checkName, checkRecord } from './record-rules.ts';
import type { KeyedRecord, MaybePromise, RecordStore, Replacement, StoredRecord } from './record-store.ts';
import type { Stores } from './stores.ts';

/** Where the events of an outage go; read when one is sent. Default: process warnings. */
export interface GuardServices {
  readonly emit: Emit;
}

const ALONE: GuardServices = { emit: emitAsWarning };

/**
 * Puts a breaker before records that can be out of reach.
 *
 * A store that throws, rejects, answers nonsense or takes longer than `timeout` is left alone, and one event says so.
 * From then on each call fails at once, with a `Refusal` of status 503: a request that needs no record goes on. Once in
 * `retry` milliseconds the store is asked for a record that is not there; when it answers that in time, it is used again.
 *
 * A call that failed **may have been carried out**, at once or later: only its answer is missing. `insert` that failed may
 * have inserted, `replace` may have replaced, and a `remove` that failed may have removed the record without giving it to
 * anybody. Whoever calls refuses the request then; it never goes on as if nothing had happened.
 *
 * A store in this process is returned as it is, and so is one with a breaker before it.
 *
 * @throws Refusal `ERR_UNAVAILABLE`, from each call while the store is out of reach; RangeError for keys and records that
 *   no store keeps
 * @see https://cwe.mitre.org/data/definitions/636.html, ASVS 5.0 16.5.2
 * @example const records = guardRecords(myStore, { emit }, { timeout: 100 })
 */
export function guardRecords(
  store: RecordStore,
  services: GuardServices = ALONE,
  options: OutageOptions = {},
): RecordStore {
  if (store.local === true || isGuarded(store)) return store;
  return recordsBehind(createBreaker(services, OF_RECORDS, options), store);
}

const guarded = new WeakMap<Stores, { emit: Emit }>();

/**
 * Puts one breaker before all that lives in one place: records are refused and limits counted in this process while it is
 * out of reach, and one event tells of each change. `ready()` answers within two seconds.
 *
 * Stores in this process are returned as they are, and so are those that are guarded already: their events go to the new
 * `services` then.
 *
 * @example const stores = guardStores({ kind: 'mine', records, limits, shared: true, ready, close }, { emit })
 */
export function guardStores(stores: Stores, services: GuardServices = ALONE, options: OutageOptions = {}): Stores {
  const known = guarded.get(stores);
  if (known !== undefined) {
    known.emit = services.emit;
    return stores;
  }
  if (stores.records.local === true) return stores;
  const own = { emit: services.emit };
  const breaker = createBreaker(own, wordsOf(stores.kind), options);
  const safe: Stores = {
    kind: stores.kind,
    shared: stores.shared,
    records: recordsBehind(breaker, stores.records),
    limits:
      stores.limits.local === true ? stores.limits : limitsWithFallback(stores.limits, breaker, memoryRateLimitStore()),
    async ready() {
      try {
        await stores.ready();
      } catch (error) {
        breaker.trip(error);
        throw error;
      }
    },
    async close() {
      breaker.end();
      await stores.close();
    },
  };
  guarded.set(safe, own);
  return safe;
}

const OF_RECORDS: OutageWords = {
  practice: 'sessions',
  down: 'the record store is out of reach: what needs a record is refused',
  up: 'the record store answers again and is used again',
};

function wordsOf(kind: string): OutageWords {
  return {
    // Each app limits; a gate with sessions says that it is theirs.
    practice: 'rate-limit',
    down: `the ${kind} store is out of reach: limits are counted in this process, and what needs a record is refused`,
    up: `the ${kind} store answers again and is used again`,
  };
}

/** A key that nobody uses: what it is asked for costs nothing and changes nothing. */
const PROBE = 'probe';

const safeRecords = new WeakSet<RecordStore>();

/** True for records with a breaker before them: what they reject with while they are out of reach is a `Refusal`. */
export function isGuarded(store: RecordStore): boolean {
  return safeRecords.has(store);
}

/** Puts this breaker before records, for what {@link guardRecords} says. */
export function recordsBehind(breaker: Breaker, store: RecordStore): RecordStore {
  function call<T>(ask: () => MaybePromise<T>, checked: (answer: T) => T): MaybePromise<T> {
    if (breaker.isDown) {
      // A read, whatever was to be done: nobody waits for a probe, so a write would be carried out without its caller.
      breaker.probe(() => store.get(PROBE), checkedRecord);
      return Promise.reject(unavailable());
    }
    return breaker.attempt(ask, checked, (error) => Promise.reject(unavailable(error)));
  }

  const safe: RecordStore = {
    ...(store.shared === undefined ? {} : { shared: store.shared }),
    get(key) {
      checkName('key', key);
      return call(() => store.get(key), checkedRecord);
    },
    insert(key, record) {
      checkName('key', key);
      checkRecord(record);
      return call(() => store.insert(key, record), checkedFlag);
    },
    replace(key, version, record) {
      checkName('key', key);
      checkRecord(record);
      return call(() => store.replace(key, version, record), checkedReplacement);
    },
    remove(key) {
      checkName('key', key);
      return call(() => store.remove(key), checkedRecord);
    },
    list(owner) {
      checkName('owner', owner);
      return call(() => store.list(owner), checkedList);
    },
    close() {
      breaker.end();
      return store.close?.();
    },
  };
  safeRecords.add(safe);
  return safe;
}

function unavailable(error?: unknown): Refusal {
  // The store's own refusals are answers; of a driver's error only what is safe to log.
  if (error instanceof Refusal) return error;
  return new Refusal('ERR_UNAVAILABLE', {
    reason: 'the store that this needs is out of reach',
    headers: { 'Retry-After': '1' },
    ...(error === undefined ? {} : { cause: nameOfError(error) }),
  });
}

// An answer decides who is logged in: one that cannot be read is worth as little as none, and is not "nothing there".
function checkedRecord(answer: StoredRecord | undefined): StoredRecord | undefined {
  if (answer === undefined || isRecord(answer)) return answer;
  throw unreadable();
}

function checkedFlag(answer: boolean): boolean {
  if (typeof answer === 'boolean') return answer;
  throw unreadable();
}

function checkedReplacement(answer: Replacement): Replacement {
  if (answer.replaced === true && Number.isSafeInteger(answer.version)) return answer;
  if (answer.replaced === false && (answer.current === undefined || isRecord(answer.current))) return answer;
  throw unreadable();
}

function checkedList(answer: readonly KeyedRecord[]): readonly KeyedRecord[] {
  const isList: boolean = Array.isArray(answer);
  if (isList && answer.every((record) => isRecord(record) && typeof record.key === 'string')) return answer;
  throw unreadable();
}

function isRecord(answer: StoredRecord): boolean {
  return typeof answer === 'object' && typeof answer?.value === 'string' && Number.isSafeInteger(answer.version);
}

function unreadable(): TypeError {
  return new TypeError('the store gave an answer that cannot be read');
}
