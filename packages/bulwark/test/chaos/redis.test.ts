import express5 from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, send } from '../support/http.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from '../support/servers/redis.ts';
import { proxyTo, type TcpProxy } from '../support/tcp-proxy.ts';
import { type ChaosApp, handWiredApp, LIMIT, securedApp } from './support/apps.ts';
import { load, tally } from './support/load.ts';

describe.skipIf(REDIS_SERVER === undefined)('when Redis', { timeout: 60_000 }, () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let app: ChaosApp | undefined;
  let clients = 0;
  /** A client that nobody has counted yet. */
  const newClient = (): string => `127.0.1.${++clients}`;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await proxyTo(server.port);
  });
  afterEach(async () => {
    server.resume();
    await app?.close();
    await proxy.close();
    await server.stop();
  });

  const open = async (make: typeof securedApp, express: Express = express5): Promise<ChaosApp> => {
    app = await make(express, `redis://127.0.0.1:${proxy.port}`);
    return app;
  };

  const OUTAGES = [
    ['is killed', { begin: () => server.kill(), end: () => server.restart() }],
    ['is paused', { begin: async () => server.pause(), end: async () => server.resume() }],
    [
      'takes two seconds for each way',
      {
        begin: async () => {
          proxy.delay = 2000;
        },
        end: async () => {
          proxy.delay = 0;
        },
      },
    ],
  ] as const;

  const VERSIONS = OUTAGES.flatMap(([name, outage], i) =>
    EXPRESS.filter(([version]) => i === 0 || version === '5').map(
      ([version, express]) => [`${name} (Express ${version})`, outage, express] as const,
    ),
  );

  describe.each(VERSIONS)('%s', (_name, outage, express) => {
    it('each client is limited as before, what needs a record is refused at once, and it heals by itself', async () => {
      const { url, changes } = await open(securedApp, express);
      const session = `${url}/session`;
      expect(tally(await load(url, LIMIT * 2, newClient()))).toEqual({ 200: LIMIT, 429: LIMIT });
      expect(tally(await load(session, 5, newClient()))).toEqual({ 200: 5 });

      const busy = load(url, LIMIT * 2, newClient());
      await outage.begin();
      // Those under way may have been counted there or here: all are answered, and none by an error.
      const during = tally(await busy);
      expect(Object.keys(during).filter((status) => status !== '200' && status !== '429')).toEqual([]);

      expect(tally(await load(url, LIMIT * 3, newClient()))).toEqual({ 200: LIMIT, 429: LIMIT * 2 });
      expect(tally(await load(session, LIMIT, newClient()))).toEqual({ 503: LIMIT });
      const refused = await send(session, { from: newClient(), headers: { host: 'shop.example' } });
      expect(refused.headers['retry-after']).toBe('1');
      expect(refused.json()).toMatchObject({ code: 'ERR_UNAVAILABLE' });
      expect(changes()).toEqual(['CRITICAL']);

      await outage.end();
      await expect
        .poll(() => load(url, 1, newClient()).then(() => changes()), { timeout: 20_000, interval: 200 })
        .toEqual(['CRITICAL', 'INFO']);
      expect(tally(await load(session, 5, newClient()))).toEqual({ 200: 5 });
      expect(tally(await load(url, LIMIT * 2, newClient()))).toEqual({ 200: LIMIT, 429: LIMIT });
      expect(changes()).toEqual(['CRITICAL', 'INFO']);
    });

    it('control: the hand-wired stack answers with errors, or not at all', async () => {
      const { url } = await open(handWiredApp, express);
      expect(tally(await load(url, LIMIT, newClient()))).toEqual({ 200: LIMIT });
      await outage.begin();
      const during = tally(await load(url, 10, newClient()));
      expect((during.hangs ?? 0) + (during[500] ?? 0)).toBe(10);
      expect(tally(await load(`${url}/session`, 10, newClient()))).not.toHaveProperty('200');
    });
  });

  it('forgets everything (FLUSHALL), sessions are gone, counts begin anew, and nobody is answered by an error', async () => {
    const { url, changes } = await open(securedApp);
    const client = newClient();
    expect(tally(await load(url, LIMIT * 2, client))).toEqual({ 200: LIMIT, 429: LIMIT });
    await server.command('FLUSHALL');
    expect(tally(await load(url, LIMIT * 2, client))).toEqual({ 200: LIMIT, 429: LIMIT });
    const answer = await send(`${url}/session`, { from: newClient(), headers: { host: 'shop.example' } });
    expect([answer.status, answer.body]).toEqual([200, 'nobody']);
    expect(changes()).toEqual([]);
  });

  it('forgets its scripts (SCRIPT FLUSH) under load, no count is lost', async () => {
    const { url, changes } = await open(securedApp);
    const client = newClient();
    const busy = load(url, LIMIT * 5, client);
    await server.command('SCRIPT FLUSH');
    await server.command('SCRIPT FLUSH');
    expect(tally(await busy)).toEqual({ 200: LIMIT, 429: LIMIT * 4 });
    expect(changes()).toEqual([]);
  });

  it('closes each connection, again and again, it is used again each time', async () => {
    const { url, changes } = await open(securedApp);
    for (let round = 0; round < 3; round++) {
      await server.command('CLIENT KILL TYPE normal SKIPME yes');
      expect(Object.keys(tally(await load(url, 20, newClient())))).toEqual(['200']);
      await expect
        .poll(() => load(url, 1, newClient()).then(() => changes().at(-1) ?? 'INFO'), {
          timeout: 20_000,
          interval: 200,
        })
        .toBe('INFO');
    }
    const told = changes();
    expect(told).toEqual(told.map((_, i) => (i % 2 === 0 ? 'CRITICAL' : 'INFO')));
  });

  it('goes silent with its connections open, as behind a network that swallows them, another connection is made', async () => {
    const { url, changes } = await open(securedApp);
    expect(tally(await load(`${url}/session`, 5, newClient()))).toEqual({ 200: 5 });
    proxy.silence();
    expect(tally(await load(`${url}/session`, 5, newClient()))).toEqual({ 503: 5 });
    await expect
      .poll(() => load(url, 1, newClient()).then(() => changes()), { timeout: 20_000, interval: 200 })
      .toEqual(['CRITICAL', 'INFO']);
    expect(tally(await load(`${url}/session`, 5, newClient()))).toEqual({ 200: 5 });
  });

  it('is paused for long, what was sent meanwhile is carried out later and does no harm', async () => {
    const { url, changes } = await open(securedApp);
    server.pause();
    // Longer than a silent connection is kept: it is given up, and another one is tried.
    for (let round = 0; round < 8; round++) {
      expect(tally(await load(`${url}/session`, 2, newClient()))).toEqual({ 503: 2 });
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    server.resume();
    await expect
      .poll(() => load(url, 1, newClient()).then(() => changes()), { timeout: 20_000, interval: 200 })
      .toEqual(['CRITICAL', 'INFO']);
    expect(tally(await load(url, LIMIT * 2, newClient()))).toEqual({ 200: LIMIT, 429: LIMIT });
    expect(tally(await load(`${url}/session`, 5, newClient()))).toEqual({ 200: 5 });
  });
});
