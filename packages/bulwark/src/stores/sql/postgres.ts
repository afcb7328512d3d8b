import type { Stores } from '../stores.ts';
import { POSTGRES } from './dialect.ts';
import { loadDriver, requireUrl, type SqlServerOptions, serverOptions } from './options.ts';
import type { Connection, ServerPool } from './server-driver.ts';
import { serverStores } from './server-stores.ts';
import { nameOf, SqlFailure, type SqlFailureKind } from './steps.ts';

/** The parts of a `Pool` of the package pg that are used. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** The parts of a client of the package pg that are used. */
export interface PostgresClient {
  query(query: {
    text: string;
    values?: unknown[];
  }): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  release(destroy?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

interface Pg {
  readonly Pool: new (
    config: object,
  ) => PostgresPool & { on(event: 'connect', listener: (client: Endable) => void): unknown };
}

const FIELD = 'stores.postgres';

/** "Bulwark", as a number: the lock under which tables are made. */
const LOCK = 'SELECT pg_advisory_xact_lock(4788275)';

/**
 * Keeps records and limits in PostgreSQL, 12 or newer. The tables are made by `ready()`, if they are missing.
 *
 * Needs the package `pg`, 8 or newer. A pool that is handed in is used as it is, and left open by `close()`.
 *
 * @param server - `postgresql://user:password@host/database`, or a pool
 * @throws ConfigError `ERR_CONFIG_VALUE`
 * @see docs/sql-stores.md for the tables, and what a user of the database must be allowed to do
 * @example const stores = postgresStores('postgresql://app:secret@db.internal/app')
 */
export function postgresStores(server: string | PostgresPool, options?: SqlServerOptions): Stores {
  const settings = serverOptions(options, FIELD);
  const pool = typeof server === 'string' ? ownPool(server, settings) : handedIn(server);
  return serverStores(pool, { field: FIELD, dialect: POSTGRES, lock: LOCK, permanent: PERMANENT }, settings);
}

function ownPool(url: string, { connections, timeout }: Required<SqlServerOptions>): ServerPool {
  requireUrl(url, ['postgresql:', 'postgres:'], FIELD);
  const { Pool } = loadDriver('pg', FIELD, isPg);
  const pool = new Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: timeout,
    // The server, too, gives up what nobody waits for any more.
    statement_timeout: timeout,
    idle_in_transaction_session_timeout: timeout,
    application_name: 'bulwark',
    allowExitOnIdle: true,
  });
  const clients = new Set<Endable>();
  pool.on('connect', (client) => {
    clients.add(client);
    client.once('end', () => clients.delete(client));
  });
  const shared = handedIn(pool);
  return {
    ...shared,
    async end(grace) {
      const ended = pool.end();
      ended.catch(() => undefined);
      // A server that hangs does not say good-bye: the process need not wait for it.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, grace).unref())]);
      for (const client of clients) client.unref();
    },
  };
}

interface Endable {
  once(event: 'end', listener: () => void): unknown;
  unref(): void;
}

function handedIn(pool: PostgresPool): ServerPool {
  // Without a listener the loss of an idle connection ends the process; the next call finds out anyway.
  pool.on('error', ignore);
  return {
    kind: 'postgres',
    // Whatever the usual isolation is: the locks do what is needed, and a snapshot would hide what they waited for.
    begin: 'BEGIN ISOLATION LEVEL READ COMMITTED',
    connect: async () => connectionOf(await pool.connect()),
    failureOf,
    async end() {
      // Whoever opened it closes it.
    },
  };
}

function connectionOf(client: PostgresClient): Connection {
  client.on('error', ignore);
  return {
    async run({ text, values }) {
      const { rows, rowCount } = await client.query({ text, values: [...values] });
      return { rows, changes: rowCount ?? 0 };
    },
    command: (text) => client.query({ text }),
    release(broken) {
      client.off('error', ignore);
      client.release(broken);
    },
  };
}

function ignore(): void {}

const KINDS: Readonly<Record<string, SqlFailureKind>> = {
  '23505': 'duplicate',
  '40001': 'again',
  '40P01': 'again',
  '55P03': 'again',
  '42P01': 'no-table',
};

/**
 * SQLSTATE: five letters and digits. Those of the classes 08 (connection), 53 (resources), 57 (operator), 58 and XX (the
 * server is not well) end a connection, and 25006 says that it leads to a server which may not write any more.
 */
export function failureOf(error: unknown): SqlFailure {
  if (error instanceof SqlFailure) return error;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return new SqlFailure('postgres', 'lost', nameOf(error));
  const isState = /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|53|57|58|XX|25006)/.test(code);
  return new SqlFailure('postgres', KINDS[code] ?? (isState ? 'refused' : 'lost'), code);
}

const LOGIN = {
  message: 'the server does not let this user in with this password',
  fix: 'correct user, password or database in the address, or pg_hba.conf on the server',
};
const TABLES =
  'let an administrator make the tables (docs/sql-stores.md) and grant SELECT, INSERT, UPDATE, DELETE on them';

const PERMANENT = {
  '28P01': LOGIN,
  '28000': LOGIN,
  '3D000': { message: 'there is no such database', fix: 'create the database, or correct its name in the address' },
  '3F000': { message: 'there is no schema to make tables in', fix: TABLES },
  '42501': { message: 'the user may not use or make the tables', fix: TABLES },
  '42703': { message: 'the tables have other columns than they should', fix: `use another prefix, or ${TABLES}` },
};

function isPg(value: unknown): value is Pg {
  return typeof (value as Partial<Pg> | undefined)?.Pool === 'function';
}
