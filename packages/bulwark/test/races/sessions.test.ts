import { RedisStore } from 'connect-redis';
import express from 'express';
import expressSession from 'express-session';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeRoles, logIn, logOut, type SessionManager, sessions } from '../../src/practices/sessions/index.ts';
import type { RecordStore } from '../../src/stores/record-store.ts';
import { type Act, appOf, type Browser, browser, serveAsTls } from '../support/browser.ts';
import type { Received, Served } from '../support/http.ts';
import { barrier } from '../support/remote-store.ts';
import { REDIS_SERVER, startRedis } from '../support/servers/redis.ts';
import { NAME, own } from '../support/session-app.ts';
import { RACE_STORES, type RaceStores } from './race-stores.ts';

const LARGE = 20_000;
const query = (url = ''): URLSearchParams => new URL(url, 'http://x').searchParams;

/** Handlers that wait, in the middle of their work, until the test lets them go on. */
function raceActs(gates: Map<string, ReturnType<typeof barrier>>): Record<string, Act> {
  return {
    '/me': (req, res) => res.end((own(req).name as string | undefined) ?? 'nobody'),
    '/look': (req, res) => {
      const { cookie: _, ...data } = own(req);
      res.end(JSON.stringify(data));
    },
    '/put': async (req, res) => {
      const all = query(req.url);
      const session = own(req);
      await gates.get(all.get('gate') ?? '')?.wait();
      session[all.get('key') ?? ''] = (all.get('value') ?? '').repeat(Number(all.get('times') ?? 1));
      res.end();
    },
    '/regenerate': async (req, res) => {
      await own(req).regenerate();
      own(req).fresh = true;
      res.end();
    },
  };
}

const users: Record<string, Act> = {
  '/in': async (req, res) => {
    await logIn(req, { id: 'bob' });
    own(req).name = 'bob';
    res.end();
  },
  '/out': async (req, res) => logOut(req).then(() => res.end()),
  '/roles': async (req, res) => changeRoles(req, ['x']).then(() => res.end()),
};

const as = (visitor: Browser): { headers: { cookie: string } } => ({
  headers: { cookie: [...visitor.jar].map(([name, value]) => `${name}=${value}`).join('; ') },
});

describe.each(RACE_STORES)('sessions in a race, on %s', (name, open) => {
  describe.skipIf(open === undefined)('with two processes', () => {
    let place: RaceStores;
    let served: readonly [Served, Served];
    let managers: readonly [SessionManager, SessionManager];
    const gates = new Map<string, ReturnType<typeof barrier>>();
    let ahead = 0;

    async function process(store: RecordStore): Promise<readonly [Served, SessionManager]> {
      const middleware = sessions(
        { store, now: () => Date.now() + ahead },
        { emit: () => undefined, mode: 'production' },
      );
      return [await serveAsTls(appOf(express, middleware, { ...raceActs(gates), ...users })), middleware.manager];
    }

    beforeAll(async () => {
      place = await (open as () => Promise<RaceStores>)();
      const [first, second] = [await process(place.all[0]), await process(place.all[1])];
      served = [first[0], second[0]];
      managers = [first[1], second[1]];
    });
    afterAll(async () => {
      for (const each of served ?? []) await each.close();
      await place?.close();
    });

    const at = (i: number): string => (served[i % 2] as Served).url;
    const visitor = (i = 0): Browser => browser(at(i));
    const seen = async (of: Browser, i = 1): Promise<Record<string, unknown>> =>
      (await browser(at(i)).get('/look', as(of))).json();

    /** A request that has read the session and has not written yet. */
    async function midway(of: Browser, target: string): Promise<{ go(): Promise<Received> }> {
      const gate = barrier();
      const id = String(gates.size);
      gates.set(id, gate);
      const answer = browser(at(1)).get(`${target}&gate=${id}`, as(of));
      await gate.reached;
      return {
        go() {
          gate.open();
          return answer;
        },
      };
    }

    it.each(['/out', 'revoke', 'revokeAll', '/in', '/regenerate'])(
      'a slow request never revives what %s has ended',
      async (end) => {
        const bob = visitor();
        await bob.get('/in');
        const old = as(bob);
        const slow = await midway(bob, '/put?key=late&value=1');
        if (end.startsWith('/')) await bob.get(end);
        else if (end === 'revokeAll') expect(await managers[0].revokeAll('bob')).toBeGreaterThan(0);
        else expect(await managers[0].revoke(tokenId(bob))).toBe(true);
        const answer = await slow.go();
        expect([answer.status, answer.headers['set-cookie']]).toEqual([200, undefined]);
        for (const i of [0, 1]) expect((await browser(at(i)).get('/me', old)).body).toBe('nobody');
        expect((await managers[1].list('bob')).map(({ id }) => id)).not.toContain(tokenId({ jar: jarOf(old) }));
      },
    );

    it('fifty writers of different keys all win', async () => {
      const ann = visitor();
      await ann.get('/put?key=k&value=v');
      const slow = await Promise.all(Array.from({ length: 50 }, (_, i) => midway(ann, `/put?key=k${i}&value=${i}`)));
      const answers = await Promise.all(slow.map((each) => each.go()));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const expected = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, String(i)]));
      expect(await seen(ann)).toEqual({ k: 'v', ...expected });
    }, 60_000);

    it('of twenty writers of one key one wins whole, and the others stand as they were', async () => {
      const ann = visitor();
      await ann.get('/put?key=other&value=v');
      const letters = 'abcdefghijklmnopqrst'.split('');
      const slow = await Promise.all(letters.map((value) => midway(ann, `/put?key=k&value=${value}&times=${LARGE}`)));
      const answering = Promise.all(slow.map((each) => each.go()));
      const readers = await Promise.all(Array.from({ length: 20 }, (_, i) => seen(ann, i)));
      await answering;
      for (const { k, other } of [...readers, await seen(ann)]) {
        expect(other).toBe('v');
        const whole = k as string | undefined;
        if (whole !== undefined) expect([whole.length, new Set(whole).size]).toEqual([LARGE, 1]);
      }
      expect(typeof (await seen(ann)).k).toBe('string');
    }, 60_000);

    it.each(['/regenerate', '/in'])(
      'readers beside %s see the session before, the one after, or none: never a mixture',
      async (path) => {
        const ann = visitor();
        await ann.get('/put?key=before&value=1');
        const old = as(ann);
        const reading = Array.from({ length: 20 }, (_, i) => browser(at(i)).get('/look', old));
        const changing = ann.get(path);
        const bodies = (await Promise.all(reading)).map(({ body }) => body);
        await changing;
        for (const body of bodies) expect(['{"before":"1"}', '{}']).toContain(body);
        expect((await seen(ann)).before).toBeUndefined();
      },
    );

    it('twenty requests beside a rotation stay logged in, and one of them gets the new token', async () => {
      const bob = visitor();
      await bob.get('/in');
      ahead += 16 * 60_000;
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => browser(at(i)).get('/me', as(bob))));
      expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['bob']));
      expect(answers.filter(({ headers }) => headers['set-cookie'] !== undefined)).toHaveLength(1);
    });

    it('of requests that elevate one session at once, one does, and its token is the good one', async () => {
      const bob = visitor();
      await bob.get('/in');
      const all = Array.from({ length: 5 }, (_, i) => browser(at(i)));
      const answers = await Promise.all(all.map((each) => each.get('/roles', as(bob))));
      const winners = all.filter((_, i) => answers[i]?.status === 200);
      expect(winners.length).toBeGreaterThan(0);
      // One that came after another had ended its token is refused; whoever was answered has a token that works.
      expect(winners.filter(({ jar }) => jar.size === 1)).toHaveLength(winners.length);
      expect((await browser(at(0)).get('/me', as(winners.at(-1) as Browser))).body).toBe('bob');
    });

    it(`is what ${name} does, and not that nothing was there`, async () => {
      const bob = visitor();
      await bob.get('/in');
      expect((await browser(at(1)).get('/me', as(bob))).body).toBe('bob');
    });
  });
});

function jarOf({ headers }: { headers: { cookie: string } }): Map<string, string> {
  return new Map([[NAME, headers.cookie.slice(NAME.length + 1)]]);
}

function tokenId({ jar }: Pick<Browser, 'jar'>): string {
  return Buffer.from(jar.get(NAME) ?? '', 'base64url')
    .subarray(0, 16)
    .toString('base64url');
}

describe.each([
  ['MemoryStore', true],
  ['connect-redis on a real Redis', REDIS_SERVER !== undefined],
] as const)('control: express-session with %s', (kind, isThere) => {
  describe.skipIf(!isThere)('in the same races', () => {
    const gates = new Map<string, ReturnType<typeof barrier>>();
    const closing: (() => unknown)[] = [];
    let served: Served;

    beforeAll(async () => {
      let store: expressSession.Store | undefined;
      if (kind !== 'MemoryStore') {
        const server = await startRedis();
        const client = createClient({ url: server.url });
        await client.connect();
        store = new RedisStore({ client });
        closing.push(
          () => client.destroy(),
          () => server.stop(),
        );
      }
      const middleware = expressSession({
        secret: 'a secret of this test',
        resave: false,
        saveUninitialized: false,
        ...(store === undefined ? {} : { store }),
      });
      const acts: Record<string, Act> = {
        ...raceActs(gates),
        '/in': (req, res) => {
          own(req).name = 'bob';
          res.end();
        },
        '/out': (req, res) => own(req).destroy(() => res.end()),
      };
      served = await serveAsTls(appOf(express, middleware as never, acts));
    });
    afterAll(async () => {
      await served?.close();
      for (const close of closing) await close();
    });

    async function twoAtOnce(of: Browser, targets: readonly string[], between: () => Promise<unknown>): Promise<void> {
      const slow = await Promise.all(
        targets.map(async (target) => {
          const gate = barrier();
          const id = String(gates.size);
          gates.set(id, gate);
          const answer = browser(served.url).get(`${target}&gate=${id}`, as(of));
          await gate.reached;
          return { gate, answer };
        }),
      );
      await between();
      for (const { gate, answer } of slow) {
        gate.open();
        await answer;
      }
    }

    it('a slow request brings the user back who has logged out', async () => {
      const bob = browser(served.url);
      await bob.get('/in');
      await twoAtOnce(bob, ['/put?key=late&value=1'], () => bob.get('/out'));
      expect((await bob.get('/me')).body).toBe('bob');
    });

    it('of two writers of different keys one loses', async () => {
      const ann = browser(served.url);
      await ann.get('/put?key=k&value=v');
      await twoAtOnce(ann, ['/put?key=a&value=1', '/put?key=b&value=2'], async () => undefined);
      expect((await ann.get('/look')).json()).toEqual({ k: 'v', b: '2' });
    });
  });
});
