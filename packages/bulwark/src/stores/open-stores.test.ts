import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { EventInput } from '../events.ts';
import { memoryStores } from './memory-stores.ts';
import { openStores, type StoresSetting } from './open-stores.ts';
import type { Stores } from './stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'bulwark-stores-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = 'not-for-any-log';
const emit = (): void => undefined;
const opened: Stores[] = [];
const open = (setting: unknown): Stores => {
  const stores = openStores(setting as StoresSetting, { emit });
  opened.push(stores);
  return stores;
};
afterEach(async () => void (await Promise.all(opened.splice(0).map((stores) => stores.close()))));

describe('policy.stores', () => {
  it.each([
    ['redis', { redis: `redis://:${SECRET}@127.0.0.1:1`, prefix: 'shop:', timeout: '100ms' }, true],
    ['sqlite', { sqlite: join(folder, 'state.sqlite') }, true],
    ['sqlite', { sqlite: ':memory:', prefix: 'shop_' }, false],
    ['postgres', { postgres: `postgres://app:${SECRET}@127.0.0.1:1/app`, timeout: '100ms' }, true],
    ['mysql', { mysql: `mysql://app:${SECRET}@127.0.0.1:1/app`, prefix: 'shop_' }, true],
    ['memory', { memory: true }, false],
  ])('opens %s, and connects to nothing yet', (kind, setting, shared) => {
    expect(open(setting)).toMatchObject({ kind, shared });
  });

  it.each([
    ['nothing', {}, 'stores'],
    ['null', null, 'stores'],
    ['an address alone', `redis://:${SECRET}@host`, 'stores'],
    ['a list', ['memory'], 'stores'],
    ['two places', { redis: `redis://:${SECRET}@host`, memory: true }, 'stores'],
    ['an unknown place', { mongo: `mongodb://:${SECRET}@host` }, 'stores.mongo'],
    ['a misspelt key', { redis: `redis://:${SECRET}@host`, prefx: 'a' }, 'stores.prefx'],
    ['a wrong address', { redis: `http://:${SECRET}@host` }, 'stores.redis'],
    ['a wrong address of a database', { postgres: `http://:${SECRET}@host` }, 'stores.postgres'],
    ['another one', { mysql: `postgres://:${SECRET}@host/a` }, 'stores.mysql'],
    ['a file that is a folder', { sqlite: folder }, 'stores.sqlite'],
    ['a prefix that is no name', { sqlite: ':memory:', prefix: 'a; --' }, 'stores.sqlite.prefix'],
    ['a time-out of a file', { sqlite: ':memory:', timeout: 5 }, 'stores.timeout'],
    ['memory that is false', { memory: false }, 'stores.memory'],
    ['a prefix of memory', { memory: true, prefix: 'a' }, 'stores.prefix'],
    ['a time-out of memory', { memory: true, timeout: 5 }, 'stores.timeout'],
    ['a time-out that is none', { redis: `redis://:${SECRET}@host`, timeout: 'soon' }, 'stores.timeout'],
    ['something like stores', { ...memoryStores(), records: undefined }, 'stores.kind'],
  ])('refuses %s, with a fix, and repeats no address', (_, setting, field) => {
    const make = (): unknown => open(setting);
    expect(make).toThrow(expect.objectContaining({ name: 'ConfigError', field }));
    expect(make).toThrow(/Fix: ./);
    expect(make).not.toThrow(SECRET);
  });

  it('lets a database take as long as was asked for, also longer than the two seconds that it has by itself', async () => {
    const query = async () => ({ rows: [], rowCount: 0 });
    const client = { query, release: () => undefined, on: () => undefined, off: () => undefined };
    const connect = () => new Promise<typeof client>((resolve) => setTimeout(resolve, 2200, client));
    const pool = { connect, end: async () => undefined, on: () => undefined };
    expect(await open({ postgres: pool, timeout: '10s' }).records.get('a')).toBeUndefined();
    await expect(open({ postgres: pool }).records.get('a')).rejects.toMatchObject({ status: 503 });
  });

  it('names the key that was meant', () => {
    expect(() => open({ rdis: 'redis://host' })).toThrow(/did you mean "redis"/);
  });

  it('takes stores of one’s own, behind a breaker, and leaves them open', async () => {
    const events: EventInput[] = [];
    let isClosed = false;
    const { limits } = memoryStores();
    const own: Stores = {
      kind: 'mine',
      shared: true,
      records: {
        get: () => Promise.reject(new Error(SECRET)),
        insert: async () => true,
        replace: async () => ({ replaced: false, current: undefined }),
        remove: async () => undefined,
        list: async () => [],
      },
      limits,
      ready: async () => undefined,
      close: async () => {
        isClosed = true;
      },
    };
    const stores = openStores(own, { emit: (event) => events.push(event) });
    await expect(stores.records.get('a')).rejects.toMatchObject({ status: 503 });
    expect(events).toMatchObject([{ level: 'CRITICAL', description: expect.stringContaining('the mine store') }]);
    await stores.close();
    expect(isClosed).toBe(false);
  });
});
