/**
 * A process with stores, or with a driver's bare pool as one would wire it by hand; for tests of what becomes of a process.
 *
 * Arguments: kind, address or path, what to do. It says `ready` and does the rest when a line comes in.
 */
import { once } from 'node:events';
import { createPool } from 'mysql2/promise';
import pg from 'pg';
import { mysqlStores } from '../../src/stores/sql/mysql.ts';
import { postgresStores } from '../../src/stores/sql/postgres.ts';
import { sqliteStores } from '../../src/stores/sql/sqlite.ts';

const [kind, address = '', task] = process.argv.slice(2);
const RULE = { limit: 100, window: 3_600_000 };

function stores() {
  if (kind === 'postgres') return postgresStores(address, { timeout: 500 });
  return kind === 'mysql' ? mysqlStores(address, { timeout: 500 }) : sqliteStores(address, { busyTimeout: 5000 });
}

function barePool() {
  if (kind === 'mysql') {
    const pool = createPool({ uri: address });
    return { query: (text: string) => pool.query(text), end: () => pool.end() };
  }
  const pool = new pg.Pool({ connectionString: address });
  return { query: (text: string) => pool.query(text), end: () => pool.end() };
}

async function told(): Promise<void> {
  console.log('ready');
  await once(process.stdin, 'data');
  process.stdin.pause();
}

if (task === 'count') {
  // Of several processes at once: how many times each is let through, and how often its update was not lost.
  const own = stores();
  await own.ready();
  await told();
  let allowed = 0;
  let wins = 0;
  for (let i = 0; i < 300; i++) {
    if ((await own.limits.consume('one', 1, RULE, 0)).allowed) allowed += 1;
    const record = await own.records.get('counter');
    const next = { value: `${Number(record?.value) + 1}`, ttl: 3_600_000 };
    if ((await own.records.replace('counter', record?.version ?? 0, next)).replaced) wins += 1;
    if (await own.records.insert(`once ${i}`, { value: '', ttl: 3_600_000 })) wins += 1_000_000;
  }
  console.log(JSON.stringify({ allowed, updates: wins % 1_000_000, inserts: Math.floor(wins / 1_000_000) }));
  await own.close();
} else if (task === 'idle') {
  // An idle connection, and then its end.
  const own = stores();
  await own.ready();
  await told();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await own.close();
  console.log('alive');
} else if (task === 'idle, by hand') {
  const pool = barePool();
  await pool.query('SELECT 1');
  await told();
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log('alive');
  await pool.end();
} else if (task === 'close') {
  const own = stores();
  await own.ready();
  await told();
  await own.close();
  console.log('closed');
}
