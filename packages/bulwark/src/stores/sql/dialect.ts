import { ConfigError } from '../../errors.ts';
import type { SqlValue, Statement } from './steps.ts';

/** In what databases differ. */
export interface SqlDialect {
  readonly kind: 'sqlite' | 'postgres' | 'mysql';
  /** The database's clock in whole milliseconds and microseconds since 1970, read when the expression is. */
  readonly ms: string;
  readonly us: string;
  /** As `ms`, but the same all through a statement, so that an index can be used. */
  readonly statementMs: string;
  readonly statementUs: string;
  /** `INSERT … ON CONFLICT` is there, and `DELETE … RETURNING`. MySQL 8 has neither. */
  readonly onConflict: boolean;
  /** How a text is handed over, so that it is compared byte by byte and may hold a NUL. */
  encode(text: string): SqlValue;
  /** The text again. */
  decode(value: unknown): string;
  /** The n-th place for a value. */
  place(n: number): string;
  /** The tables and their indexes; does nothing where they are there. */
  schema(tables: Tables): readonly string[];
  /** Deletes up to `count` rows of a table that have expired. */
  sweep(table: string, key: string, now: string, count: number): string;
}

/** The names of the tables. */
export interface Tables {
  readonly records: string;
  readonly limits: string;
}

/** The usual beginning of the tables' names. */
export const DEFAULT_PREFIX = 'bulwark_';

/**
 * The names of the tables. Names cannot be bound as values are: so this is the one text that gets into statements, and it
 * holds nothing but letters, digits and underscores.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE`
 * @see https://cwe.mitre.org/data/definitions/89.html
 */
export function tablesOf(prefix: string, field: string): Tables {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(prefix)) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: `${field}.prefix`,
      message: 'it does not fit the name of a table',
      fix: `write up to 40 small letters, digits and underscores, a letter first; the usual is "${DEFAULT_PREFIX}"`,
    });
  }
  return { records: `${prefix}records`, limits: `${prefix}limits` };
}

/** Makes statements of one text: each `?` in it is a place for a value. */
export function statement(dialect: SqlDialect, text: string): (...values: readonly SqlValue[]) => Statement {
  let places = 0;
  const placed = text.replace(/\s+/g, ' ').replaceAll('?', () => dialect.place(++places));
  const reads = /^(?:SELECT|DELETE .* RETURNING)\b/.test(placed);
  return (...values) => ({ text: placed, values, reads });
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function textOf(value: unknown): string {
  if (!Buffer.isBuffer(value)) throw new TypeError('The database gave no bytes where bytes were stored');
  return value.toString('utf8');
}

export const SQLITE: SqlDialect = {
  kind: 'sqlite',
  ms: "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)",
  us: "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000",
  statementMs: "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)",
  statementUs: "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000",
  onConflict: true,
  encode: (text) => text,
  decode: String,
  place: () => '?',
  schema: ({ records, limits }) => [
    `CREATE TABLE IF NOT EXISTS ${records} (
  record_key TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL,
  version INTEGER NOT NULL,
  owner TEXT,
  expires_at INTEGER NOT NULL
) STRICT`,
    `CREATE INDEX IF NOT EXISTS ${records}_owner ON ${records} (owner) WHERE owner IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${records}_expires_at ON ${records} (expires_at)`,
    `CREATE TABLE IF NOT EXISTS ${limits} (
  limit_key TEXT PRIMARY KEY NOT NULL,
  tat INTEGER NOT NULL,
  strikes INTEGER NOT NULL,
  strikes_until INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT`,
    `CREATE INDEX IF NOT EXISTS ${limits}_expires_at ON ${limits} (expires_at)`,
  ],
  sweep: (table, key, now, count) =>
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE expires_at <= ${now} LIMIT ${count})`,
};

export const POSTGRES: SqlDialect = {
  kind: 'postgres',
  ms: 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
  us: 'floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint',
  statementMs: 'floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint',
  statementUs: 'floor(extract(epoch FROM statement_timestamp()) * 1000000)::bigint',
  onConflict: true,
  encode: bytes,
  decode: textOf,
  place: (n) => `$${n}`,
  schema: ({ records, limits }) => [
    `CREATE TABLE IF NOT EXISTS ${records} (
  record_key bytea PRIMARY KEY,
  value bytea NOT NULL,
  version bigint NOT NULL,
  owner bytea,
  expires_at bigint NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${records}_owner ON ${records} (owner) WHERE owner IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${records}_expires_at ON ${records} (expires_at)`,
    `CREATE TABLE IF NOT EXISTS ${limits} (
  limit_key bytea PRIMARY KEY,
  tat bigint NOT NULL,
  strikes bigint NOT NULL,
  strikes_until bigint NOT NULL,
  blocked_until bigint NOT NULL,
  expires_at bigint NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${limits}_expires_at ON ${limits} (expires_at)`,
  ],
  sweep: (table, key, now, count) =>
    `DELETE FROM ${table} WHERE ${key} IN
     (SELECT ${key} FROM ${table} WHERE expires_at <= ${now} ORDER BY expires_at LIMIT ${count} FOR UPDATE SKIP LOCKED)`,
};

/** Of UTC: the difference of two local times is wrong by an hour when the clocks are changed. */
const MYSQL_US = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

export const MYSQL: SqlDialect = {
  kind: 'mysql',
  ms: `(${MYSQL_US} DIV 1000)`,
  us: MYSQL_US,
  statementMs: `(${MYSQL_US} DIV 1000)`,
  statementUs: MYSQL_US,
  onConflict: false,
  encode: bytes,
  decode: textOf,
  place: () => '?',
  // VARBINARY and not a text: the usual collations do not tell "a" from "A" or "a " from "a".
  schema: ({ records, limits }) => [
    `CREATE TABLE IF NOT EXISTS ${records} (
  record_key VARBINARY(512) NOT NULL PRIMARY KEY,
  value MEDIUMBLOB NOT NULL,
  version BIGINT NOT NULL,
  owner VARBINARY(512) NULL,
  expires_at BIGINT NOT NULL,
  INDEX ${records}_owner (owner),
  INDEX ${records}_expires_at (expires_at)
) ENGINE=InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${limits} (
  limit_key VARBINARY(512) NOT NULL PRIMARY KEY,
  tat BIGINT NOT NULL,
  strikes BIGINT NOT NULL,
  strikes_until BIGINT NOT NULL,
  blocked_until BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  INDEX ${limits}_expires_at (expires_at)
) ENGINE=InnoDB`,
  ],
  sweep: (table, _key, now, count) =>
    `DELETE FROM ${table} WHERE expires_at <= ${now} ORDER BY expires_at LIMIT ${count}`,
};
