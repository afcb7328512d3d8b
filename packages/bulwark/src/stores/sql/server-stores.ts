import { ConfigError } from '../../errors.ts';
import type { Stores } from '../stores.ts';
import { type SqlDialect, statement, type Tables, tablesOf } from './dialect.ts';
import { sqlRateLimitStore } from './limits.ts';
import type { SqlServerOptions } from './options.ts';
import { sqlRecordStore } from './records.ts';
import { type ServerPool, serverDriver } from './server-driver.ts';
import { type SqlDriver, SqlFailure, type Steps, step } from './steps.ts';

/** What differs between servers in making the tables. */
export interface ServerSetup {
  readonly field: string;
  readonly dialect: SqlDialect;
  /** What is run first in the transaction that makes the tables, so that processes which start at once do it in turn. */
  readonly lock?: string;
  /** Codes that no waiting mends, with what to do. */
  readonly permanent: Readonly<Record<string, { readonly message: string; readonly fix: string }>>;
}

/** The stores in a server, whichever it is. */
export function serverStores(pool: ServerPool, setup: ServerSetup, options: Required<SqlServerOptions>): Stores {
  const tables = tablesOf(options.prefix, setup.field);
  const driver = serverDriver(pool, options);
  const { dialect } = setup;
  const making = makingTables(driver, () => create(setup, tables));
  return {
    kind: dialect.kind,
    records: sqlRecordStore(making, dialect, tables.records, { local: false, shared: true, atOnce: false }),
    limits: sqlRateLimitStore(making, dialect, tables.limits, { local: false }),
    shared: true,
    ready: () => prepare(driver, tables, setup),
    close: () => driver.close(),
  };
}

/**
 * Makes the tables at the first call that misses them, too: a server that was away when the app started is used once it is
 * there, and so is one of an app whose start did not wait for it. The call is made again then.
 */
function makingTables(driver: SqlDriver, make: () => Steps<void>): SqlDriver {
  let making: Promise<void> | undefined;
  const together = (): Promise<void> => {
    making ??= (async () => driver.run('transaction', make))().finally(() => {
      making = undefined;
    });
    return making;
  };
  return {
    async run(mode, steps) {
      try {
        return await driver.run(mode, steps);
      } catch (error) {
        if (!(error instanceof SqlFailure) || error.kind !== 'no-table') throw error;
        await together();
        return await driver.run(mode, steps);
      }
    },
    aside: driver.aside,
  };
}

/**
 * Makes the tables where they are missing. A user who may not make any is no obstacle where they are there: so it looks
 * before it makes them.
 */
async function prepare(driver: SqlDriver, tables: Tables, setup: ServerSetup): Promise<void> {
  const look = (): Steps<unknown> => probe(setup.dialect, tables);
  try {
    try {
      await driver.run('each', look);
    } catch (error) {
      if (!(error instanceof SqlFailure) || error.kind !== 'no-table') throw error;
      await driver.run('transaction', () => create(setup, tables));
      await driver.run('each', look);
    }
  } catch (error) {
    const known = error instanceof SqlFailure ? setup.permanent[error.code] : undefined;
    if (known === undefined) throw error;
    throw new ConfigError('ERR_CONFIG_VALUE', { field: setup.field, ...known });
  }
}

function* probe(dialect: SqlDialect, { records, limits }: Tables): Steps<void> {
  const columns = {
    [records]: 'record_key, value, version, owner, expires_at',
    [limits]: 'limit_key, tat, strikes, strikes_until, blocked_until, expires_at',
  };
  for (const [table, names] of Object.entries(columns)) {
    yield* step(statement(dialect, `SELECT ${names} FROM ${table} LIMIT 0`)());
  }
}

function* create({ dialect, lock }: ServerSetup, tables: Tables): Steps<void> {
  const texts = lock === undefined ? dialect.schema(tables) : [lock, ...dialect.schema(tables)];
  for (const text of texts) yield* step({ text, values: [], reads: text === lock });
}
