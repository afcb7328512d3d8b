import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { createPool, type PoolOptions } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DatabaseServer } from '../../../test/support/servers/database.ts';
import { MARIADB, startMariadb } from '../../../test/support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../../../test/support/servers/postgres.ts';
import { ConfigError } from '../../errors.ts';
import { type Bucket, consumeFrom } from '../gcra.ts';
import type { Stores } from '../stores.ts';
import { mysqlStores } from './mysql.ts';
import { loadDriver, type SqlServerOptions } from './options.ts';
import { postgresStores } from './postgres.ts';

/** The very module that the stores load. */
const mysql = createRequire(import.meta.url)('mysql2') as { createPool: (config: string) => unknown };

const LONG = 3_600_000;
const RULE = { limit: 100, window: LONG };

/** A connection of an administrator, or of a naive app. */
interface Client {
  rows(text: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

function postgresClient(url: string): Client {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  return { rows: async (text) => (await pool.query<Record<string, unknown>>(text)).rows, end: () => pool.end() };
}

function mysqlClient(url: string): Client {
  const pool = createPool({ uri: url, connectionLimit: 10 });
  return {
    async rows(text) {
      const [rows] = await pool.query(text);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
    end: () => pool.end(),
  };
}

const SERVERS = [
  {
    name: 'PostgreSQL',
    kind: 'postgres',
    isHere: POSTGRES !== undefined,
    start: startPostgres,
    open: postgresStores,
    client: postgresClient,
    handed(url: string) {
      const pool = new pg.Pool({ connectionString: url });
      return { stores: postgresStores(pool), query: (text: string) => pool.query(text), end: () => pool.end() };
    },
    /** A user that may read and write, and make nothing. */
    lesser: (password: string) => [
      `CREATE USER lesser PASSWORD '${password}'`,
      'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser',
    ],
  },
  {
    name: 'MariaDB',
    kind: 'mysql',
    isHere: MARIADB !== undefined,
    start: startMariadb,
    open: mysqlStores,
    client: mysqlClient,
    handed(url: string) {
      const pool = createPool({ uri: url });
      return { stores: mysqlStores(pool), query: (text: string) => pool.query(text), end: () => pool.end() };
    },
    lesser: (password: string) => [
      `CREATE USER lesser@'127.0.0.1' IDENTIFIED BY '${password}'`,
      "GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO lesser@'127.0.0.1'",
    ],
  },
];

async function refusal(promise: Promise<unknown>): Promise<ConfigError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError) return error;
  throw error as Error;
}

for (const { name, kind, isHere, start, open, client, handed, lesser } of SERVERS) {
  describe.skipIf(!isHere)(`stores in ${name}`, () => {
    let server: DatabaseServer;
    let admin: Client;
    beforeAll(async () => {
      server = await start();
      admin = client(server.url);
    });
    afterAll(async () => {
      await admin.end();
      await server.stop();
    });
    beforeEach(async () => {
      for (const table of ['records', 'limits']) await admin.rows(`DROP TABLE IF EXISTS bulwark_${table}`);
    });

    async function withStores(use: (stores: Stores) => Promise<void>, options: SqlServerOptions = {}): Promise<void> {
      const stores = open(server.url, { timeout: 10_000, ...options });
      try {
        await stores.ready();
        await use(stores);
      } finally {
        await stores.close();
      }
    }
    const count = async (table: string): Promise<number> =>
      Number((await admin.rows(`SELECT count(*) AS n FROM bulwark_${table}`))[0]?.n);

    it('say what they are', async () => {
      await withStores(async (stores) => {
        expect(stores).toMatchObject({ kind, shared: true, records: { local: false, shared: true } });
        expect(stores.limits.local).toBeUndefined();
      });
    });

    it('make the tables once, however many start at the same time', async () => {
      const all = Array.from({ length: 8 }, () => open(server.url, { connections: 1, timeout: 10_000 }));
      await Promise.all(all.map((stores) => stores.ready()));
      const inserted = await Promise.all(all.map(async ({ records }) => records.insert('a', { value: '', ttl: LONG })));
      expect(inserted.filter(Boolean)).toHaveLength(1);
      for (const stores of all) await stores.close();
    });

    it('need no right to make tables where they are there', async () => {
      await withStores(async () => undefined);
      for (const statement of lesser(server.password)) await admin.rows(statement);
      const url = server.url.replace('//app:', '//lesser:');
      const stores = open(url);
      await stores.ready();
      expect(await stores.records.insert('a', { value: '', ttl: LONG })).toBe(true);
      expect(await stores.limits.consume('a', 1, RULE, 0)).toMatchObject({ allowed: true });
      expect(await stores.records.remove('a')).toBeDefined();
      await stores.close();
      const others = open(url, { prefix: 'other_' });
      const error = await refusal(others.ready());
      expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: `stores.${kind}` });
      expect(error.fix).toMatch(/let an administrator make the tables/);
      await others.close();
    });

    it('let exactly the limit through of 1,000 at once, from two places', { timeout: 60_000 }, async () => {
      await withStores(async (one) => {
        await withStores(async (two) => {
          const results = await Promise.all(
            Array.from({ length: 1000 }, async (_, i) => (i % 2 === 0 ? one : two).limits.consume('one', 1, RULE, 0)),
          );
          expect(results.filter(({ allowed }) => allowed)).toHaveLength(100);
        });
      });
    });

    it('control: who reads and then writes lets more through', { timeout: 60_000 }, async () => {
      await admin.rows('DROP TABLE IF EXISTS naive');
      await admin.rows('CREATE TABLE naive (tat bigint)');
      await admin.rows('INSERT INTO naive VALUES (0)');
      const consume = async (): Promise<boolean> => {
        const [row] = await admin.rows('SELECT tat FROM naive');
        const bucket: Bucket = { tat: Number(row?.tat), strikes: 0, strikesUntil: 0, blockedUntil: 0 };
        const { allowed } = consumeFrom(bucket, 1, RULE, Date.now());
        await admin.rows(`UPDATE naive SET tat = ${bucket.tat}`);
        return allowed;
      };
      const results = await Promise.all(Array.from({ length: 1000 }, consume));
      expect(results.filter(Boolean).length).toBeGreaterThan(100);
    });

    it('keep long keys of limits apart', async () => {
      await withStores(async ({ limits }) => {
        const [one, two] = [`${'x'.repeat(5000)}1`, `${'x'.repeat(5000)}2`];
        expect(await limits.consume(one, 100, RULE, 0)).toMatchObject({ allowed: true });
        expect(await limits.consume(one, 1, RULE, 0)).toMatchObject({ allowed: false });
        expect(await limits.consume(two, 100, RULE, 0)).toMatchObject({ allowed: true });
      });
    });

    it('go by the clock of the database', async () => {
      await withStores(async ({ records, limits }) => {
        await records.insert('a', { value: '', ttl: 20 });
        await limits.consume('a', 10, { limit: 10, window: 1000 }, 0);
        await new Promise((resolve) => setTimeout(resolve, 120));
        expect(await records.get('a')).toBeUndefined();
        // The caller's own clock, the last argument, stands still.
        expect(await limits.consume('a', 1, { limit: 10, window: 1000 }, 0)).toMatchObject({ allowed: true });
      });
    });

    it('delete what has expired, in small steps, as new rows come', async () => {
      await withStores(async ({ records, limits }) => {
        for (let i = 0; i < 600; i++) {
          await records.insert(`old ${i}`, { value: '', ttl: LONG });
          await limits.consume(`old ${i}`, 1, RULE, 0);
        }
        for (const table of ['records', 'limits']) await admin.rows(`UPDATE bulwark_${table} SET expires_at = 1`);
        for (let i = 0; i < 400; i++) {
          await records.insert(`new ${i}`, { value: '', ttl: LONG });
          await limits.consume(`new ${i}`, 1, RULE, 0);
        }
      });
      // Closed: what was going on beside has ended.
      expect([await count('records'), await count('limits')]).toEqual([400, 400]);
    });

    it('refuse a wrong password, and never repeat it', async () => {
      const url = server.url.replace(server.password, 'a-wrong-password');
      const stores = open(url);
      const error = await refusal(stores.ready());
      expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: `stores.${kind}` });
      expect(error.fix).toMatch(/correct user, password/);
      expect(inspect(error, { depth: 10 })).not.toMatch(/a-wrong-password|127\.0\.0\.1/);
      await stores.close();
    });

    it('refuse tables with other columns', async () => {
      await admin.rows('CREATE TABLE bulwark_records (a int)');
      const stores = open(server.url);
      expect((await refusal(stores.ready())).message).toMatch(/other columns/);
      await stores.close();
    });

    it('leave a pool open that they were handed, and work with it', async () => {
      const { stores, query, end } = handed(server.url);
      await stores.ready();
      expect(await stores.records.insert('a', { value: 'v', ttl: LONG })).toBe(true);
      await stores.close();
      await expect(query('SELECT 1')).resolves.toBeDefined();
      await end();
    });

    it('refuse what is no address of such a server, and repeat nothing of it', () => {
      const wrong = ['', 'secret-in-text', 'http://app:secret-in-text@h/d', `${kind}:secret-in-text`, 'redis://h'];
      for (const url of wrong) {
        try {
          open(url);
          throw new Error('it was accepted');
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: `stores.${kind}` });
          expect(inspect(error, { depth: 10 })).not.toContain('secret-in-text');
        }
      }
    });

    it.each([
      [{ prefix: 'a; DROP TABLE x' }, 'prefix'],
      [{ connections: 0 }, 'connections'],
      [{ waiting: 1.5 }, 'waiting'],
      [{ timeout: 0 }, 'timeout'],
      [{ url: 'x' }, 'url'],
    ])('refuse the options %j', (options, field) => {
      expect(() => open(server.url, options as SqlServerOptions)).toThrow(
        expect.objectContaining({ field: `stores.${kind}.${field}` }),
      );
    });
  });
}

describe.skipIf(MARIADB === undefined)('several statements in one text, in MariaDB', () => {
  it('are refused, whatever the address says', async () => {
    const server = await startMariadb();
    const url = `${server.url}?multipleStatements=true`;
    const naive = createPool({ uri: url });
    await expect(naive.query('SELECT 1; SELECT 2')).resolves.toBeDefined();
    await naive.end();

    const asked: object[] = [];
    const original = mysql.createPool;
    const spy = vi.spyOn(mysql, 'createPool').mockImplementation((config: unknown) => {
      asked.push(config as object);
      return original(config as string);
    });
    const stores = mysqlStores(url);
    spy.mockRestore();
    await stores.ready();
    const own = createPool(asked[0] as PoolOptions);
    await expect(own.query('SELECT 1; SELECT 2')).rejects.toThrow(/syntax/);
    await own.end();
    await stores.close();
    await server.stop();
  });
});

it('a driver that is not installed, or is another package, is a setting that can be mended', () => {
  const isAny = (_: unknown): _ is object => true;
  const isNone = (_: unknown): _ is object => false;
  expect(loadDriver('pg', 'stores.postgres', isAny)).toBeDefined();
  expect(() => loadDriver('no-such-driver', 'stores.postgres', isAny)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_VALUE', fix: expect.stringContaining('npm install no-such-driver') }),
  );
  expect(() => loadDriver('pg', 'stores.postgres', isNone)).toThrow(expect.objectContaining({ name: 'ConfigError' }));
});
