import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import type { EventInput } from '../../src/events.ts';
import { fromExpressSessionStore } from '../../src/practices/sessions/express-session/store.ts';
import type { ExpressSessionStore } from '../../src/practices/sessions/express-session/store-call.ts';
import { MEMORY_STORES, memoryStore, ofAnotherProcess } from './stores.ts';

const quiet = { emit: () => undefined };
const record = (value: string, owner?: string) => ({ value, ttl: 60_000, ...(owner === undefined ? {} : { owner }) });

/** Everything works, but in its own time. */
function slow(store: ExpressSessionStore, ms = 5): ExpressSessionStore {
  const later = (call: () => unknown): void => void setTimeout(call, ms);
  return {
    get: (sid, done) => later(() => store.get(sid, done)),
    set: (sid, value, done) => later(() => store.set(sid, value, done)),
    destroy: (sid, done) => later(() => store.destroy(sid, done)),
  };
}

/** A store of which one method is different. */
function broken(method: 'get' | 'set' | 'destroy', how: (...args: never[]) => unknown): ExpressSessionStore {
  return { ...ofAnotherProcess(memoryStore()), [method]: how };
}

describe.each(MEMORY_STORES)('fromExpressSessionStore over %s', (_, make) => {
  it('forgets after the lifetime, exactly, although stores round', async () => {
    const store = fromExpressSessionStore(make(), quiet);
    await store.insert('a', { value: '1', ttl: 300 });
    expect(await store.get('a')).toMatchObject({ value: '1' });
    await new Promise((resolve) => setTimeout(resolve, 320));
    expect(await store.get('a')).toBeUndefined();
    expect(await store.insert('a', record('2'))).toBe(true);
  });

  it('lists an owner’s records beside sessions of express-session', async () => {
    const inner = make();
    inner.set('old', { cookie: { originalMaxAge: null }, user: 'ann' } as never);
    const store = fromExpressSessionStore(inner, quiet);
    await store.insert('a', record('1', 'ann'));
    await store.insert('b', record('2', 'ann'));
    await store.insert('c', record('3', 'bob'));
    await store.insert('d', { value: '4', ttl: 1, owner: 'ann' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const keys = (await store.list('ann')).map(({ key, value }) => `${key}=${value}`);
    expect(keys.sort()).toEqual(['a=1', 'b=2']);
    expect(store.guarantees.list).toBe(true);
  });

  it('in one process one of many inserts, removes and replacements wins', async () => {
    const inner = slow(make(), 1);
    // Two adapters, as two practices would make them: it is one process nevertheless.
    const [one, two] = [
      fromExpressSessionStore(inner, { ...quiet, timeout: '10s' }),
      fromExpressSessionStore(inner, { ...quiet, timeout: '10s' }),
    ];
    const racers = [one, two, one, two, one, two, one, two];
    const inserted = await Promise.all(racers.map((store, i) => store.insert('a', record(String(i)))));
    expect(inserted.filter(Boolean)).toHaveLength(1);
    const version = (await one.get('a'))?.version ?? 0;
    const replaced = await Promise.all(racers.map((store, i) => store.replace('a', version, record(String(i)))));
    expect(replaced.filter((outcome) => outcome.replaced)).toHaveLength(1);
    const removed = await Promise.all(racers.map((store) => store.remove('a')));
    expect(removed.filter((gone) => gone !== undefined)).toHaveLength(1);
  });
});

describe('what the adapter does not promise', () => {
  it('control: between two processes a request in flight revives an ended session', async () => {
    const shared = memoryStore();
    let letWrite = (): void => undefined;
    const writing = new Promise<void>((resolve) => {
      letWrite = resolve;
    });
    const first = fromExpressSessionStore(
      {
        ...ofAnotherProcess(shared),
        set: (sid, value, done) => void writing.then(() => shared.set(sid, value, done)),
      },
      { ...quiet, timeout: '10s' },
    );
    const second = fromExpressSessionStore(ofAnotherProcess(shared), quiet);
    await second.insert('a', record('logged in'));
    const { version } = (await second.get('a')) ?? { version: 0 };
    const inFlight = first.replace('a', version, record('in flight'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await second.remove('a')).toMatchObject({ value: 'logged in' });
    letWrite();
    await inFlight;
    expect(await second.get('a')).toMatchObject({ value: 'in flight' });
    expect(first.guarantees.lacks[0]).toMatch(/not atomic between processes.*revive an ended session/);
  });

  it('without all() it cannot list, and does not answer as if there were nothing', async () => {
    const store = fromExpressSessionStore(ofAnotherProcess(memoryStore()), quiet);
    expect(store.guarantees).toMatchObject({ list: false, atomic: 'process' });
    await expect(store.list('ann')).rejects.toThrow('has no all()');
  });

  it('says what is lacking once per store, in plain words, to listeners that come right after', async () => {
    const events: EventInput[] = [];
    const inner = memoryStore();
    const options = { emit: (event: EventInput) => void events.push(event) };
    fromExpressSessionStore(inner, options);
    fromExpressSessionStore(inner, options);
    expect(events).toEqual([]);
    await Promise.resolve();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event: 'sys_store_incomplete', level: 'WARN', practice: 'sessions' });
    expect(events[0]?.description).toMatch(/MemoryStore.*not atomic between processes.*a restart loses it/);
  });

  it('without an emitter it is a warning of the process', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    fromExpressSessionStore(memoryStore());
    await Promise.resolve();
    expect(String(warn.mock.calls[0]?.[0])).toContain('not atomic between processes');
    warn.mockRestore();
  });
});

describe('a failure of the Store is a failure, never "no session"', () => {
  const failures: readonly (readonly [string, (...args: never[]) => unknown])[] = [
    ['an error', (...args: unknown[]) => (args.at(-1) as (e: Error) => void)(new Error('down'))],
    ['a text for an error', (...args: unknown[]) => (args.at(-1) as (e: string) => void)('down')],
    [
      'a throw',
      () => {
        throw new Error('down');
      },
    ],
    ['a rejected promise', () => Promise.reject(new Error('down'))],
    ['a callback that does not come', () => undefined],
  ];

  it.each(failures)('%s', async (_, how) => {
    const options = { ...quiet, timeout: '50ms' };
    await expect(fromExpressSessionStore(broken('get', how), options).get('a')).rejects.toThrow();
    await expect(fromExpressSessionStore(broken('get', how), options).insert('a', record('1'))).rejects.toThrow();
    await expect(fromExpressSessionStore(broken('set', how), options).insert('a', record('1'))).rejects.toThrow();
    const store = fromExpressSessionStore(broken('destroy', how), options);
    await store.insert('a', record('1'));
    await expect(store.remove('a')).rejects.toThrow();
    const list = { ...ofAnotherProcess(memoryStore()), all: how } as ExpressSessionStore;
    await expect(fromExpressSessionStore(list, options).list('ann')).rejects.toThrow();
  });

  it('a session that is no record of ours', async () => {
    const inner = memoryStore();
    const store = fromExpressSessionStore(
      { ...ofAnotherProcess(inner), get: (_sid, done) => done(null, { cookie: {} } as never) },
      quiet,
    );
    await expect(store.get('a')).rejects.toThrow('what was not put there');
    await expect(store.insert('a', record('1'))).rejects.toThrow('what was not put there');
  });

  it('ENOENT is no session where a file is missing, and an outage where a socket is', async () => {
    const missing = (syscall: string) =>
      broken('get', (_sid: string, done: (error: Error) => void) =>
        done(Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall })),
      );
    expect(await fromExpressSessionStore(missing('open'), quiet).get('a')).toBeUndefined();
    await expect(fromExpressSessionStore(missing('connect'), quiet).get('a')).rejects.toThrow('ENOENT');
  });

  it('a callback that comes twice counts once', async () => {
    const inner = memoryStore();
    const twice = {
      ...ofAnotherProcess(inner),
      get: (sid: string, done: (error: unknown, session?: never) => void) =>
        inner.get(sid, ((error: unknown, session: never) => {
          done(error, session);
          done(new Error('twice'));
        }) as never),
    };
    const store = fromExpressSessionStore(twice, quiet);
    expect(await store.insert('a', record('1'))).toBe(true);
    expect(await store.get('a')).toMatchObject({ value: '1' });
  });

  it('a write that is late keeps its key: nothing is written before it has arrived', async () => {
    const inner = memoryStore();
    let arrive = (): void => undefined;
    let late = false;
    const store = fromExpressSessionStore(
      {
        ...ofAnotherProcess(inner),
        set: (sid, value, done) => {
          if (!late) return inner.set(sid, value, done);
          late = false;
          arrive = () => inner.set(sid, value, done);
          return undefined;
        },
      },
      { ...quiet, timeout: '50ms' },
    );
    await store.insert('a', record('logged in'));
    late = true;
    const { version } = (await store.get('a')) ?? { version: 0 };
    await expect(store.replace('a', version, record('late'))).rejects.toThrow('did not answer within 50 ms');
    await expect(store.remove('a')).rejects.toThrow('did not answer');
    arrive();
    expect(await store.remove('a')).toMatchObject({ value: 'late' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.get('a')).toBeUndefined();
  });

  it('a step whose caller has given up changes nothing when the Store wakes up', async () => {
    const inner = memoryStore();
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const set = vi.fn<ExpressSessionStore['set']>(inner.set.bind(inner));
    const store = fromExpressSessionStore(
      { ...ofAnotherProcess(inner), set, get: (sid, done) => void asleep.then(() => inner.get(sid, done)) },
      { ...quiet, timeout: '30ms' },
    );
    await expect(store.insert('a', record('1'))).rejects.toThrow('did not answer');
    wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(set).not.toHaveBeenCalled();
  });

  it('refuses more than can wait, and serves again afterwards', async () => {
    const inner = memoryStore();
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const store = fromExpressSessionStore(
      { ...ofAnotherProcess(inner), get: (sid, done) => void asleep.then(() => inner.get(sid, done)) },
      { ...quiet, timeout: '20s' },
    );
    const waiting = Array.from({ length: 1000 }, (_, i) => store.insert('a', record(String(i))));
    await expect(store.insert('a', record('one too many'))).rejects.toThrow('too many wait');
    wake();
    expect((await Promise.all(waiting)).filter(Boolean)).toHaveLength(1);
    expect(await store.insert('b', record('1'))).toBe(true);
  });

  it('an "error" event ends no process, and a store that says it is disconnected is not asked', async () => {
    const emitter = new EventEmitter();
    const inner = memoryStore();
    const get = vi.fn<ExpressSessionStore['get']>(inner.get.bind(inner));
    const heard: EventInput[] = [];
    const store = fromExpressSessionStore(
      { ...ofAnotherProcess(inner), get, on: emitter.on.bind(emitter) as never },
      { emit: (event) => void heard.push(event) },
    );
    emitter.emit('error', new Error('reset'));
    emitter.emit('disconnect');
    await expect(store.get('a')).rejects.toThrow('lost its connection');
    await expect(store.insert('a', record('1'))).rejects.toThrow('lost its connection');
    expect(get).not.toHaveBeenCalled();
    emitter.emit('connect');
    expect(await store.get('a')).toBeUndefined();
    expect(heard.map(({ event }) => event)).toEqual(['sys_error', 'sys_store_incomplete']);
  });

  it.each([undefined, null, {}, class RedisStore {}, { get: () => undefined, set: () => undefined }])(
    'refuses %s as a Store',
    (store) => {
      expect(() => fromExpressSessionStore(store as never, quiet)).toThrow(/ERR_CONFIG_VALUE/);
    },
  );
});
