import { createPool, type Pool } from 'mysql2/promise';
import { afterAll, beforeAll, describe } from 'vitest';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import { recordStoreContract } from '../../../test/support/record-store-contract.ts';
import type { DatabaseServer } from '../../../test/support/servers/database.ts';
import { MARIADB, startMariadb } from '../../../test/support/servers/mariadb.ts';
import { limitsUnderTest, recordsUnderTest } from '../../../test/support/sql-under-test.ts';
import type { Stores } from '../stores.ts';
import { mysqlStores } from './mysql.ts';

describe.skipIf(MARIADB === undefined)('on a real MariaDB', () => {
  let server: DatabaseServer;
  let pool: Pool;
  let all: [Stores, Stores];
  const execute = (text: string): Promise<unknown> => pool.query(text);

  beforeAll(async () => {
    server = await startMariadb();
    pool = createPool({ uri: server.url, connectionLimit: 4 });
    all = [mysqlStores(server.url, { timeout: 10_000 }), mysqlStores(pool, { connections: 4, timeout: 10_000 })];
    await Promise.all(all.map((stores) => stores.ready()));
  });
  afterAll(async () => {
    for (const stores of all) await stores.close();
    await pool.end();
    await server.stop();
  });

  recordStoreContract('mysqlStores, by an address and by a pool', async () => {
    await execute('TRUNCATE bulwark_records');
    return recordsUnderTest(all, execute);
  });

  rateLimitStoreContract('mysqlStores, by an address and by a pool', async () => {
    await execute('TRUNCATE bulwark_limits');
    return limitsUnderTest(all, execute);
  });
});
