import { createRequire } from 'node:module';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { fromExpressSessionStore } from '../../src/practices/sessions/express-session/store.ts';
import type { ExpressSessionStore } from '../../src/practices/sessions/express-session/store-call.ts';
import { recordStoreContract } from '../support/record-store-contract.ts';
import type { DatabaseServer } from '../support/servers/database.ts';
import { POSTGRES, startPostgres } from '../support/servers/postgres.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from '../support/servers/redis.ts';
import { MEMORY_STORES } from './stores.ts';

type MakePgStore = (module: typeof session) => new (options: object) => ExpressSessionStore;
const pgSimple = createRequire(import.meta.url)('connect-pg-simple') as MakePgStore;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * The whole contract, for one process: those who call at once go through one adapter. That it does not hold between
 * processes is shown in store.test.ts.
 */
function contractOver(name: string, create: () => ExpressSessionStore | Promise<ExpressSessionStore>): void {
  recordStoreContract(name, async () => ({
    store: fromExpressSessionStore(await create(), { timeout: '20s', emit: () => undefined }),
    advance: wait,
  }));
}

for (const [name, make] of MEMORY_STORES) contractOver(`fromExpressSessionStore over ${name}`, make);

describe.skipIf(REDIS_SERVER === undefined)('on a real Redis', () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  beforeAll(async () => {
    server = await startRedis();
    client = createClient({ url: server.url });
    client.on('error', () => undefined);
    await client.connect();
  });
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });

  contractOver('fromExpressSessionStore over connect-redis', async () => {
    await client.flushAll();
    return new RedisStore({ client });
  });
});

describe.skipIf(POSTGRES === undefined)('on a real PostgreSQL', () => {
  let server: DatabaseServer;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = new pg.Pool({ connectionString: server.url });
    pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  contractOver('fromExpressSessionStore over connect-pg-simple', async () => {
    await pool.query('DROP TABLE IF EXISTS session');
    const Store = pgSimple(session);
    const store = new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    // It has no all(). Whoever wants to list sessions adds one: this is all it takes.
    return Object.assign(store, {
      all(done: (error: unknown, sessions?: never) => void) {
        pool.query('SELECT sess FROM session').then(
          ({ rows }) => done(null, rows.map(({ sess }: { sess: unknown }) => sess) as never),
          (error: unknown) => done(error),
        );
      },
    });
  });
});
