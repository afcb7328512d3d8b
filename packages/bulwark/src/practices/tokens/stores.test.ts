import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MARIADB, startMariadb } from '../../../test/support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../../../test/support/servers/postgres.ts';
import { REDIS_SERVER, startRedis } from '../../../test/support/servers/redis.ts';
import { tokenProcess } from '../../../test/support/token-processes.ts';
import type { EventInput } from '../../events.ts';
import { redisStores } from '../../stores/redis/index.ts';
import { mysqlStores } from '../../stores/sql/mysql.ts';
import { postgresStores } from '../../stores/sql/postgres.ts';
import { sqliteStores } from '../../stores/sql/sqlite.ts';
import type { Stores } from '../../stores/stores.ts';
import { DAY, faultOf, ISSUER, KEY } from './fixtures/make.ts';
import { hashOf } from './hash.ts';
import { type IssuedPair, type TokensMiddleware, type TokensOptions, tokens } from './index.ts';

interface Place {
  readonly url: string;
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly isHere: boolean;
  start(): Promise<Place>;
  /** Stores on a connection of their own, as another process has them. */
  open(url: string): Stores;
}

const TIMEOUT = 10_000;
const KINDS: readonly Kind[] = [
  {
    name: 'Redis',
    isHere: REDIS_SERVER !== undefined,
    start: startRedis,
    open: (url) => redisStores(url, { timeout: TIMEOUT }),
  },
  {
    name: 'PostgreSQL',
    isHere: POSTGRES !== undefined,
    start: startPostgres,
    open: (url) => postgresStores(url, { timeout: TIMEOUT }),
  },
  {
    name: 'MariaDB',
    isHere: MARIADB !== undefined,
    start: startMariadb,
    open: (url) => mysqlStores(url, { timeout: TIMEOUT }),
  },
  {
    name: 'an SQLite file',
    isHere: true,
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'bulwark-tokens-'));
      return { url: join(folder, 'state.sqlite'), stop: async () => rmSync(folder, { recursive: true }) };
    },
    open: (url) => sqliteStores(url, { busyTimeout: TIMEOUT }),
  },
];

const CONNECTIONS = 4;

describe.each(KINDS)('tokens in $name', ({ isHere, start, open, name: kindName }) => {
  describe.skipIf(!isHere)('which is there', () => {
    let place: Place;
    let all: Stores[];
    let ahead = 0;
    let events: EventInput[] = [];
    let ring = '';

    beforeAll(async () => {
      place = await start();
      all = Array.from({ length: CONNECTIONS }, () => open(place.url));
      // One after the other: the first makes the tables.
      for (const stores of all) await stores.ready();
    }, 120_000);
    afterAll(async () => {
      await Promise.all((all ?? []).map((stores) => stores.close()));
      await place?.stop();
    });
    beforeEach(() => {
      ahead = 0;
      events = [];
      ring = randomUUID();
    });

    /** Each of the processes that share the store; what a test sends at once goes to all of them in turn. */
    function processes(options: TokensOptions = {}): readonly [TokensMiddleware, ...TokensMiddleware[]] {
      const made = all.map(({ records }) =>
        tokens(
          {
            issuer: ISSUER,
            audience: ISSUER,
            encryptionKey: KEY,
            apiKeys: {},
            keys: { ring },
            now: () => Date.now() + ahead,
            ...options,
            store: records,
          },
          { emit: (event) => void events.push(event), mode: 'production' },
        ),
      );
      return made as [TokensMiddleware, ...TokensMiddleware[]];
    }
    const at = (some: readonly TokensMiddleware[], i: number): TokensMiddleware['service'] =>
      (some[i % some.length] ?? some[0])?.service as TokensMiddleware['service'];
    const reuses = (): number => events.filter(({ event }) => event === 'authn_token_reuse').length;
    const login = (some: readonly TokensMiddleware[]): Promise<IssuedPair> =>
      at(some, 0).issue({ sub: randomUUID() }, { refresh: true });
    const times = <T>(count: number, call: (i: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, i) => call(i)));

    it('control: rotation that reads and then writes serves several with one refresh token', async () => {
      const [first] = all as [Stores];
      await first.records.insert(`control:${ring}`, { value: hashOf('one'), ttl: DAY });
      const served = await times(20, async (i) => {
        const { records } = all[i % all.length] ?? first;
        const stored = await records.get(`control:${ring}`);
        if (stored?.value !== hashOf('one')) return false;
        await new Promise(setImmediate);
        await records.replace(`control:${ring}`, stored.version, { value: hashOf(`two ${i}`), ttl: DAY });
        return true;
      });
      expect(served.filter(Boolean).length).toBeGreaterThan(1);
    });

    it('twenty uses of one refresh token at once are one line', async () => {
      const some = processes();
      const { refreshToken } = await login(some);
      const pairs = await times(20, (i) => at(some, i).refresh(refreshToken));
      expect(new Set(pairs.map((pair) => pair.refreshToken)).size).toBe(1);
      expect(reuses()).toBe(0);
      await expect(at(some, 3).refresh(String(pairs[0]?.refreshToken))).resolves.toMatchObject({ tokenType: 'Bearer' });
    });

    it('without grace one of twenty is served, and the family ends, once', async () => {
      const some = processes({ refresh: { grace: 0 } });
      const { refreshToken, accessToken } = await login(some);
      const faults = await times(20, (i) => faultOf(at(some, i).refresh(refreshToken)));
      expect(faults.filter((fault) => fault === 'accepted')).toHaveLength(1);
      expect(reuses()).toBe(1);
      expect(await faultOf(at(some, 1).verify(accessToken))).toBe('revoked');
    });

    it('a reuse that ten show at once ends the family once, in every process', async () => {
      const some = processes();
      const first = await login(some);
      const second = await at(some, 1).refresh(first.refreshToken);
      ahead = 11_000;
      const faults = await times(10, (i) => faultOf(at(some, i).refresh(first.refreshToken)));
      expect(faults).toContain('refresh-reused');
      expect(faults.every((fault) => fault === 'refresh-reused' || fault === 'refresh-unknown')).toBe(true);
      expect(reuses()).toBe(1);
      expect(await faultOf(at(some, 2).refresh(second.refreshToken))).toBe('refresh-unknown');
      expect(await times(CONNECTIONS, (i) => faultOf(at(some, i).verify(second.accessToken)))).toEqual(
        Array.from({ length: CONNECTIONS }, () => 'revoked'),
      );
    });

    it('an end while refreshes are under way is not undone by them', async () => {
      const some = processes();
      const { refreshToken } = await login(some);
      const [, ...faults] = await Promise.all([
        at(some, 0).revoke({ token: refreshToken }),
        ...Array.from({ length: 8 }, (_, i) => faultOf(at(some, i + 1).refresh(refreshToken))),
      ]);
      expect(faults.every((fault) => ['accepted', 'refresh-unknown', 'revoked'].includes(String(fault)))).toBe(true);
      expect(await faultOf(at(some, 2).refresh(refreshToken))).toBe('refresh-unknown');
    });

    it('revocations that are said at once all hold, and each process knows at its next request', async () => {
      const some = processes();
      const sub = randomUUID();
      const issued = await times(4, (i) => at(some, i).issue({ sub, sid: `${sub}-${i}` }));
      const keys = await times(CONNECTIONS, (i) => faultOf(at(some, i).verify(issued[0]?.accessToken ?? '')));
      expect(new Set(keys)).toEqual(new Set(['accepted']));
      // Without exception once, and with another exception each: nobody's tokens are left.
      await times(8, (i) => at(some, i).revoke(i === 3 ? { sub } : { sub, except: `${sub}-${i % 4}` }));
      const faults = await times(16, (i) => faultOf(at(some, i).verify(issued[Math.floor(i / 4)]?.accessToken ?? '')));
      expect(new Set(faults)).toEqual(new Set(['revoked']));
    });

    it('processes that start and rotate at once have one ring, and take one another’s tokens', async () => {
      const some = processes();
      await times(CONNECTIONS, (i) => at(some, i).ready());
      const kids = async (): Promise<string[]> =>
        times(CONNECTIONS, async (i) => JSON.stringify((await at(some, i).jwks())?.keys.map(({ kid }) => kid)));
      const [before] = await kids();
      expect(new Set(await kids()).size).toBe(1);
      ahead = 30 * DAY;
      const issued = await times(CONNECTIONS, (i) => at(some, i).issue({ sub: 'ann' }));
      const after = new Set(await kids());
      expect(after.size).toBe(1);
      expect(after).not.toContain(before);
      for (const { accessToken } of issued) {
        expect(new Set(await times(CONNECTIONS, (i) => faultOf(at(some, i).verify(accessToken))))).toEqual(
          new Set(['accepted']),
        );
      }
      const changes = events.filter(({ description }) => description === 'the next key signs tokens now');
      expect(changes).toHaveLength(1);
      const [stored] = all as [Stores];
      expect((await stored.records.get(`token-keys:${ring}`))?.value).toMatch(/^v1\.[\w-]+$/);
    });

    it('API keys are known in every process, and a use under way does not bring a revoked one back', async () => {
      const some = processes();
      const owner = randomUUID();
      const made = await times(6, (i) => at(some, i).apiKeys.create({ owner, scopes: ['orders:read'] }));
      for (const [i, { key, id }] of made.entries()) {
        await expect(at(some, i + 1).apiKeys.verify(key)).resolves.toMatchObject({ owner, id });
      }
      expect((await at(some, 1).apiKeys.list(owner)).map(({ id }) => id).sort()).toEqual(
        made.map(({ id }) => id).sort(),
      );
      ahead = 61_000;
      const [gone, ...kept] = made;
      await Promise.all([
        ...Array.from({ length: 8 }, (_, i) => faultOf(at(some, i).apiKeys.verify(String(gone?.key)))),
        at(some, 2).apiKeys.revoke(String(gone?.id)),
      ]);
      // Their last use is written after the answer: it has to come in first.
      await expect.poll(async () => faultOf(at(some, 3).apiKeys.verify(String(gone?.key)))).toBe('api-key-unknown');
      expect(await at(some, 3).apiKeys.list(owner)).toHaveLength(kept.length);
      expect(await at(some, 3).apiKeys.revoke(String(gone?.id))).toBe(false);
    });

    it('two real processes have one ring: each verifies what the other signs, before and after a rotation', async () => {
      const kind = { Redis: 'redis', PostgreSQL: 'postgres', MariaDB: 'mysql' }[kindName] ?? 'sqlite';
      const two = await Promise.all([tokenProcess(kind, place.url, ring), tokenProcess(kind, place.url, ring)]);
      try {
        for (const days of [0, 30]) {
          const tokensOfBoth = await Promise.all(two.map((each) => each.ask(`issue ${days}`)));
          for (const each of two) {
            for (const token of tokensOfBoth) expect(await each.ask(`verify ${token}`)).toBe('ann');
          }
        }
        const [one, other] = two;
        const refreshToken = await one.ask('login');
        const lines = await Promise.all([one.ask(`refresh ${refreshToken}`), other.ask(`refresh ${refreshToken}`)]);
        expect(lines[0]).toMatch(/^bwr_/);
        expect(lines[1]).toBe(lines[0]);
        const signed = await one.ask('issue 30');
        expect(await one.ask(`revoke ${signed}`)).toBe('true');
        expect(await other.ask(`verify ${signed}`)).toBe('revoked');
        expect(await one.ask('kids')).toBe(await other.ask('kids'));
      } finally {
        for (const each of two) each.end();
      }
    });
  });
});
