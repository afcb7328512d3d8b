import express5 from 'express';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoresSetting } from '../../src/stores/index.ts';
import { EXPRESS, type Express } from '../support/http.ts';
import type { DatabaseServer } from '../support/servers/database.ts';
import { MARIADB, startMariadb } from '../support/servers/mariadb.ts';
import { POSTGRES, startPostgres } from '../support/servers/postgres.ts';
import { REDIS_SERVER, startRedis } from '../support/servers/redis.ts';
import { proxyTo, type TcpProxy } from '../support/tcp-proxy.ts';
import { LIMIT } from './support/apps.ts';
import { load, tally } from './support/load.ts';
import { handWiredSessionApp, type SessionApp, sessionApp } from './support/session-apps.ts';

type Server = Pick<DatabaseServer, 'url' | 'port' | 'kill' | 'restart' | 'pause' | 'resume' | 'stop'>;

/** Longer than a busy machine takes for an answer, and far below what a client of these tests waits. */
const timeout = '600ms';

interface Place {
  readonly name: string;
  readonly isHere: boolean;
  readonly start: () => Promise<Server>;
  readonly setting: (url: string, prefix?: string) => StoresSetting;
  /** Sessions outlast a crash of the server. */
  readonly keeps: boolean;
  readonly empty: (server: Server) => Promise<unknown>;
}

const PLACES: readonly Place[] = [
  {
    name: 'Redis',
    isHere: REDIS_SERVER !== undefined,
    start: startRedis,
    setting: (redis) => ({ redis, timeout }),
    keeps: false,
    empty: (server) => (server as Awaited<ReturnType<typeof startRedis>>).command('FLUSHALL'),
  },
  {
    name: 'PostgreSQL',
    isHere: POSTGRES !== undefined,
    start: startPostgres,
    setting: (postgres, prefix) => ({ postgres, timeout, ...(prefix === undefined ? {} : { prefix }) }),
    keeps: true,
    async empty({ url }) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query('DELETE FROM bulwark_records');
      await client.end();
    },
  },
  {
    name: 'MariaDB',
    isHere: MARIADB !== undefined,
    start: startMariadb,
    setting: (mysql, prefix) => ({ mysql, timeout, ...(prefix === undefined ? {} : { prefix }) }),
    keeps: true,
    async empty({ url }) {
      const connection = await createConnection({ uri: url });
      await connection.query('DELETE FROM bulwark_records');
      await connection.end();
    },
  },
];

let clients = 0;
/** A client that nobody has counted yet. */
const newClient = (): Record<string, string> => ({ 'x-forwarded-for': `192.0.2.${++clients}` });
const LOCAL = '127.0.0.1';
const DOWN = 'CRITICAL sessions';
const UP = 'INFO sessions';

for (const place of PLACES) {
  describe.skipIf(!place.isHere)(`sessions and limits in ${place.name}`, { timeout: 90_000 }, () => {
    let server: Server;
    let proxy: TcpProxy;
    let app: SessionApp | undefined;
    beforeAll(async () => {
      server = await place.start();
    });
    beforeEach(async () => {
      proxy = await proxyTo(server.port);
    });
    afterEach(async () => {
      server.resume();
      await app?.close();
      app = undefined;
      await proxy.close();
    });
    afterAll(() => server?.stop());

    const through = (): string => server.url.replace(String(server.port), String(proxy.port));
    const open = async (express: Express = express5, prefix?: string): Promise<SessionApp> => {
      app = await sessionApp(express, place.setting(through(), prefix));
      return app;
    };
    const free = (count: number, headers: Record<string, string | string[]> = {}) =>
      load(`${app?.url}/free`, count, LOCAL, { 'x-forwarded-proto': 'https', ...newClient(), ...headers });
    const account = (count: number, headers: Record<string, string | string[]> = {}) =>
      load(`${app?.url}/account`, count, LOCAL, { ...headers, ...newClient() });
    const healed = (told: () => string[]) =>
      expect.poll(() => free(1).then(told), { timeout: 30_000, interval: 200 }).toEqual([DOWN, UP]);

    const OUTAGES = [
      ['is killed', { begin: () => server.kill(), end: () => server.restart(), loses: !place.keeps }],
      ['is paused', { begin: async () => server.pause(), end: async () => server.resume(), loses: false }],
      [
        'takes two seconds for each way',
        {
          begin: async () => {
            proxy.delay = 2000;
          },
          end: async () => {
            proxy.delay = 0;
          },
          loses: false,
        },
      ],
    ] as const;
    const VERSIONS = OUTAGES.flatMap(([name, outage], i) =>
      EXPRESS.filter(([version]) => i === 0 || version === '5').map(
        ([version, express]) => [`${name} (Express ${version})`, outage, express] as const,
      ),
    );

    it.each(VERSIONS)('%s: limits go on, only who needs a session is refused, it heals by itself', async (...row) => {
      const [, outage, express] = row;
      const { enter, changes } = await open(express);
      const { status, headers } = await enter(LOCAL);
      expect(status).toBe(200);
      expect(tally(await account(5, headers))).toEqual({ 200: 5 });
      expect(tally(await free(LIMIT * 2))).toEqual({ 200: LIMIT, 429: LIMIT });

      const busy = [free(LIMIT * 2), account(LIMIT, headers)] as const;
      await outage.begin();
      const [freely, asUser] = (await Promise.all(busy)).map((outcomes) => Object.keys(tally(outcomes)));
      expect(freely?.filter((outcome) => outcome !== '200' && outcome !== '429')).toEqual([]);
      // Never 401: an outage logs nobody out.
      expect(asUser?.filter((outcome) => outcome !== '200' && outcome !== '503')).toEqual([]);

      expect(tally(await free(LIMIT * 3))).toEqual({ 200: LIMIT, 429: LIMIT * 2 });
      expect(tally(await account(LIMIT, headers))).toEqual({ 503: LIMIT });
      // A session that nobody asks for is not missed.
      expect(tally(await free(LIMIT, { cookie: headers.cookie ?? '' }))).toEqual({ 200: LIMIT });
      expect((await enter(LOCAL)).status).toBe(503);
      expect(changes()).toEqual([DOWN]);

      await outage.end();
      await healed(changes);
      expect(tally(await account(5, headers))).toEqual({ [outage.loses ? 401 : 200]: 5 });
      expect((await enter(LOCAL)).status).toBe(200);
      expect(tally(await free(LIMIT * 2))).toEqual({ 200: LIMIT, 429: LIMIT });
      expect(changes()).toEqual([DOWN, UP]);
    });

    it('is emptied while sessions are used: their users are logged out, nothing fails, they can log in again', async () => {
      const { enter, changes } = await open();
      const { headers } = await enter(LOCAL);
      expect(tally(await account(5, headers))).toEqual({ 200: 5 });
      const busy = account(LIMIT, headers);
      await place.empty(server);
      expect(Object.keys(tally(await busy)).filter((outcome) => outcome !== '200' && outcome !== '401')).toEqual([]);
      expect(tally(await account(LIMIT, headers))).toEqual({ 401: LIMIT });
      const again = await enter(LOCAL);
      expect(tally(await account(5, again.headers))).toEqual({ 200: 5 });
      expect(changes()).toEqual([]);
    });

    it.each(place.keeps ? ['late_'] : [])(
      'is away when the app starts for the first time: it makes its tables (%s…) when it is there',
      async (prefix) => {
        await server.kill();
        const { enter, changes } = await open(express5, prefix);
        expect(tally(await free(LIMIT * 2))).toEqual({ 200: LIMIT, 429: LIMIT });
        expect((await enter(LOCAL)).status).toBe(503);
        await server.restart();
        await healed(changes);
        const { status, headers } = await enter(LOCAL);
        expect(status).toBe(200);
        expect(tally(await account(5, headers))).toEqual({ 200: 5 });
      },
    );

    it.each(place.name === 'PostgreSQL' ? OUTAGES : [])(
      'control: express-session with connect-pg-simple, when it %s, fails also who needs no session',
      async (_name, outage) => {
        app = await handWiredSessionApp(express5, through());
        const { status, headers } = await app.enter(LOCAL);
        expect(status).toBe(200);
        const visit = (): ReturnType<typeof load> => load(`${app?.url}/free`, 10, LOCAL, headers);
        expect(tally(await visit())).toEqual({ 200: 10 });
        await outage.begin();
        const during = tally(await visit());
        expect((during.hangs ?? 0) + (during[500] ?? 0)).toBe(10);
        await outage.end();
      },
    );
  });
}
