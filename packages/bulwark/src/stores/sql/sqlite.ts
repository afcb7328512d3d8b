import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import type { Stores } from '../stores.ts';
import { DEFAULT_PREFIX, SQLITE, type Tables, tablesOf } from './dialect.ts';
import { sqlRateLimitStore } from './limits.ts';
import { sqlRecordStore } from './records.ts';
import { runAtOnce, type SqlDriver, SqlFailure, type SqlResult, type Statement, type Steps } from './steps.ts';

/** Settings of the stores in an SQLite file. */
export interface SqliteOptions {
  /** How the names of the tables begin: small letters, digits, underscores. Default `bulwark_`. */
  readonly prefix?: string;
  /**
   * Milliseconds that a call waits while another process writes; default 100. This process stands still meanwhile, so it
   * is small.
   */
  readonly busyTimeout?: number;
}

const schema = z.strictObject({
  prefix: z.string().optional(),
  busyTimeout: z.int().min(0).max(10_000).optional(),
});

const DEFAULTS: Required<SqliteOptions> = { prefix: DEFAULT_PREFIX, busyTimeout: 100 };

const FIELD = 'stores.sqlite';

/** Milliseconds that opening may wait for others who open the same file at the same time. */
const OPENING_TIMEOUT = 5000;

/**
 * Keeps records and limits in a file, with node's own SQLite: nothing to install, and answers at once. Several processes
 * of one machine may share the file; not several machines (SQLite's locks do not hold on network file systems).
 *
 * What a call has answered is on the disk, for records also after a power cut; limits may lose their last moments then.
 *
 * The file is readable for this user alone, and so is its folder if it is made here. `':memory:'` keeps all in this process.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` where the file cannot be opened, is no database, or cannot be written
 * @see https://www.sqlite.org/wal.html, https://cwe.mitre.org/data/definitions/732.html
 * @example const stores = sqliteStores('data/bulwark.sqlite')
 */
export function sqliteStores(path: string, options?: SqliteOptions): Stores {
  const settings = resolveOptions(schema, DEFAULTS, options, FIELD);
  const tables = tablesOf(settings.prefix, FIELD);
  const isFile = path !== ':memory:';
  if (isFile) makeFile(path);
  // Two connections: a limit is not worth waiting for the disk, an ended session is.
  const records = open(path, tables, settings, isFile ? 'FULL' : 'OFF');
  const limits = openBeside(records, () => open(path, tables, settings, isFile ? 'NORMAL' : 'OFF'));
  return {
    kind: 'sqlite',
    records: sqlRecordStore(driverOf(records), SQLITE, tables.records, {
      local: !isFile,
      shared: isFile,
      atOnce: true,
    }),
    limits: sqlRateLimitStore(driverOf(limits), SQLITE, tables.limits, { local: !isFile }),
    shared: isFile,
    async ready() {
      for (const database of [records, limits]) check(database, tables);
    },
    async close() {
      for (const database of [records, limits]) if (database.isOpen) database.close();
    },
  };
}

/** Opens a second one; where that fails, the first is not left open. */
function openBeside(first: DatabaseSync, second: () => DatabaseSync): DatabaseSync {
  try {
    return second();
  } catch (error) {
    first.close();
    throw error;
  }
}

/** Made before SQLite makes it: its own would be readable for everybody whom the umask lets. */
function makeFile(path: string): void {
  if (path === '' || path.includes('\0') || path.startsWith('file:')) {
    throw unusable('it is not the path of a file', undefined);
  }
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw unusable('the file cannot be made or written', error);
  }
}

function open(
  path: string,
  tables: Tables,
  { busyTimeout }: Required<SqliteOptions>,
  synchronous: string,
): DatabaseSync {
  const { DatabaseSync: Database } = process.getBuiltinModule('node:sqlite');
  let database: DatabaseSync | undefined;
  try {
    database = new Database(path);
    const opened = database;
    opened.exec(`PRAGMA busy_timeout = ${OPENING_TIMEOUT}`);
    retryWhileBusy(() => opened.exec('PRAGMA journal_mode = WAL'));
    opened.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA trusted_schema = OFF`);
    opened.exec(`BEGIN IMMEDIATE; ${SQLITE.schema(tables).join(';')}; COMMIT`);
    opened.exec(`PRAGMA busy_timeout = ${busyTimeout}`);
    check(opened, tables);
    return opened;
  } catch (error) {
    database?.close();
    throw unusable(whatIsWrong(error), error);
  }
}

/** The change to WAL does not wait by itself for others who do the same. */
function retryWhileBusy(change: () => void): void {
  const deadline = Date.now() + OPENING_TIMEOUT;
  for (;;) {
    try {
      change();
      return;
    } catch (error) {
      if (resultCode(error) !== BUSY || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function check(database: DatabaseSync, { records, limits }: Tables): void {
  database.exec(`SELECT record_key, value, version, owner, expires_at FROM ${records} LIMIT 1`);
  database.exec(`SELECT limit_key, tat, strikes, strikes_until, blocked_until, expires_at FROM ${limits} LIMIT 1`);
}

const BUSY = 5;
const CONSTRAINT = 19;

/** The primary code: extended ones have more in their higher bytes. */
function resultCode(error: unknown): number {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : 0;
}

function whatIsWrong(error: unknown): string {
  const code = resultCode(error);
  if (code === 11 || code === 26) return 'the file is damaged, or is no SQLite database';
  if (code === 8 || code === 14) return 'the file or its folder cannot be written';
  if (code === 13 || code === 10) return 'the disk is full, or does not work';
  if (code === BUSY) return 'another process keeps the file locked';
  return 'the file cannot be used: it may hold other tables of these names';
}

function unusable(message: string, cause: unknown): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field: FIELD,
    message,
    fix: 'name a file in a folder that this user can write, on a local disk; move a damaged one away, and a new one is made',
    cause,
  });
}

function driverOf(database: DatabaseSync): SqlDriver {
  const prepared = new Map<string, StatementSync>();

  function execute({ text, values, reads }: Statement): SqlResult {
    let statement = prepared.get(text);
    if (statement === undefined) {
      statement = database.prepare(text);
      prepared.set(text, statement);
    }
    if (reads) return { rows: statement.all(...values), changes: 0 };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  }

  function run<T>(mode: 'each' | 'transaction', steps: () => Steps<T>): T {
    try {
      if (mode === 'each') return runAtOnce(steps(), execute);
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = runAtOnce(steps(), execute);
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      throw failureOf(error);
    }
  }

  return {
    run,
    aside(steps) {
      try {
        run('each', steps);
      } catch {
        // What has expired is invisible anyway; the next new row asks again.
      }
    },
  };
}

function failureOf(error: unknown): unknown {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (code !== 'ERR_SQLITE_ERROR' && code !== 'ERR_INVALID_STATE') return error;
  const kind = resultCode(error) === CONSTRAINT ? 'duplicate' : 'refused';
  return new SqlFailure('sqlite', kind, typeof errcode === 'number' ? `SQLITE_${errcode}` : 'ERR_CLOSED');
}
