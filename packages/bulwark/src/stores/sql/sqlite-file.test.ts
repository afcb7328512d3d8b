import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqlProcess } from '../../../test/support/sql-processes.ts';
import { ConfigError } from '../../errors.ts';
import { type SqliteOptions, sqliteStores } from './sqlite.ts';
import { SqlFailure } from './steps.ts';

const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
const LONG = 3_600_000;
const RULE = { limit: 100, window: LONG };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-sqlite-'));
  path = join(folder, 'stores.sqlite');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('four processes on one file', () => {
  async function atOnce(): Promise<{ allowed: number; updates: number; inserts: number }[]> {
    const children = await Promise.all(Array.from({ length: 4 }, () => sqlProcess('sqlite', path, 'count')));
    for (const child of children) child.go();
    const ends = await Promise.all(children.map((child) => child.end));
    return ends.map(({ lines }) => JSON.parse(lines[0] ?? '') as { allowed: number; updates: number; inserts: number });
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

  it('let exactly the limit through, lose no update, and insert each key once', { timeout: 60_000 }, async () => {
    const stores = sqliteStores(path);
    await stores.records.insert('counter', { value: '0', ttl: LONG });
    const results = await atOnce();
    expect(results).toHaveLength(4);
    expect(sum(results.map(({ allowed }) => allowed))).toBe(100);
    expect(sum(results.map(({ inserts }) => inserts))).toBe(300);
    const updates = sum(results.map((result) => result.updates));
    expect(updates).toBeGreaterThan(0);
    expect(await stores.records.get('counter')).toMatchObject({ value: `${updates}` });
    await stores.close();
  });
});

describe('sqliteStores', () => {
  it('answers at once', async () => {
    const stores = sqliteStores(path);
    const { records, limits } = stores;
    const answers = [
      await records.insert('a', { value: '', ttl: LONG }),
      records.get('a'),
      records.replace('a', 1, { value: '', ttl: LONG }),
      records.list('a'),
      records.remove('a'),
      await limits.consume('a', 1, RULE, 0),
    ];
    for (const answer of answers) expect(answer).not.toBeInstanceOf(Promise);
    expect(() => records.get('x'.repeat(513))).toThrow(RangeError);
    await stores.ready();
    await stores.close();
    await stores.close();
  });

  it('keeps what it was told when it is opened again', async () => {
    const before = sqliteStores(path);
    await before.records.insert('a', { value: 'kept', ttl: LONG, owner: 'u' });
    await before.limits.consume('a', 100, RULE, 0);
    await before.close();
    const after = sqliteStores(path);
    expect(after.records.get('a')).toMatchObject({ value: 'kept', owner: 'u' });
    expect(after.limits.consume('a', 1, RULE, 0)).toMatchObject({ allowed: false });
    await after.close();
  });

  it('in memory: keeps all in this process, and says so', async () => {
    const stores = sqliteStores(':memory:');
    expect(stores).toMatchObject({ kind: 'sqlite', shared: false, records: { local: true, shared: false } });
    await stores.records.insert('a', { value: 'v', ttl: LONG });
    expect(stores.records.get('a')).toBeDefined();
    expect(sqliteStores(':memory:').records.get('a')).toBeUndefined();
    await stores.close();
  });

  it('a file is shared with other processes, and can fail', async () => {
    const stores = sqliteStores(path);
    expect(stores).toMatchObject({ kind: 'sqlite', shared: true, records: { local: false, shared: true } });
    expect(stores.limits.local).toBeUndefined();
    await stores.close();
  });

  it('is readable for this user alone: the file, what lies beside it, and a folder that it makes', async () => {
    const deep = join(folder, 'a', 'b', 'stores.sqlite');
    const before = process.umask(0);
    const stores = sqliteStores(deep);
    process.umask(before);
    await stores.records.insert('a', { value: '', ttl: LONG });
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(deep + suffix).mode & 0o777).toBe(0o600);
    for (const made of ['a', 'a/b']) expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
    await stores.close();
  });

  it('control: SQLite itself makes a file that everybody can read, if the umask lets them', () => {
    const before = process.umask(0o022);
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE t (a)');
    process.umask(before);
    expect(statSync(path).mode & 0o777).toBe(0o644);
    database.close();
  });

  it('takes from others what they could read until now', async () => {
    writeFileSync(path, '');
    chmodSync(path, 0o666);
    await sqliteStores(path).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  const refused = (act: () => unknown): ConfigError => {
    try {
      act();
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
    throw new Error('it was accepted');
  };

  it.each([
    ['text that is no database', () => writeFileSync(path, 'this is no database, '.repeat(100))],
    ['a damaged one', () => damaged(path)],
    ['a folder', () => mkdirSync(path)],
    ['other tables of these names', () => otherTables(path)],
  ])('refuses %s, naming field and fix', (_, prepare) => {
    prepare();
    const error = refused(() => sqliteStores(path));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'stores.sqlite' });
    expect(error.fix).toMatch(/a folder that this user can write/);
  });

  it.each(['', 'a\0b', 'file:x?mode=memory'])('refuses the path %j', (wrong) => {
    expect(refused(() => sqliteStores(wrong)).field).toBe('stores.sqlite');
  });

  it.each([
    [{ prefix: 'a; DROP TABLE x' }, 'stores.sqlite.prefix'],
    [{ prefix: '' }, 'stores.sqlite.prefix'],
    [{ prefix: 'A_' }, 'stores.sqlite.prefix'],
    [{ busyTimeout: -1 }, 'stores.sqlite.busyTimeout'],
    [{ path: 'x' }, 'stores.sqlite.path'],
  ])('refuses the options %j', (options, field) => {
    expect(refused(() => sqliteStores(path, options as SqliteOptions)).field).toBe(field);
  });

  it('with another prefix has other tables', async () => {
    const [one, two] = [sqliteStores(path), sqliteStores(path, { prefix: 'shop_' })];
    await one.records.insert('a', { value: '', ttl: LONG });
    expect(two.records.get('a')).toBeUndefined();
    await one.close();
    await two.close();
  });

  it('throws where another process keeps the file locked, and works again afterwards', async () => {
    const stores = sqliteStores(path, { busyTimeout: 10 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    expect(() => stores.records.insert('a', { value: '', ttl: LONG })).toThrow(SqlFailure);
    expect(() => stores.limits.consume('a', 1, RULE, 0)).toThrow(SqlFailure);
    expect(stores.records.get('a')).toBeUndefined();
    other.exec('ROLLBACK');
    expect(stores.records.insert('a', { value: '', ttl: LONG })).toBe(true);
    expect(stores.limits.consume('a', 1, RULE, 0)).toMatchObject({ allowed: true });
    other.close();
    await stores.close();
  });

  it('a call after close() is refused', async () => {
    const stores = sqliteStores(path);
    expect(stores.records.get('a')).toBeUndefined();
    await stores.close();
    expect(() => stores.records.get('a')).toThrow(SqlFailure);
    await expect(stores.ready()).rejects.toThrow();
  });

  it('deletes what has expired, in small steps, as new rows come', async () => {
    const stores = sqliteStores(path);
    const onlooker = new DatabaseSync(path);
    const count = (table: string): number =>
      Number(onlooker.prepare(`SELECT count(*) AS n FROM bulwark_${table}`).get()?.n);
    for (let i = 0; i < 600; i++) {
      await stores.records.insert(`old ${i}`, { value: '', ttl: LONG });
      await stores.limits.consume(`old ${i}`, 1, RULE, 0);
    }
    for (const table of ['records', 'limits']) onlooker.exec(`UPDATE bulwark_${table} SET expires_at = 1`);
    for (let i = 0; i < 64; i++) {
      await stores.records.insert(`new ${i}`, { value: '', ttl: LONG });
      await stores.limits.consume(`new ${i}`, 1, RULE, 0);
    }
    for (const table of ['records', 'limits']) {
      expect(count(table)).toBeGreaterThanOrEqual(600 + 64 - 2 * 256);
      expect(count(table)).toBeLessThan(600);
    }
    for (let i = 64; i < 256; i++) {
      await stores.records.insert(`new ${i}`, { value: '', ttl: LONG });
      await stores.limits.consume(`new ${i}`, 1, RULE, 0);
    }
    expect([count('records'), count('limits')]).toEqual([256, 256]);
    onlooker.close();
    await stores.close();
  });

  it('after a flood of one key only one row is there', async () => {
    const stores = sqliteStores(path);
    for (let i = 0; i < 300; i++) await stores.limits.consume('a', 1, RULE, 0);
    const onlooker = new DatabaseSync(path);
    expect(onlooker.prepare('SELECT count(*) AS n FROM bulwark_limits').get()?.n).toBe(1);
    onlooker.close();
    await stores.close();
  });
});

function damaged(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE bulwark_records (a)');
  database.exec("INSERT INTO bulwark_records VALUES (randomblob(100000)), ('x')");
  database.close();
  truncateSync(path, 5000);
}

function otherTables(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE bulwark_records (a)');
  database.close();
}
