import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MYSQL, POSTGRES, SQLITE, type SqlDialect, tablesOf } from './dialect.ts';
import { sqlRateLimitStore } from './limits.ts';
import { failureOf as mysqlFailure } from './mysql.ts';
import { failureOf as postgresFailure } from './postgres.ts';
import { sqlRecordStore } from './records.ts';
import { runAtOnce, type SqlDriver, SqlFailure, type SqlResult, type Statement } from './steps.ts';

const DIALECTS: readonly SqlDialect[] = [SQLITE, POSTGRES, MYSQL];
const TABLES = tablesOf('bulwark_', 'test');
const HOSTILE = "x' OR '1'='1'; DROP TABLE bulwark_records; -- ?";
const RULE = { limit: 5, window: 1000 };

/** Every statement that the stores send for calls with hostile text, to a database that answers in every way. */
function sentTo(dialect: SqlDialect): Statement[] {
  const sent: Statement[] = [];
  const row = (): Record<string, unknown> => ({
    record_key: dialect.encode(HOSTILE),
    value: dialect.encode(HOSTILE),
    owner: null,
    version: 7,
    now_us: 1e15,
    tat: null,
    strikes: 0,
    strikes_until: 0,
    blocked_until: 0,
  });
  const answers: ((statement: Statement) => SqlResult)[] = [
    () => ({ rows: [row()], changes: 1 }),
    ({ reads }) => ({ rows: reads ? [{ ...row(), tat: 5 }] : [], changes: 0 }),
    ({ text }) => {
      if (text.startsWith('INSERT') && !text.includes('ON ')) throw new SqlFailure('test', 'duplicate', 'test');
      return { rows: [{ ...row(), tat: 5 }], changes: 1 };
    },
  ];
  for (const answer of answers) {
    const driver: SqlDriver = {
      run: (_mode, steps) =>
        runAtOnce(steps(), (statement) => {
          sent.push(statement);
          return answer(statement);
        }),
      aside: (steps) => void driver.run('each', steps),
    };
    const records = sqlRecordStore(driver, dialect, TABLES.records, { local: false, shared: true, atOnce: true });
    const limits = sqlRateLimitStore(driver, dialect, TABLES.limits, { local: false });
    const result = { allowed: true, remaining: 0, retryAfter: 0, refreshAfter: 0, blocked: false };
    const given: unknown[] = [
      records.insert(HOSTILE, { value: HOSTILE, ttl: 1000, owner: HOSTILE }),
      records.get(HOSTILE),
      records.replace(HOSTILE, 1, { value: HOSTILE, ttl: 1000, owner: HOSTILE }),
      records.remove(HOSTILE),
      records.list(HOSTILE),
      limits.consume(HOSTILE, 1, RULE, 0),
      limits.refund(HOSTILE, 1, RULE, 0, result),
    ];
    if (given.some((one) => one instanceof Promise)) throw new Error('not all was sent yet');
  }
  return sent;
}

describe.each(DIALECTS.map((dialect) => [dialect.kind, dialect] as const))('statements for %s', (_, dialect) => {
  const sent = sentTo(dialect);

  it('are all sent in this test', () => {
    const verbs = new Set(sent.map(({ text }) => text.split(' ')[0]));
    expect(verbs).toEqual(new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE']));
    expect(new Set(sent.map(({ text }) => text)).size).toBeGreaterThanOrEqual(12);
  });

  it('hold no value: each is bound', () => {
    for (const { text, values } of sent) {
      expect(text).not.toContain('DROP');
      const places = text.match(/\?|\$\d+/g) ?? [];
      expect(places, text).toHaveLength(values.length);
      expect(new Set(places).size).toBe(dialect.kind === 'postgres' ? values.length : Math.min(1, values.length));
    }
  });

  it('are one statement each, with the names of these tables and no others', () => {
    for (const { text } of sent) {
      expect(text).not.toContain(';');
      expect([...text.matchAll(/bulwark_\w+/g)].every(([name]) => Object.values(TABLES).includes(name))).toBe(true);
    }
  });
});

describe('what MySQL 8 does not have', () => {
  it.each(['RETURNING', 'ON CONFLICT', 'excluded.', 'IF NOT EXISTS INDEX', 'INSERT OR', '$1', '::', 'LIMIT ?'])(
    '%s is not sent to it',
    (part) => {
      for (const { text } of sentTo(MYSQL)) expect(text).not.toContain(part);
    },
  );

  it('a schema without partial indexes', () => {
    for (const text of MYSQL.schema(TABLES)) expect(text).not.toMatch(/WHERE|CREATE INDEX|TEXT|VARCHAR/);
  });
});

describe('docs/sql-stores.md', () => {
  const document = readFileSync(new URL('../../../../../docs/sql-stores.md', import.meta.url), 'utf8');
  it.each([
    ['PostgreSQL', POSTGRES],
    ['MariaDB and MySQL', MYSQL],
    ['SQLite', SQLITE],
  ] as const)('has the tables in %s as they are made', (name, dialect) => {
    const [, section = ''] = document.split(`## Tables in ${name}\n`);
    const [, block] = /```sql\n([\s\S]*?)```/.exec(section) ?? [];
    expect(block).toBe(
      dialect
        .schema(TABLES)
        .map((text) => `${text};\n`)
        .join(''),
    );
  });
});

describe('what an error means', () => {
  it.each([
    ['40P01', 'again'],
    ['40001', 'again'],
    ['55P03', 'again'],
    ['23505', 'duplicate'],
    ['42P01', 'no-table'],
    ['42501', 'refused'],
    ['57P01', 'lost'],
    ['57014', 'lost'],
    ['53300', 'lost'],
    ['08006', 'lost'],
    ['25006', 'lost'],
    ['ECONNREFUSED', 'lost'],
    [undefined, 'lost'],
  ])('of PostgreSQL: %s is %s', (code, kind) => {
    expect(postgresFailure(Object.assign(new Error('x'), { code })).kind).toBe(kind);
  });

  it.each([
    ['ER_LOCK_DEADLOCK', 'again'],
    ['ER_LOCK_WAIT_TIMEOUT', 'again'],
    ['ER_DUP_ENTRY', 'duplicate'],
    ['ER_NO_SUCH_TABLE', 'no-table'],
    ['ER_PARSE_ERROR', 'refused'],
    ['ER_SERVER_SHUTDOWN', 'lost'],
    ['ER_OPTION_PREVENTS_STATEMENT', 'lost'],
    ['PROTOCOL_CONNECTION_LOST', 'lost'],
    ['ETIMEDOUT', 'lost'],
    [undefined, 'lost'],
  ])('of MySQL: %s is %s', (code, kind) => {
    expect(mysqlFailure(Object.assign(new Error('x'), { code })).kind).toBe(kind);
  });

  it('never has the text of the driver', () => {
    const error = Object.assign(new Error('Duplicate entry secret'), { code: 'ER_DUP_ENTRY', sql: 'INSERT secret' });
    for (const failure of [mysqlFailure(error), postgresFailure(error)]) {
      expect(inspect(failure, { depth: 5, showHidden: true })).not.toContain('secret');
    }
  });
});
