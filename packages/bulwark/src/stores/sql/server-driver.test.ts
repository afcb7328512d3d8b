import { describe, expect, it } from 'vitest';
import { type Connection, serverDriver } from './server-driver.ts';
import { SqlFailure, type Steps, step } from './steps.ts';

const BOUNDS = { connections: 1, waiting: 10, timeout: 5000 };
const STATEMENT = { text: 'SELECT 1', values: [], reads: true };

/** A server that fails as it is told, and keeps a record of what it was asked. */
function server(failures: (SqlFailure | undefined)[]) {
  const log: string[] = [];
  const connection: Connection = {
    async run({ text }) {
      log.push(text);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return { rows: [], changes: 1 };
    },
    async command(text) {
      log.push(text);
    },
    release: (broken) => log.push(broken ? 'thrown away' : 'given back'),
  };
  const pool = {
    kind: 'test',
    begin: 'BEGIN',
    connect: async () => connection,
    failureOf: (error: unknown) => (error instanceof SqlFailure ? error : new SqlFailure('test', 'lost', 'x')),
    end: async () => undefined,
  };
  return { log, driver: serverDriver(pool, BOUNDS) };
}

const failed = (kind: 'again' | 'refused' | 'lost'): SqlFailure => new SqlFailure('test', kind, kind);
const one = (): Steps<unknown> => step(STATEMENT);

describe('serverDriver', () => {
  it('begins a transaction anew where another was in the way', async () => {
    const { log, driver } = server([failed('again'), undefined]);
    await driver.run('transaction', one);
    const first = ['BEGIN', 'SELECT 1', 'ROLLBACK', 'given back'];
    expect(log).toEqual([...first, 'BEGIN', 'SELECT 1', 'COMMIT', 'given back']);
  });

  it('does not go on for ever', async () => {
    const { log, driver } = server(Array.from({ length: 100 }, () => failed('again')));
    await expect(driver.run('each', one)).rejects.toThrow(SqlFailure);
    expect(log.filter((entry) => entry === 'SELECT 1')).toHaveLength(8);
  });

  it.each(['refused', 'lost'] as const)('does not run again what is %s', async (kind) => {
    const { log, driver } = server([failed(kind)]);
    await expect(driver.run('each', one)).rejects.toMatchObject({ kind });
    expect(log).toEqual(['SELECT 1', kind === 'lost' ? 'thrown away' : 'given back']);
  });

  it('does what is aside one at a time, and keeps its failures to itself', async () => {
    const { log, driver } = server([failed('lost')]);
    driver.aside(one);
    driver.aside(one);
    await driver.close();
    expect(log).toEqual(['SELECT 1', 'thrown away']);
  });

  it('gives each its turn, in order', async () => {
    const { driver } = server([]);
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3, 4].map(async (n) => {
        await driver.run('each', one);
        order.push(n);
      }),
    );
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('a failure of the steps themselves undoes a transaction', async () => {
    const { log, driver } = server([]);
    const broken = function* (): Steps<void> {
      yield* step(STATEMENT);
      throw new SqlFailure('test', 'refused', 'mine');
    };
    await expect(driver.run('transaction', broken)).rejects.toMatchObject({ code: 'mine' });
    expect(log).toEqual(['BEGIN', 'SELECT 1', 'ROLLBACK', 'given back']);
  });
});
