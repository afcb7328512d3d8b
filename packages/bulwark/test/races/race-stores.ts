import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardRecords } from '../../src/stores/guard.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { redisStores } from '../../src/stores/redis/index.ts';
import { mysqlStores } from '../../src/stores/sql/mysql.ts';
import { postgresStores } from '../../src/stores/sql/postgres.ts';
import { sqliteStores } from '../../src/stores/sql/sqlite.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { MARIADB, startMariadb } from '../support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../support/servers/postgres.ts';
import { REDIS_SERVER, startRedis } from '../support/servers/redis.ts';

/** Two stores over one place, as two processes have them. */
export interface RaceStores {
  readonly all: readonly [RecordStore, RecordStore];
  /** The address of the server, if there is one. */
  readonly url?: string;
  close(): Promise<void>;
}

type Server = { readonly url: string; stop(): Promise<void> };

async function onServer(server: Server, connect: (url: string) => Stores): Promise<RaceStores> {
  const all = [connect(server.url), connect(server.url)] as const;
  await Promise.all(all.map((stores) => stores.ready()));
  return {
    // A busy machine is no outage: what is raced here is not the breaker.
    all: [patient(all[0].records), patient(all[1].records)],
    url: server.url,
    async close() {
      await Promise.all(all.map((stores) => stores.close()));
      await server.stop();
    },
  };
}

function patient(records: RecordStore): RecordStore {
  return guardRecords(records, undefined, { timeout: 10_000 });
}

async function onFile(): Promise<RaceStores> {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-races-'));
  const path = join(folder, 'stores.sqlite');
  const all = [sqliteStores(path), sqliteStores(path)] as const;
  return {
    all: [patient(all[0].records), patient(all[1].records)],
    async close() {
      await Promise.all(all.map((stores) => stores.close()));
      rmSync(folder, { recursive: true });
    },
  };
}

async function inMemory(): Promise<RaceStores> {
  const store = memoryRecordStore();
  return { all: [store, store], close: async () => undefined };
}

/** Every store, with what it needs to be there: undefined where it is not. */
export const RACE_STORES: readonly (readonly [string, (() => Promise<RaceStores>) | undefined])[] = [
  ['memory', inMemory],
  ['an SQLite file', onFile],
  [
    'Redis',
    REDIS_SERVER === undefined
      ? undefined
      : async () => onServer(await startRedis(), (url) => redisStores(url, { timeout: '10s' })),
  ],
  [
    'PostgreSQL',
    POSTGRES === undefined
      ? undefined
      : async () => onServer(await startPostgres(), (url) => postgresStores(url, { timeout: 10_000 })),
  ],
  [
    'MariaDB',
    MARIADB === undefined
      ? undefined
      : async () => onServer(await startMariadb(), (url) => mysqlStores(url, { timeout: 10_000 })),
  ],
];
