import type { Stores } from '../stores.ts';
import { MYSQL } from './dialect.ts';
import { loadDriver, requireUrl, type SqlServerOptions, serverOptions } from './options.ts';
import type { Connection, ServerPool } from './server-driver.ts';
import { serverStores } from './server-stores.ts';
import { nameOf, SqlFailure, type SqlFailureKind, type SqlResult } from './steps.ts';

type Callback<T> = (error: Error | null, result: T) => void;

/** The parts of a pool of the package mysql2 that are used; that of `mysql2/promise` has one inside, as `pool`. */
export interface MysqlPool {
  getConnection(callback: Callback<MysqlConnection>): void;
  end(callback: (error?: Error | null) => void): void;
}

/** The parts of a connection of the package mysql2 that are used. */
export interface MysqlConnection {
  execute(options: object, callback: Callback<unknown>): unknown;
  query(options: object, callback: Callback<unknown>): unknown;
  release(): void;
  destroy(): void;
  readonly stream?: { destroy?(): unknown; once?(event: 'close', listener: () => void): unknown };
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

interface Mysql2 {
  readonly createPool: (config: object) => MysqlPool & {
    on(event: 'connection', listener: (connection: MysqlConnection) => void): unknown;
  };
}

const FIELD = 'stores.mysql';

/**
 * Keeps records and limits in MariaDB 10.6 or MySQL 8 or newer. The tables are made by `ready()`, if they are missing.
 *
 * Needs the package `mysql2`, 3 or newer. A pool that is handed in is used as it is, and left open by `close()`.
 *
 * @param server - `mysql://user:password@host/database`, or a pool of `mysql2` or `mysql2/promise`
 * @throws ConfigError `ERR_CONFIG_VALUE`
 * @see docs/sql-stores.md for the tables, and what a user of the database must be allowed to do
 * @example const stores = mysqlStores('mysql://app:secret@db.internal/app')
 */
export function mysqlStores(
  server: string | MysqlPool | { readonly pool: MysqlPool },
  options?: SqlServerOptions,
): Stores {
  const settings = serverOptions(options, FIELD);
  const pool =
    typeof server === 'string' ? ownPool(server, settings) : handedIn('pool' in server ? server.pool : server);
  return serverStores(pool, { field: FIELD, dialect: MYSQL, permanent: PERMANENT }, settings);
}

function ownPool(address: string, { connections, timeout }: Required<SqlServerOptions>): ServerPool {
  const url = requireUrl(address, ['mysql:', 'mariadb:'], FIELD);
  const { createPool } = loadDriver('mysql2', FIELD, isMysql2);
  url.protocol = 'mysql:';
  // What the address says would win over what is said here.
  for (const name of ['multipleStatements', 'flags']) url.searchParams.delete(name);
  const pool = createPool({
    uri: url.href,
    connectionLimit: connections,
    connectTimeout: timeout,
    // Calls wait in front of the pool; what is still in its line was given up long ago.
    queueLimit: connections,
  });
  const open = new Set<MysqlConnection>();
  pool.on('connection', (connection) => {
    open.add(connection);
    connection.stream?.once?.('close', () => open.delete(connection));
  });
  return {
    ...handedIn(pool),
    async end(grace) {
      const ended = new Promise<void>((resolve) => pool.end(() => resolve()));
      const waited = new Promise<void>((resolve) => setTimeout(resolve, grace).unref());
      await Promise.race([ended, waited]);
      // A server that hangs does not say good-bye.
      for (const connection of open) cut(connection);
    },
  };
}

function handedIn(pool: MysqlPool): ServerPool {
  return {
    kind: 'mysql',
    begin: 'START TRANSACTION',
    connect: () =>
      new Promise((resolve, reject) => {
        pool.getConnection((error, connection) => {
          if (error === null || error === undefined) resolve(connectionOf(connection));
          else reject(error);
        });
      }),
    failureOf,
    async end() {
      // Whoever opened it closes it.
    },
  };
}

function connectionOf(connection: MysqlConnection): Connection {
  connection.on('error', ignore);
  /** Prepared in the server: values go beside the text, and a text is one statement. */
  const execute = (sql: string, values: readonly unknown[]): Promise<SqlResult> =>
    new Promise((resolve, reject) => {
      // What a pool that was handed in may have set otherwise.
      const shape = { rowsAsArray: false, nestTables: false, typeCast: true, namedPlaceholders: false };
      connection.execute({ sql, values: [...values], ...shape }, (error, result) => {
        if (error !== null) reject(error);
        else if (Array.isArray(result)) resolve({ rows: result as Record<string, unknown>[], changes: 0 });
        else resolve({ rows: [], changes: (result as { affectedRows: number }).affectedRows });
      });
    });
  return {
    run: ({ text, values }) => execute(text, values),
    // MySQL 8 prepares no START TRANSACTION and no ROLLBACK. A command has no values.
    command: (sql) =>
      new Promise((resolve, reject) => {
        connection.query({ sql }, (error, result) => {
          if (error === null) resolve(result);
          else reject(error);
        });
      }),
    release(broken) {
      if (broken) {
        cut(connection);
        return;
      }
      connection.off('error', ignore);
      connection.release();
    },
  };
}

/** Its own `destroy` waits for the server to hang up too: a server that hangs would keep more and more sockets open. */
function cut(connection: MysqlConnection): void {
  connection.destroy();
  connection.stream?.destroy?.();
}

function ignore(): void {}

const KINDS: Readonly<Record<string, SqlFailureKind>> = {
  ER_DUP_ENTRY: 'duplicate',
  ER_LOCK_DEADLOCK: 'again',
  ER_LOCK_WAIT_TIMEOUT: 'again',
  ER_CHECKREAD: 'again',
  ER_NO_SUCH_TABLE: 'no-table',
};

/** Errors of the server that end a connection, or leave one that may not write. */
const LOST = new Set([
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_OPTION_PREVENTS_STATEMENT',
]);

export function failureOf(error: unknown): SqlFailure {
  if (error instanceof SqlFailure) return error;
  const { code, fatal } = (error ?? {}) as { code?: unknown; fatal?: unknown };
  if (typeof code !== 'string') return new SqlFailure('mysql', 'lost', nameOf(error));
  const isOfServer = code.startsWith('ER_') && fatal !== true && !LOST.has(code);
  return new SqlFailure('mysql', KINDS[code] ?? (isOfServer ? 'refused' : 'lost'), code);
}

const LOGIN = {
  message: 'the server does not let this user in with this password',
  fix: 'correct user, password or database in the address, or the grants on the server',
};
const TABLES =
  'let an administrator make the tables (docs/sql-stores.md) and grant SELECT, INSERT, UPDATE, DELETE on them';

const PERMANENT = {
  ER_ACCESS_DENIED_ERROR: LOGIN,
  ER_DBACCESS_DENIED_ERROR: LOGIN,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: LOGIN,
  ER_BAD_DB_ERROR: {
    message: 'there is no such database',
    fix: 'create the database, or correct its name in the address',
  },
  ER_NO_DB_ERROR: { message: 'the address names no database', fix: 'write one: mysql://user:password@host/database' },
  ER_TABLEACCESS_DENIED_ERROR: { message: 'the user may not use or make the tables', fix: TABLES },
  ER_BAD_FIELD_ERROR: {
    message: 'the tables have other columns than they should',
    fix: `use another prefix, or ${TABLES}`,
  },
};

function isMysql2(value: unknown): value is Mysql2 {
  return typeof (value as Partial<Mysql2> | undefined)?.createPool === 'function';
}
