import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import type { EventInput } from '../../../events.ts';
import { guardStores } from '../../../stores/guard.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import type { RecordStore } from '../../../stores/record-store.ts';
import { recordOf } from '../record.ts';
import { type LoginThrottle, loginThrottle } from './login-throttle.ts';
import { seatOf } from './outage.ts';

type Mood = 'answers' | 'throws' | 'rejects' | 'hangs';

/** A store somewhere else, as good or bad as its mood. */
function moody(): { store: RecordStore; mood: { now: Mood }; asked: { count: number } } {
  const memory = memoryRecordStore();
  const mood: { now: Mood } = { now: 'answers' };
  const asked = { count: 0 };
  function ask<T>(work: () => T): Promise<T> {
    asked.count++;
    if (mood.now === 'throws') throw new Error('redis://user:secret@host');
    if (mood.now === 'rejects') return Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }));
    if (mood.now === 'hangs') return new Promise(() => undefined);
    return Promise.resolve().then(work);
  }
  const store: RecordStore = {
    get: (key) => ask(() => memory.get(key)),
    insert: (key, record) => ask(() => memory.insert(key, record)),
    replace: (key, version, record) => ask(() => memory.replace(key, version, record)),
    remove: (key) => ask(() => memory.remove(key)),
    list: (owner) => ask(() => memory.list(owner)),
  };
  return { store, mood, asked };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(['throws', 'rejects', 'hangs'] as const)('a store that %s', (bad) => {
  function setUp(): ReturnType<typeof moody> & {
    throttle: LoginThrottle;
    events: EventInput[];
    call: (ip: string, cookie?: string) => ReturnType<typeof callFrom>;
    guesses: (account: string, from: number) => Promise<number>;
  } {
    const fake = moody();
    const events: EventInput[] = [];
    const throttle = loginThrottle({ store: fake.store, timeout: 20, reserve: false });
    const call = (ip: string, cookie = '') => {
      const req = callFrom(ip, { cookie });
      recordOf(req).services = { emit: (event) => void events.push(event), mode: 'production' };
      return req;
    };
    const guesses = async (account: string, from: number): Promise<number> => {
      let allowed = 0;
      for (let n = 0; n < 30; n++) if ((await throttle.begin(call(`198.51.${from + n}.1`), account)).allowed) allowed++;
      return allowed;
    };
    return { ...fake, throttle, events, call, guesses };
  }

  it('is replaced by a local one with the same rules, and one event says so, without what the driver said', async () => {
    const { mood, events, guesses } = setUp();
    expect(await guesses('before', 0)).toBe(5);
    mood.now = bad;
    expect(await guesses('during', 50)).toBe(5);
    expect(events).toMatchObject([{ event: 'sys_error', level: 'CRITICAL', practice: 'rate-limit' }]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('is not waited for again until it heals, and then counts again', async () => {
    const { mood, events, guesses, asked, throttle, call } = setUp();
    mood.now = bad;
    await guesses('during', 0);
    const { count } = asked;
    await guesses('during', 50);
    expect(asked.count).toBe(count);
    mood.now = 'answers';
    await wait(1050);
    await throttle.begin(call('203.0.113.1'), 'probe');
    await wait(30);
    expect(events.map(({ level }) => level)).toEqual(['CRITICAL', 'INFO']);
    const before = asked.count;
    expect(await guesses('after', 100)).toBe(5);
    expect(asked.count).toBeGreaterThan(before);
  });

  it('fails no login that was under way, and sets no cookie that nobody would know', async () => {
    const { mood, throttle, call } = setUp();
    const attempt = await throttle.begin(call('203.0.113.1'), 'alice');
    mood.now = bad;
    const { res, cookies } = answerTo();
    if (attempt.allowed) await attempt.succeeded(res);
    expect(attempt.allowed).toBe(true);
    expect(cookies).toEqual([]);
  });

  it('does not pretend that devices were forgotten', async () => {
    const { mood, throttle, call } = setUp();
    mood.now = bad;
    await expect(throttle.forgetDevices(call('203.0.113.1'), 'alice')).rejects.toThrow();
  });
});

describe('a store of the gate', () => {
  it('has one breaker for the throttle and all else: one event when it goes down, one when it is back', async () => {
    const { store, mood, asked } = moody();
    const events: EventInput[] = [];
    const emit = (event: EventInput): void => void events.push(event);
    const limits = { consume: () => Promise.reject(new Error('away')), refund: async () => undefined };
    const place = { kind: 'fake', shared: true, records: store, limits, ready: async () => undefined };
    const stores = guardStores({ ...place, close: async () => undefined }, { emit }, { timeout: 20, retry: 50 });
    const throttle = loginThrottle({ reserve: false });
    const call = (ip: string) => {
      const req = callFrom(ip);
      recordOf(req).services = { emit, mode: 'production', stores };
      return req;
    };
    mood.now = 'hangs';
    // A session meets the outage first, and the throttle does not ask again.
    await Promise.resolve(stores.records.get('session')).catch(() => undefined);
    const { count } = asked;
    for (let n = 0; n < 5; n++) expect((await throttle.begin(call(`198.51.${n}.1`), 'a')).allowed).toBe(true);
    expect((await throttle.begin(call('198.51.9.1'), 'a')).allowed).toBe(false);
    expect(asked.count).toBe(count);
    mood.now = 'answers';
    await wait(60);
    await throttle.begin(call('203.0.113.1'), 'probe');
    await wait(30);
    expect(events.map(({ level }) => level)).toEqual(['CRITICAL', 'INFO']);
    expect((await throttle.begin(call('203.0.113.2'), 'after')).allowed).toBe(true);
    expect(asked.count).toBeGreaterThan(count + 1);
  });
});

describe('what a seat does in its store', () => {
  it('stays there: what was counted locally is taken back locally', async () => {
    const { store, mood } = moody();
    const local = memoryRecordStore();
    const seat = seatOf(store, { emit: () => undefined }, { timeout: 20, makeLocal: () => local });
    mood.now = 'rejects';
    const used = await seat.run(async (which) => {
      await which.insert('a', { value: '1', ttl: 1000 });
      return which;
    });
    mood.now = 'answers';
    await seat.only(used, async (which) => which.remove('a'));
    expect(local.size).toBe(0);
  });
});
