import { createHash } from 'node:crypto';
import { type Bucket, consumeFrom, freshAt, refundTo } from '../gcra.ts';
import { whenDone } from '../maybe-promise.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from '../rate-limit-store.ts';
import { type SqlDialect, statement } from './dialect.ts';
import { isNew } from './records.ts';
import { type SqlDriver, type SqlResult, type SqlValue, type Statement, type Steps, step } from './steps.ts';
import { SWEEP_COUNT, sweeper } from './sweeper.ts';

/** The longest key that is kept as it is, in bytes; of a longer one its hash is. */
const MAX_KEY_BYTES = 512;

/**
 * Limits in a table, by the database's clock and with the same arithmetic as in memory.
 *
 * A request reads the row, decides, and writes it back if it is still as it was: two statements, and one where it is
 * refused. Where another came between, it locks the row first and decides then: so of a thousand at once exactly the
 * limit passes, and none has to try for ever.
 */
export function sqlRateLimitStore(
  driver: SqlDriver,
  dialect: SqlDialect,
  table: string,
  traits: { readonly local: boolean },
): RateLimitStore {
  const sql = statementsFor(dialect, table);
  const swept = sweeper(driver, sql.sweep);

  function* decide(key: SqlValue, cost: number, rule: RateLimitRule): Steps<RateLimitResult | undefined> {
    const { now, bucket: before } = seenIn(yield* step(sql.look(key)));
    const bucket = before === undefined ? fresh() : { ...before };
    const result = consumeFrom(bucket, cost, rule, now);
    if (before === undefined) {
      if (!(yield* isNew(sql.add(key, ...valuesOf(bucket))))) return undefined;
      swept();
      return result;
    }
    if (isSame(before, bucket)) return result;
    const { tat, strikes, strikesUntil, blockedUntil } = before;
    const { changes } = yield* step(sql.swap(...valuesOf(bucket), key, tat, strikes, strikesUntil, blockedUntil));
    return changes === 1 ? result : undefined;
  }

  /** The clock is read after the lock was waited for: by an older one, units would come back that have been taken since. */
  function* decideLocked(key: SqlValue, cost: number, rule: RateLimitRule): Steps<RateLimitResult> {
    yield* step(sql.lock(key));
    const { now, bucket = fresh() } = seenIn(yield* step(sql.look(key)));
    const result = consumeFrom(bucket, cost, rule, now);
    yield* step(sql.set(...valuesOf(bucket), key));
    return result;
  }

  return {
    ...(traits.local ? { local: true } : {}),
    consume(key, cost, rule) {
      const kept = keptKey(dialect, key);
      return whenDone(
        driver.run('each', () => decide(kept, cost, rule)),
        (result) => result ?? driver.run('transaction', () => decideLocked(kept, cost, rule)),
      );
    },
    refund(key, units, rule) {
      const given = fresh();
      refundTo(given, units, rule);
      return whenDone(
        driver.run('each', () => step(sql.refund(given.tat, keptKey(dialect, key)))),
        () => undefined,
      );
    },
  };
}

const fresh = (): Bucket => ({ tat: 0, strikes: 0, strikesUntil: 0, blockedUntil: 0 });

function keptKey(dialect: SqlDialect, key: string): SqlValue {
  const isShort = key.length * 3 <= MAX_KEY_BYTES || Buffer.byteLength(key) <= MAX_KEY_BYTES;
  return dialect.encode(isShort ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`);
}

/** The values of a row, in the order of its columns. */
function valuesOf(bucket: Bucket): [number, number, number, number, number] {
  const { tat, strikes, strikesUntil, blockedUntil } = bucket;
  return [tat, strikes, strikesUntil, blockedUntil, freshAt(bucket)];
}

function isSame(a: Bucket, b: Bucket): boolean {
  return (
    a.tat === b.tat && a.strikes === b.strikes && a.strikesUntil === b.strikesUntil && a.blockedUntil === b.blockedUntil
  );
}

/** The database's clock, in milliseconds, and the row, where there is one. */
function seenIn({ rows }: SqlResult): { readonly now: number; readonly bucket?: Bucket } {
  const row = rows[0] ?? {};
  const now = Number(row.now_us) / 1000;
  // A clock that cannot be read would let everything pass, or nothing.
  if (!Number.isFinite(now)) throw new TypeError('The database gave no time');
  if (row.tat === null) return { now };
  const bucket = {
    tat: Number(row.tat),
    strikes: Number(row.strikes),
    strikesUntil: Number(row.strikes_until),
    blockedUntil: Number(row.blocked_until),
  };
  return { now, bucket };
}

function statementsFor(dialect: SqlDialect, table: string) {
  const { us } = dialect;
  const sql = (text: string): ((...values: readonly SqlValue[]) => Statement) => statement(dialect, text);
  const columns = 'limit_key, tat, strikes, strikes_until, blocked_until, expires_at';
  const change = 'tat = ?, strikes = ?, strikes_until = ?, blocked_until = ?, expires_at = ?';
  const asItWas = 'tat = ? AND strikes = ? AND strikes_until = ? AND blocked_until = ?';
  const ifNone = dialect.onConflict ? 'ON CONFLICT (limit_key) DO NOTHING' : '';
  const touch = dialect.onConflict
    ? `ON CONFLICT (limit_key) DO UPDATE SET tat = ${table}.tat`
    : 'ON DUPLICATE KEY UPDATE tat = tat';
  return {
    look: sql(
      `SELECT clock.now_us, l.tat, l.strikes, l.strikes_until, l.blocked_until
       FROM (SELECT ${us} AS now_us) clock LEFT JOIN ${table} l ON l.limit_key = ?`,
    ),
    add: sql(`INSERT INTO ${table} (${columns}) VALUES (?, ?, ?, ?, ?, ?) ${ifNone}`),
    swap: sql(`UPDATE ${table} SET ${change} WHERE limit_key = ? AND ${asItWas}`),
    /** Makes the row where there is none; either way it is this transaction's from then on. */
    lock: sql(`INSERT INTO ${table} (${columns}) VALUES (?, 0, 0, 0, 0, 0) ${touch}`),
    set: sql(`UPDATE ${table} SET ${change} WHERE limit_key = ?`),
    refund: sql(`UPDATE ${table} SET tat = tat + ? WHERE limit_key = ?`),
    sweep: sql(dialect.sweep(table, 'limit_key', dialect.statementUs, SWEEP_COUNT)),
  };
}
