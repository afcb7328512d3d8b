import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import { recordStoreContract } from '../../../test/support/record-store-contract.ts';
import type { DatabaseServer } from '../../../test/support/servers/database.ts';
import { POSTGRES, startPostgres } from '../../../test/support/servers/postgres.ts';
import { limitsUnderTest, recordsUnderTest } from '../../../test/support/sql-under-test.ts';
import type { Stores } from '../stores.ts';
import { postgresStores } from './postgres.ts';

describe.skipIf(POSTGRES === undefined)('on a real PostgreSQL', () => {
  let server: DatabaseServer;
  let pool: pg.Pool;
  let all: [Stores, Stores];
  const execute = (text: string): Promise<unknown> => pool.query(text);

  beforeAll(async () => {
    server = await startPostgres();
    pool = new pg.Pool({ connectionString: server.url, max: 4 });
    all = [postgresStores(server.url, { timeout: 10_000 }), postgresStores(pool, { connections: 4, timeout: 10_000 })];
    await Promise.all(all.map((stores) => stores.ready()));
  });
  afterAll(async () => {
    for (const stores of all) await stores.close();
    await pool.end();
    await server.stop();
  });

  recordStoreContract('postgresStores, by an address and by a pool', async () => {
    await execute('TRUNCATE bulwark_records');
    return recordsUnderTest(all, execute);
  });

  rateLimitStoreContract('postgresStores, by an address and by a pool', async () => {
    await execute('TRUNCATE bulwark_limits');
    return limitsUnderTest(all, execute);
  });
});
