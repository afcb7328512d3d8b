import type { KeyedRecord, NewRecord, RecordStore, Replacement, StoredRecord } from '../../src/stores/record-store.ts';

/** Longer than any test lasts. */
export const LONG = 3_600_000;

/** The calls of a store, always with a promise, and with what a test does not care for filled in. */
export interface RecordStoreCalls {
  get(key: string): Promise<StoredRecord | undefined>;
  insert(key: string, record?: Partial<NewRecord>): Promise<boolean>;
  replace(key: string, version: number, record?: Partial<NewRecord>): Promise<Replacement>;
  remove(key: string): Promise<StoredRecord | undefined>;
  list(owner: string): Promise<readonly KeyedRecord[]>;
  /** The keys of an owner's records, sorted. */
  keysOf(owner: string): Promise<string[]>;
  versionOf(key: string): Promise<number>;
}

/** @param store - asked at each call: each test has its own */
export function callsOf(store: () => RecordStore): RecordStoreCalls {
  return {
    get: async (key) => store().get(key),
    insert: async (key, record) => store().insert(key, { value: 'v', ttl: LONG, ...record }),
    replace: async (key, version, record) => store().replace(key, version, { value: 'w', ttl: LONG, ...record }),
    remove: async (key) => store().remove(key),
    list: async (owner) => store().list(owner),
    keysOf: async (owner) => (await store().list(owner)).map(({ key }) => key).toSorted(),
    versionOf: async (key) => {
      const record = await store().get(key);
      if (record === undefined) throw new Error('there is no such record');
      return record.version;
    },
  };
}
