import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callFrom } from '../../../../test/support/caller.ts';
import { MARIADB, startMariadb } from '../../../../test/support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../../../../test/support/servers/postgres.ts';
import { REDIS_SERVER, startRedis } from '../../../../test/support/servers/redis.ts';
import { fail, ip, logIn } from '../../../../test/support/throttled.ts';
import type { EventInput } from '../../../events.ts';
import { openStores, type StoresSetting } from '../../../stores/open-stores.ts';
import type { Stores } from '../../../stores/stores.ts';
import { type LoginThrottle, loginThrottle } from './login-throttle.ts';

interface Place {
  readonly name: string;
  readonly isHere: boolean;
  readonly start: () => Promise<{ readonly url: string; stop(): Promise<void> }>;
  readonly setting: (url: string) => StoresSetting;
}

/** The machine is busy: what is late must not be taken for an outage. */
const timeout = '30s';

const PLACES: readonly Place[] = [
  {
    name: 'Redis',
    isHere: REDIS_SERVER !== undefined,
    start: startRedis,
    setting: (redis) => ({ redis, timeout }),
  },
  {
    name: 'PostgreSQL',
    isHere: POSTGRES !== undefined,
    start: startPostgres,
    setting: (postgres) => ({ postgres, timeout }),
  },
  { name: 'MariaDB', isHere: MARIADB !== undefined, start: startMariadb, setting: (mysql) => ({ mysql, timeout }) },
];

for (const { name, isHere, start, setting } of PLACES) {
  describe.skipIf(!isHere)(`the login throttle on ${name}`, { timeout: 60_000 }, () => {
    let server: Awaited<ReturnType<typeof start>>;
    const opened: Stores[] = [];
    const events: EventInput[] = [];
    beforeAll(async () => {
      server = await start();
      // Two processes: each has connections of its own.
      for (let n = 0; n < 2; n++) opened.push(openStores(setting(server.url), { emit: (event) => events.push(event) }));
      for (const stores of opened) await stores.ready();
    });
    afterAll(async () => {
      for (const stores of opened) await stores.close();
      await server?.stop();
    });
    // A local store keeps the rules too: it must not have been its turn.
    afterEach(() => {
      if (events.length > 0) throw new Error(`the store was left alone: ${JSON.stringify(events)}`);
    });

    /** One throttle in two processes; nobody has failed yet. */
    function throttles(): LoginThrottle[] {
      const called = `t${randomUUID()}`;
      return opened.map(({ records }) => loginThrottle({ store: records, name: called, timeout }));
    }
    const burst = async (accountOf: (n: number) => string, from: (n: number) => string): Promise<number> => {
      const both = throttles();
      const attempts = Array.from({ length: 200 }, async (_, n) => both[n % 2]?.begin(callFrom(from(n)), accountOf(n)));
      return (await Promise.all(attempts)).filter((attempt) => attempt?.allowed).length;
    };

    it('of 200 guesses in one tick at one account, from 200 networks, at most five and the reserve pass', async () => {
      const allowed = await burst(() => 'alice', ip);
      expect(allowed).toBeGreaterThan(0);
      expect(allowed).toBeLessThanOrEqual(5 + 3);
    });

    it('of 200 in one tick at 200 accounts, from one network, at most ten pass', async () => {
      const allowed = await burst(
        (n) => `u${n}`,
        () => '192.0.2.1',
      );
      expect(allowed).toBeGreaterThan(0);
      expect(allowed).toBeLessThanOrEqual(10);
    });

    it('what one process counts holds in the other; a known device gets in; forgotten, it is a stranger', async () => {
      const [one, other] = throttles() as [LoginThrottle, LoginThrottle];
      const cookie = await logIn(one, 'alice', '203.0.113.1');
      expect(cookie).toMatch(/^__Host-device-/);
      expect(await fail(one, 'alice', 20)).toBe(8);
      expect(await fail(other, 'alice', 5, (n) => ip(500 + n))).toBe(0);
      const known = await other.begin(callFrom('203.0.113.2', { cookie }), 'alice');
      expect(known).toMatchObject({ allowed: true, knownDevice: true });
      expect(await other.forgetDevices(callFrom('203.0.113.2'), 'alice')).toBe(1);
      expect(await one.begin(callFrom('203.0.113.2', { cookie }), 'alice')).toMatchObject({ allowed: false });
    });

    it('a login that succeeds leaves nothing behind: a hundred of one user are never held back', async () => {
      const [one] = throttles() as [LoginThrottle];
      for (let n = 0; n < 100; n++) {
        const attempt = await one.begin(callFrom('203.0.113.3'), 'bob');
        expect(attempt.allowed).toBe(true);
        if (attempt.allowed) await attempt.succeeded();
      }
    });
  });
}
