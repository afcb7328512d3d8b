import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseServer } from '../../../test/support/servers/database.ts';
import { MARIADB, startMariadb } from '../../../test/support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../../../test/support/servers/postgres.ts';
import { sqlProcess } from '../../../test/support/sql-processes.ts';
import type { Stores } from '../stores.ts';
import { mysqlStores } from './mysql.ts';
import type { SqlServerOptions } from './options.ts';
import { postgresStores } from './postgres.ts';
import { SqlFailure } from './steps.ts';

const LONG = 3_600_000;
const RULE = { limit: 1000, window: LONG };

const SERVERS = [
  { name: 'PostgreSQL', kind: 'postgres', isHere: POSTGRES !== undefined, start: startPostgres, open: postgresStores },
  { name: 'MariaDB', kind: 'mysql', isHere: MARIADB !== undefined, start: startMariadb, open: mysqlStores },
];

for (const { name, kind, isHere, start, open } of SERVERS) {
  describe.skipIf(!isHere)(`${name} out of reach`, () => {
    let server: DatabaseServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(async () => {
      await server.stop();
    });

    async function withStores(options: SqlServerOptions, use: (stores: Stores) => Promise<void>): Promise<void> {
      const stores = open(server.url, options);
      try {
        await stores.ready();
        await use(stores);
      } finally {
        server.resume();
        await stores.close();
      }
    }

    /** Calls of every kind, over and over, until they are told to stop; nothing of it may hang or be lost. */
    function load(stores: Stores): () => Promise<{ answered: number; failures: SqlFailure[] }> {
      const failures: SqlFailure[] = [];
      let answered = 0;
      let isOver = false;
      const calls = [
        (i: number) => stores.records.insert(`load ${i}`, { value: 'x', ttl: LONG, owner: 'load' }),
        (i: number) => stores.records.get(`load ${i}`),
        (i: number) => stores.records.replace('load', i, { value: 'y', ttl: LONG }),
        (i: number) => stores.records.remove(`load ${i}`),
        () => stores.limits.consume('load', 1, RULE, 0),
      ];
      const workers = Array.from({ length: 25 }, async (_, worker) => {
        for (let i = 0; !isOver; i++) {
          try {
            await calls[worker % calls.length]?.(i * 25 + worker);
            answered += 1;
          } catch (error) {
            if (!(error instanceof SqlFailure)) throw error;
            failures.push(error);
            await sleep(5);
          }
        }
      });
      return async () => {
        isOver = true;
        // That it comes to an end at all is the point: each call settles by itself.
        await Promise.all(workers);
        return { answered, failures };
      };
    }

    /** Asks until it is answered, as requests do: nobody tells the stores that the server is back. */
    async function healed(stores: Stores): Promise<boolean> {
      for (let tries = 0; tries < 100; tries++) {
        try {
          const key = `healed ${tries}`;
          if (!(await stores.records.insert(key, { value: 'v', ttl: LONG }))) return false;
          const { allowed } = await stores.limits.consume(key, 1, RULE, 0);
          return allowed && (await stores.records.remove(key))?.value === 'v';
        } catch {
          await sleep(50);
        }
      }
      return false;
    }

    it('paused under load: every call settles, and it works again by itself', async () => {
      await withStores({ timeout: 300 }, async (stores) => {
        const stop = load(stores);
        await sleep(200);
        server.pause();
        await sleep(600);
        const { answered, failures } = await stop();
        expect(answered).toBeGreaterThan(0);
        expect(failures.length).toBeGreaterThan(0);
        expect(new Set(failures.map(({ kind: failure }) => failure))).toEqual(new Set(['lost']));
        server.resume();
        expect(await healed(stores)).toBe(true);
      });
    });

    it('killed and started again under load: every call settles, and it works again by itself', async () => {
      await withStores({ timeout: 1000 }, async (stores) => {
        await stores.records.insert('before', { value: 'kept', ttl: LONG });
        const stop = load(stores);
        await sleep(200);
        await server.kill();
        await sleep(200);
        await expect(Promise.resolve(stores.records.get('before'))).rejects.toThrow(SqlFailure);
        await expect(Promise.resolve(stores.records.list('load'))).rejects.toThrow(SqlFailure);
        await expect(stores.ready()).rejects.toThrow(SqlFailure);
        await server.restart();
        expect(await healed(stores)).toBe(true);
        const { answered, failures } = await stop();
        expect(answered).toBeGreaterThan(0);
        expect(failures.length).toBeGreaterThan(0);
        expect((await stores.records.get('before'))?.value).toBe('kept');
        await stores.ready();
      });
    });

    it('paused: no more wait than may, the others are told at once', async () => {
      await withStores({ timeout: 300, connections: 2, waiting: 5 }, async (stores) => {
        server.pause();
        const results = await Promise.allSettled(Array.from({ length: 100 }, async () => stores.records.get('a')));
        const codes = results.map((result) => (result.status === 'rejected' ? (result.reason as SqlFailure).code : ''));
        expect(codes.filter((code) => code === 'ERR_QUEUE_FULL')).toHaveLength(93);
        // The others ran out of time: their own, or that of a connection that was being made.
        expect(codes.filter((code) => code !== 'ERR_QUEUE_FULL' && code !== '')).toHaveLength(7);
        server.resume();
        expect(await healed(stores)).toBe(true);
      });
    });

    it('an error says nothing of address, user, password, statement or value', async () => {
      await withStores({ timeout: 300 }, async (stores) => {
        await server.kill();
        const secret = 'a-session-that-nobody-may-see';
        const error = await Promise.resolve(stores.records.get(secret)).catch((reason: unknown) => reason);
        const { inspect } = await import('node:util');
        const text = inspect(error, { depth: 10, showHidden: true });
        expect(error).toBeInstanceOf(SqlFailure);
        for (const part of [secret, server.password, `${server.port}`, 'app', 'SELECT'])
          expect(text).not.toContain(part);
        await server.restart();
      });
    });

    it('a process survives the loss of its idle connections', async () => {
      const child = await sqlProcess(kind, server.url, 'idle');
      child.go();
      await server.kill();
      expect(await child.end).toEqual({ code: 0, lines: ['alive'] });
      await server.restart();
    });

    it('a process that closes its stores ends, also while the server hangs', async () => {
      const child = await sqlProcess(kind, server.url, 'close');
      server.pause();
      child.go();
      expect(await child.end).toEqual({ code: 0, lines: ['closed'] });
      server.resume();
    });

    it('a call after close() is refused', async () => {
      const stores = open(server.url);
      await stores.ready();
      await stores.close();
      await expect(Promise.resolve(stores.records.get('a'))).rejects.toThrow(/ERR_CLOSED/);
    });
  });
}

describe.skipIf(POSTGRES === undefined)('control: pg wired by hand', () => {
  it('ends the process when the server goes', async () => {
    const server = await startPostgres();
    const child = await sqlProcess('postgres', server.url, 'idle, by hand');
    child.go();
    await server.kill();
    const { code, lines } = await child.end;
    expect(code).not.toBe(0);
    expect(lines).toEqual([]);
    await server.stop();
  });
});
