import { describe, expect, it } from 'vitest';
import { recordStoreContract } from '../../test/support/record-store-contract.ts';
import { Refusal } from '../errors.ts';
import type { EventInput } from '../events.ts';
import { guardRecords, guardStores } from './guard.ts';
import { memoryRateLimitStore } from './memory-rate-limit.ts';
import { memoryRecordStore } from './memory-records.ts';
import { memoryStores } from './memory-stores.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from './rate-limit-store.ts';
import type { MaybePromise, RecordStore, StoredRecord } from './record-store.ts';
import type { Stores } from './stores.ts';

type Mood = 'answers' | 'throws' | 'rejects' | 'hangs' | 'talks nonsense' | 'refuses';

const SECRET = 'redis://user:secret@host';

/** Answers one call after the other, each after a while: a burst waits in a queue. */
function slowly(ms: number): RecordStore {
  const inner = memoryRecordStore();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => T): Promise<T> => {
    const done = last.then(() => new Promise((resolve) => setTimeout(resolve, ms))).then(work);
    last = done;
    return done;
  };
  return {
    shared: true,
    get: (key) => inTurn(() => inner.get(key)),
    insert: (key, record) => inTurn(() => inner.insert(key, record)),
    replace: (key, version, record) => inTurn(() => inner.replace(key, version, record)),
    remove: (key) => inTurn(() => inner.remove(key)),
    list: (owner) => inTurn(() => inner.list(owner)),
  };
}

describe('a store that is busy', () => {
  it('is not out of reach: of a burst only those fail that wait too long, and nobody after them', async () => {
    const events: EventInput[] = [];
    const store = guardRecords(slowly(20), { emit: (event) => void events.push(event) }, { timeout: 200 });
    const burst = await Promise.allSettled(Array.from({ length: 100 }, async (_, i) => store.get(`key ${i}`)));
    const failed = burst.filter(({ status }) => status === 'rejected').length;
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(100);
    expect(events).toEqual([]);
  });

  it('control: one that answers nobody in time is', async () => {
    const events: EventInput[] = [];
    const store = guardRecords(slowly(400), { emit: (event) => void events.push(event) }, { timeout: 200 });
    await expect(store.get('key')).rejects.toThrow(Refusal);
    expect(events).toHaveLength(1);
  });
});

/** A place somewhere else, as good or bad as its mood. */
class FakePlace {
  mood: Mood = 'answers';
  /** Every call, by name and key. */
  readonly asked: string[] = [];
  /** Calls that hang: each can be answered late. */
  readonly late: (() => void)[] = [];
  #memory = memoryRecordStore();
  #counts = memoryRateLimitStore();

  #answer<T>(name: string, work: () => T): MaybePromise<T> {
    this.asked.push(name);
    if (this.mood === 'throws') throw new Error(SECRET);
    if (this.mood === 'rejects') return Promise.reject(Object.assign(new Error(SECRET), { code: 'ECONNRESET' }));
    if (this.mood === 'hangs') return new Promise((resolve) => this.late.push(() => resolve(work())));
    if (this.mood === 'talks nonsense') return Promise.resolve('nonsense' as T);
    if (this.mood === 'refuses') return Promise.reject(new Refusal('ERR_UNAVAILABLE', { reason: 'too many' }));
    return Promise.resolve(work());
  }

  readonly records: RecordStore = {
    shared: true,
    get: (key) => this.#answer(`get ${key}`, () => this.#memory.get(key)),
    insert: (key, record) => this.#answer(`insert ${key}`, () => this.#memory.insert(key, record)),
    replace: (key, version, record) => this.#answer(`replace ${key}`, () => this.#memory.replace(key, version, record)),
    remove: (key) => this.#answer(`remove ${key}`, () => this.#memory.remove(key)),
    list: (owner) => this.#answer(`list ${owner}`, () => this.#memory.list(owner)),
  };

  readonly limits: RateLimitStore = {
    consume: (key, cost, rule, now) => this.#answer(`consume ${key}`, () => this.#counts.consume(key, cost, rule, now)),
    refund: async () => undefined,
  };

  readonly stores: Stores = {
    kind: 'fake',
    shared: true,
    records: this.records,
    limits: this.limits,
    ready: async () => {
      await this.#answer('ready', () => undefined);
    },
    close: async () => void this.asked.push('close'),
  };
}

const RULE: RateLimitRule = { limit: 3, window: 60_000 };
const TIMEOUT = 20;

function setUp() {
  const place = new FakePlace();
  const events: EventInput[] = [];
  const clock = { time: 0 };
  const options = { timeout: TIMEOUT, clock: () => clock.time };
  const stores = guardStores(place.stores, { emit: (event) => events.push(event) }, options);
  const get = async (): Promise<StoredRecord | undefined> => stores.records.get('a');
  const consume = async (): Promise<RateLimitResult> => stores.limits.consume('k', 1, RULE, 0);
  const levels = (): string[] => events.map(({ level }) => level);
  return { place, events, clock, stores, get, consume, levels };
}

const settle = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const FAILURES = ['throws', 'rejects', 'hangs', 'talks nonsense'] as const;

recordStoreContract('guardRecords around a store that answers', () => {
  let time = 0;
  const memory = memoryRecordStore({ now: () => time });
  const far: RecordStore = {
    get: async (key) => memory.get(key),
    insert: async (key, record) => memory.insert(key, record),
    replace: async (key, version, record) => memory.replace(key, version, record),
    remove: async (key) => memory.remove(key),
    list: async (owner) => memory.list(owner),
  };
  return {
    store: guardRecords(far, { emit: (event) => expect.fail(event.description) }, { timeout: 5000 }),
    advance: (ms) => {
      time += ms;
    },
  };
});

describe.each(FAILURES)('a place that %s', (mood) => {
  const calls: [string, (store: RecordStore) => unknown][] = [
    ['get', (store) => store.get('a')],
    ['insert', (store) => store.insert('a', { value: '', ttl: 1000 })],
    ['replace', (store) => store.replace('a', 1, { value: '', ttl: 1000 })],
    ['remove', (store) => store.remove('a')],
    ['list', (store) => store.list('a')],
  ];

  it.each(calls)('answers %s with 503, says so in one event, and gives nothing away', async (_, call) => {
    const { place, stores, events } = setUp();
    place.mood = mood;
    const error = await Promise.resolve(call(stores.records)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({ code: 'ERR_UNAVAILABLE', status: 503, headers: { 'Retry-After': '1' } });
    expect(events).toMatchObject([{ event: 'sys_error', level: 'CRITICAL' }]);
    expect(`${JSON.stringify(events)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(
      'secret',
    );
  });

  it('is left alone between probes, whoever asks; one breaker serves records and limits', async () => {
    const { place, get, consume, clock, levels } = setUp();
    place.mood = mood;
    await expect(get()).rejects.toBeInstanceOf(Refusal);
    place.asked.length = 0;
    for (let i = 0; i < 20; i++) await expect(get()).rejects.toBeInstanceOf(Refusal);
    for (let i = 0; i < 20; i++) await consume();
    expect(place.asked).toEqual([]);
    clock.time = 1000;
    for (let i = 0; i < 20; i++) await expect(get()).rejects.toBeInstanceOf(Refusal);
    expect(place.asked).toEqual(['get probe']);
    await settle(TIMEOUT * 2);
    clock.time = 2000;
    for (let i = 0; i < 20; i++) await consume();
    expect(place.asked).toEqual(['get probe', 'consume k']);
    expect(levels()).toEqual(['CRITICAL']);
  });

  it('is used again once a probe was answered in time', async () => {
    const { place, get, consume, clock, levels } = setUp();
    place.mood = mood;
    await consume();
    place.mood = 'answers';
    clock.time = 1000;
    await expect(get()).rejects.toBeInstanceOf(Refusal);
    await settle();
    expect(await get()).toBeUndefined();
    expect(levels()).toEqual(['CRITICAL', 'INFO']);
  });

  it('leaves requests limited, at the same limit', async () => {
    const { place, consume } = setUp();
    place.mood = mood;
    const results = await Promise.all(Array.from({ length: 10 }, consume));
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(3);
  });

  it('is down from the start where it is not ready', async () => {
    const { place, stores, get, levels } = setUp();
    place.mood = mood === 'hangs' || mood === 'talks nonsense' ? 'rejects' : mood;
    await expect(stores.ready()).rejects.toThrow();
    place.asked.length = 0;
    await expect(get()).rejects.toBeInstanceOf(Refusal);
    expect(place.asked).toEqual([]);
    expect(levels()).toEqual(['CRITICAL']);
  });
});

describe('guardStores', () => {
  it('never probes with a write: nobody would know of it', async () => {
    const { place, stores, clock } = setUp();
    place.mood = 'rejects';
    await expect(stores.records.get('a')).rejects.toThrow();
    place.mood = 'answers';
    place.asked.length = 0;
    clock.time = 1000;
    await expect(stores.records.insert('a', { value: '', ttl: 1000 })).rejects.toBeInstanceOf(Refusal);
    await settle();
    expect(place.asked).toEqual(['get probe']);
    expect(await stores.records.get('a')).toBeUndefined();
  });

  it('takes no late answer, in whatever number, for an answer of now', async () => {
    const { place, get, clock, levels } = setUp();
    place.mood = 'hangs';
    const waiting = Array.from({ length: 50 }, () => get().catch(() => 'refused'));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['refused']));
    for (const answer of place.late) answer();
    await settle();
    expect(levels()).toEqual(['CRITICAL']);
    await expect(get()).rejects.toBeInstanceOf(Refusal);

    // And what fails late, after it was used again, does not take it down again.
    place.late.length = 0;
    place.mood = 'answers';
    clock.time = 1000;
    await expect(get()).rejects.toBeInstanceOf(Refusal);
    await settle();
    expect(levels()).toEqual(['CRITICAL', 'INFO']);
  });

  it('does not go down again by what was asked before it healed', async () => {
    const { place, get, consume, clock, levels } = setUp();
    place.mood = 'hangs';
    const asked = get().catch(() => undefined);
    place.mood = 'throws';
    await consume();
    place.mood = 'answers';
    clock.time = 1000;
    await consume();
    await settle();
    expect(levels()).toEqual(['CRITICAL', 'INFO']);
    await asked;
    await settle(TIMEOUT * 2);
    expect(levels()).toEqual(['CRITICAL', 'INFO']);
  });

  it('takes what the store refuses itself for an answer', async () => {
    const { place, stores, levels } = setUp();
    place.mood = 'refuses';
    await expect(stores.records.insert('a', { value: '', ttl: 1 })).rejects.toMatchObject({ reason: 'too many' });
    expect(levels()).toEqual([]);
  });

  it('takes a mistake of the caller for no outage', async () => {
    const { stores, levels } = setUp();
    const call = async (): Promise<unknown> => stores.records.get('x'.repeat(513));
    await expect(call()).rejects.toBeInstanceOf(RangeError);
    expect(levels()).toEqual([]);
  });

  it('says nothing after the end', async () => {
    const { place, stores, get, levels } = setUp();
    await stores.close();
    place.mood = 'rejects';
    await expect(get()).rejects.toBeInstanceOf(Refusal);
    expect(place.asked).toContain('close');
    expect(levels()).toEqual([]);
  });

  it('leaves what lives in this process as it is, and guards nothing twice', () => {
    const memory = memoryStores();
    expect(guardStores(memory)).toBe(memory);
    expect(guardRecords(memory.records)).toBe(memory.records);
    const { stores } = setUp();
    expect(guardStores(stores)).toBe(stores);
  });

  it('tells its events to whoever guarded it last', async () => {
    const { place, stores, get, levels } = setUp();
    const heard: EventInput[] = [];
    guardStores(stores, { emit: (event) => heard.push(event) });
    place.mood = 'rejects';
    await expect(get()).rejects.toThrow();
    expect([heard.length, levels().length]).toEqual([1, 0]);
  });
});

describe('guardRecords alone', () => {
  it('control: without it a request waits as long as the store does', async () => {
    const { place } = setUp();
    place.mood = 'hangs';
    const waiting = Promise.resolve(place.records.get('a'));
    expect(await Promise.race([waiting, settle(TIMEOUT * 5).then(() => 'still waiting')])).toBe('still waiting');
  });

  it('has a breaker of its own', async () => {
    const place = new FakePlace();
    const events: EventInput[] = [];
    const records = guardRecords(place.records, { emit: (event) => events.push(event) }, { timeout: TIMEOUT });
    place.mood = 'hangs';
    await expect(records.get('a')).rejects.toMatchObject({ status: 503, cause: 'TimeoutError' });
    expect(events).toHaveLength(1);
  });
});
