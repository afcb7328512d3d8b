import { randomBytes } from 'node:crypto';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { env, type Policy, type SecurityEvent, secure } from '../src/index.ts';
import { memoryStores } from '../src/stores/memory-stores.ts';
import type { Stores } from '../src/stores/stores.ts';
import { ask, QUIET } from './support/ask.ts';
import { send } from './support/http.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from './support/servers/redis.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => close?.());

const { KEY } = env({ KEY: env.secret() }, { source: { KEY: randomBytes(32).toString('hex') } });

function start(policy: Partial<Policy>) {
  const app = express();
  const gate = secure(app, { ...QUIET, ...policy });
  app.get('/', (_req, res) => void res.send('home'));
  const events: SecurityEvent[] = [];
  gate.on('*', (event) => void events.push(event));
  close = () => gate.close();
  const ofStores = (): SecurityEvent[] => events.filter(({ practice }) => practice === 'rate-limit');
  const ofSystem = (): SecurityEvent[] => events.filter(({ event }) => event === 'sys_error');
  return { app, gate, ofStores, ofSystem };
}

describe('a gate with stores', () => {
  it.each([
    ['no stores', {}],
    ['stores in memory', { stores: { memory: true } }],
  ] as const)('says once that %s are not shared', async (_, policy) => {
    const { gate, ofStores } = start(policy);
    expect(ofStores()).toEqual([]);
    await gate.listen({ port: 0 });
    await gate.listen({ port: 0 });
    expect(ofStores()).toMatchObject([
      { event: 'sys_startup', level: 'INFO', description: expect.stringContaining('do not share') },
    ]);
  });

  it('says nothing of it where they are shared, or where nothing is counted', async () => {
    const shared: Stores = { ...memoryStores(), shared: true };
    for (const policy of [{ stores: shared }, { rateLimit: false }] as const) {
      const { gate, ofStores } = start(policy);
      await gate.listen({ port: 0 });
      expect(ofStores()).toEqual([]);
      await gate.close();
    }
  });

  it('starts although its stores do not, and says so once, without what they said', async () => {
    const broken: Stores = { ...memoryStores(), shared: true, ready: async () => Promise.reject(new Error('secret')) };
    const { gate, ofStores } = start({ stores: broken });
    const { url } = await gate.listen({ port: 0 });
    expect((await send(url, { headers: { host: 'shop.example' } })).status).toBe(200);
    expect(ofStores()).toMatchObject([{ event: 'sys_error', level: 'CRITICAL', details: { error: 'Error' } }]);
  });

  it.each([
    ['rate-limit', {}],
    ['tokens', { tokens: { encryptionKey: KEY } }],
    ['sessions', { sessions: {} }],
  ] as const)('says an outage once, as one of %s where the app has them', async (practice, policy) => {
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const records = { get: away, insert: away, replace: away, remove: away, list: away };
    const limits = { consume: away, refund: away };
    const stores: Stores = { kind: 'fake', shared: true, records, limits, ready: away, close: async () => undefined };
    const { gate, ofSystem } = start({ stores, ...policy });
    const { url } = await gate.listen({ port: 0 });
    await send(url, { headers: { host: 'shop.example', cookie: `__Host-session=${'a'.repeat(64)}` } });
    expect(ofSystem()).toMatchObject([{ event: 'sys_error', level: 'CRITICAL', practice }]);
  });

  it('refuses what is no place, before anything is served', () => {
    expect(() => start({ stores: { redis: 'redis//x' } })).toThrow(/stores\.redis/);
    expect(() => start({ stores: {} as unknown as Stores })).toThrow(/ERR_CONFIG_VALUE/);
  });

  describe.skipIf(REDIS_SERVER === undefined)('in Redis', () => {
    let server: RedisServer | undefined;
    afterEach(() => server?.stop());
    const connections = async (): Promise<number> =>
      ((await server?.command('CLIENT LIST')) ?? '').match(/^id=/gm)?.length ?? 0;

    it('two gates of one store share a limit; what one listens to, it closes', async () => {
      server = await startRedis();
      const policy: Partial<Policy> = {
        stores: { redis: server.url, timeout: '5s' },
        rateLimit: { limit: 3, window: '1h' },
      };
      const [one, two] = [start(policy), start(policy)];
      await one.gate.listen({ port: 0 });
      await two.gate.listen({ port: 0 });
      const statuses = (app: unknown) => ask(app, {}, {}).then((answers) => answers.map(({ status }) => status));
      expect(await statuses(one.app)).toEqual([200, 200]);
      expect(await statuses(two.app)).toEqual([200, 429]);
      // One of each gate, and the one that asks.
      expect(await connections()).toBe(3);
      await one.gate.close();
      await two.gate.close();
      await expect.poll(connections).toBe(1);
      const told = [...one.ofStores(), ...two.ofStores()].filter(({ event }) => event.startsWith('sys_'));
      expect(told).toEqual([]);
    });

    it('starts after two seconds where Redis does not answer, limits, and uses it once it does', async () => {
      server = await startRedis();
      server.pause();
      const { gate, ofStores } = start({ stores: { redis: server.url }, rateLimit: { limit: 3, window: '1h' } });
      const { url } = await gate.listen({ port: 0 });
      const get = async (): Promise<number> => (await send(url, { headers: { host: 'shop.example' } })).status;
      expect([await get(), await get(), await get(), await get()]).toEqual([200, 200, 200, 429]);
      expect(ofStores().filter(({ event }) => event === 'sys_error')).toMatchObject([{ level: 'CRITICAL' }]);
      server.resume();
      const levels = (): Promise<string[]> => get().then(() => ofStores().map(({ level }) => level));
      await expect.poll(levels, { timeout: 10_000 }).toContain('INFO');
    });
  });
});
