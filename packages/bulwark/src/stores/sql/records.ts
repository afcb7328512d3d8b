import { checkName, checkRecord, firstVersion } from '../record-rules.ts';
import type { KeyedRecord, NewRecord, RecordStore, Replacement, StoredRecord } from '../record-store.ts';
import { type SqlDialect, statement } from './dialect.ts';
import { type SqlDriver, SqlFailure, type SqlValue, type Statement, type Steps, step } from './steps.ts';
import { SWEEP_COUNT, sweeper } from './sweeper.ts';

/** Tells those who ask what kind of store it is. */
export interface SqlStoreTraits {
  /** It cannot be out of reach. */
  readonly local: boolean;
  readonly shared: boolean;
  /** It gives no promises. */
  readonly atOnce: boolean;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Records in a table. Each call is one statement where the database has one for it, and else a few of which each leaves
 * the table as it should be; only `remove` on MySQL needs a transaction.
 */
export function sqlRecordStore(
  driver: SqlDriver,
  dialect: SqlDialect,
  table: string,
  { local, shared, atOnce }: SqlStoreTraits,
): RecordStore {
  const sql = statementsFor(dialect, table);
  const swept = sweeper(driver, sql.sweep);
  const { encode, decode } = dialect;

  /** The values of a new row, in the order of the statements. */
  const contents = ({ value, owner, ttl }: NewRecord): { value: SqlValue; owner: SqlValue; ttl: number } => ({
    value: encode(value),
    owner: owner === undefined ? null : encode(owner),
    ttl: Math.floor(ttl),
  });

  const storedOf = (row: Row): StoredRecord => {
    const record = { value: decode(row.value), version: Number(row.version) };
    return row.owner === null ? record : { ...record, owner: decode(row.owner) };
  };

  function* read(key: SqlValue): Steps<StoredRecord | undefined> {
    const { rows } = yield* step(sql.get(key));
    return rows[0] && storedOf(rows[0]);
  }

  function* insertOnConflict(key: SqlValue, record: NewRecord): Steps<boolean> {
    const { value, owner, ttl } = contents(record);
    const { changes } = yield* step(sql.insert(key, value, firstVersion(), owner, ttl));
    return changes === 1;
  }

  /**
   * Where there is no `ON CONFLICT … WHERE`. When the second insert finds a record too, it was live, or somebody else's
   * new one: what had expired was deleted the moment before.
   */
  function* insertTwice(key: SqlValue, record: NewRecord): Steps<boolean> {
    const { value, owner, ttl } = contents(record);
    const insert = sql.insert(key, value, firstVersion(), owner, ttl);
    if (yield* isNew(insert)) return true;
    yield* step(sql.removeExpired(key));
    return yield* isNew(insert);
  }

  function* replaceRow(key: SqlValue, version: number, record: NewRecord): Steps<Replacement> {
    if (Number.isSafeInteger(version)) {
      const { value, owner, ttl } = contents(record);
      const { changes } = yield* step(sql.replace(value, owner, ttl, key, version));
      if (changes === 1) return { replaced: true, version: version + 1 };
    }
    return { replaced: false, current: yield* read(key) };
  }

  function* removeReturning(key: SqlValue): Steps<StoredRecord | undefined> {
    const { rows } = yield* step(sql.removeReturning(key));
    return rows[0] && storedOf(rows[0]);
  }

  function* removeLocked(key: SqlValue): Steps<StoredRecord | undefined> {
    const { rows } = yield* step(sql.lock(key));
    const row = rows[0];
    if (row === undefined) return undefined;
    yield* step(sql.removeLocked(key));
    return storedOf(row);
  }

  function* listRows(owner: string): Steps<readonly KeyedRecord[]> {
    const { rows } = yield* step(sql.list(encode(owner)));
    return rows.map((row) => ({ key: decode(row.record_key), ...storedOf(row) }));
  }

  /** A store that answers later says later, too, what it was asked wrongly. */
  const checked = <T>(check: () => void, run: () => T | Promise<T>): T | Promise<T> => {
    try {
      check();
    } catch (error) {
      if (atOnce) throw error;
      return Promise.reject(error);
    }
    return run();
  };

  return {
    local,
    shared,
    get: (key) =>
      checked(
        () => checkName('key', key),
        () => driver.run('each', () => read(encode(key))),
      ),
    insert: (key, record) =>
      checked(
        () => {
          checkName('key', key);
          checkRecord(record);
        },
        () => {
          swept();
          const insert = dialect.onConflict ? insertOnConflict : insertTwice;
          return driver.run('each', () => insert(encode(key), record));
        },
      ),
    replace: (key, version, record) =>
      checked(
        () => {
          checkName('key', key);
          checkRecord(record);
        },
        () => driver.run('each', () => replaceRow(encode(key), version, record)),
      ),
    remove: (key) =>
      checked(
        () => checkName('key', key),
        () =>
          dialect.onConflict
            ? driver.run('each', () => removeReturning(encode(key)))
            : driver.run('transaction', () => removeLocked(encode(key))),
      ),
    list: (owner) =>
      checked(
        () => checkName('owner', owner),
        () => driver.run('each', () => listRows(owner)),
      ),
  };
}

/** Inserts; false where there is such a key already. */
export function* isNew(insert: Statement): Steps<boolean> {
  try {
    const { changes } = yield* step(insert);
    return changes === 1;
  } catch (error) {
    if (error instanceof SqlFailure && error.kind === 'duplicate') return false;
    throw error;
  }
}

function statementsFor(dialect: SqlDialect, table: string) {
  const { ms } = dialect;
  const sql = (text: string): ((...values: readonly SqlValue[]) => Statement) => statement(dialect, text);
  const columns = 'record_key, value, version, owner, expires_at';
  const live = `record_key = ? AND expires_at > ${ms}`;
  // A record that has expired is no record: the new one takes its row.
  const takeOver = `ON CONFLICT (record_key) DO UPDATE SET value = excluded.value, version = excluded.version,
    owner = excluded.owner, expires_at = excluded.expires_at WHERE ${table}.expires_at <= ${ms}`;
  return {
    get: sql(`SELECT value, version, owner FROM ${table} WHERE ${live}`),
    insert: sql(
      `INSERT INTO ${table} (${columns}) VALUES (?, ?, ?, ?, ${ms} + ?) ${dialect.onConflict ? takeOver : ''}`,
    ),
    removeExpired: sql(`DELETE FROM ${table} WHERE record_key = ? AND expires_at <= ${ms}`),
    replace: sql(
      `UPDATE ${table} SET value = ?, version = version + 1, owner = ?, expires_at = ${ms} + ?
       WHERE record_key = ? AND version = ? AND expires_at > ${ms}`,
    ),
    removeReturning: sql(`DELETE FROM ${table} WHERE ${live} RETURNING value, version, owner`),
    lock: sql(`SELECT value, version, owner FROM ${table} WHERE ${live} FOR UPDATE`),
    removeLocked: sql(`DELETE FROM ${table} WHERE record_key = ?`),
    list: sql(`SELECT record_key, value, version, owner FROM ${table} WHERE owner = ? AND expires_at > ${ms}`),
    sweep: sql(dialect.sweep(table, 'record_key', dialect.statementMs, SWEEP_COUNT)),
  };
}
