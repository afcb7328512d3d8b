import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient, createClientPool } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { REDIS_SERVER, type RedisServer, startRedis } from '../../../test/support/servers/redis.ts';
import { proxyTo, type TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { Refusal } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { localCertificate } from '../../practices/https/local-ca.ts';
import type { Stores } from '../stores.ts';
import { type RedisClient, redisStores } from './index.ts';
import { LEAVE, SHORTEN } from './scripts.ts';

const RULE = { limit: 10, window: 60_000 };
const SECRET = 'not-for-any-log';

describe('redisStores refuses', () => {
  it.each([
    ['http://127.0.0.1', 'not the address'],
    ['127.0.0.1:6379', 'not the address'],
    [`redis//:${SECRET}@host`, 'not the address'],
    [`postgres://u:${SECRET}@host/db`, 'not the address'],
    ['', 'not the address'],
  ])('%j, without repeating it', (url, message) => {
    const make = (): unknown => redisStores(url);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: 'stores.redis' }));
    expect(make).toThrow(message);
    expect(make).not.toThrow(SECRET);
  });

  it.each([
    [
      'a client of another package',
      { status: 'ready', call: () => undefined, on: () => undefined, connect: () => undefined },
    ],
    ['nothing', undefined],
    ['a number', 6379],
  ])('%s', (_, client) => {
    expect(() => redisStores(client as unknown as RedisClient)).toThrow(/neither the address .* createClient\(\)/s);
  });

  it.each(['{app}:', 'a b', 'x'.repeat(65), '*'])('the prefix %j', (prefix) => {
    expect(() => redisStores('redis://127.0.0.1', { prefix })).toThrow(/stores\.prefix/);
  });

  it.each([0, -1, 'soon', Number.NaN])('the timeout %j', (timeout) => {
    expect(() => redisStores('redis://127.0.0.1', { timeout })).toThrow(/stores\.timeout/);
  });
});

describe.skipIf(REDIS_SERVER === undefined)('a connection to Redis', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  const events: EventInput[] = [];
  const opened: Stores[] = [];
  const emit = (event: EventInput): void => void events.push(event);
  const open = (source: string | RedisClient, timeout = 5000): Stores => {
    const stores = redisStores(source, { prefix: `${randomUUID()}:`, timeout }, { emit });
    opened.push(stores);
    return stores;
  };

  beforeAll(async () => {
    server = await startRedis({ password: SECRET });
    proxy = await proxyTo(server.port);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((stores) => stores.close()));
    events.length = 0;
    proxy.holding = false;
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  const throughProxy = (): string => server.url.replace(String(server.port), String(proxy.port));

  describe('sends what a request needs in one round trip', () => {
    it('a session, a limit and two throttles: one write, and no answer is waited for in between', async () => {
      const { limits, records, ready } = open(throughProxy());
      await ready();
      await limits.consume('warm', 1, RULE, 0);
      proxy.holding = true;
      proxy.sent.length = 0;
      const all = [
        records.get('session:1'),
        limits.consume('default|c:127.0.0.1', 1, RULE, 0),
        records.get('throttle:account'),
        records.get('throttle:network'),
      ];
      let isAnswered = false;
      const answers = Promise.all(all.map((answer) => Promise.resolve<unknown>(answer)));
      void answers.then(() => {
        isAnswered = true;
      });
      await expect.poll(() => proxy.sent.join('')).toContain('throttle:network');
      expect(proxy.sent.join('').match(/\r\n(?:GET|EVALSHA)\r\n/g)).toEqual([
        '\r\nGET\r\n',
        '\r\nEVALSHA\r\n',
        '\r\nGET\r\n',
        '\r\nGET\r\n',
      ]);
      expect(proxy.sent).toHaveLength(1);
      expect(isAnswered).toBe(false);
      proxy.holding = false;
      expect((await answers)[1]).toMatchObject({ allowed: true });
    });

    it('control: what waits for an answer before it asks again takes as many as it asks for', async () => {
      const { limits, records, ready } = open(throughProxy());
      await ready();
      await limits.consume('warm', 1, RULE, 0);
      proxy.sent.length = 0;
      await records.get('session:1');
      await limits.consume('default|c:127.0.0.1', 1, RULE, 0);
      await records.get('throttle:account');
      expect(proxy.sent).toHaveLength(3);
    });
  });

  it('is not opened before it is needed, and then by the first call', async () => {
    proxy.sent.length = 0;
    const { records } = open(throughProxy());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(proxy.sent).toEqual([]);
    expect(await records.insert('a', { value: 'x', ttl: 1000 })).toBe(true);
  });

  it('says no when it is not ready, and why, without an address or a password', async () => {
    const wrong = open(`redis://:${SECRET}-but-wrong@127.0.0.1:${server.port}`);
    await expect(wrong.ready()).rejects.toThrow('WRONGPASS');
    const nobody = open(`redis://:${SECRET}@127.0.0.1:1`);
    await expect(nobody.ready()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(nobody.records.get('a')).rejects.toBeInstanceOf(Refusal);
    expect(events.map(({ details }) => details)).toEqual([{ error: 'WRONGPASS' }, { error: 'ECONNREFUSED' }]);
    expect(JSON.stringify(events)).not.toMatch(/127\.0\.0\.1|not-for-any-log/);
  });

  it('asks again each time that it is asked whether it is ready', async () => {
    const other = await startRedis();
    try {
      await other.kill();
      const { ready } = open(other.url);
      await expect(ready()).rejects.toThrow();
      await other.restart();
      await expect.poll(() => ready().then(() => 'ready', String), { timeout: 10_000 }).toBe('ready');
    } finally {
      await other.stop();
    }
  });

  it('refuses all that comes after the end, and says nothing of it', async () => {
    const { records, limits, close } = open(server.url);
    await records.get('a');
    await close();
    await expect(records.get('a')).rejects.toMatchObject({ status: 503 });
    expect(await limits.consume('a', 1, RULE, 0)).toMatchObject({ allowed: true });
    expect(events).toEqual([]);
  });

  it('keeps the process alive as long as it is waited for, and no longer', async () => {
    const index = new URL('./index.ts', import.meta.url).href;
    const lines = [
      `import { redisStores } from ${JSON.stringify(index)}`,
      `const { ready, records, limits } = redisStores(${JSON.stringify(server.url)}, { prefix: 'script:' })`,
      'await ready()',
      "await records.insert('a', { value: 'x', ttl: 1000 })",
      `const { allowed } = await limits.consume('a', 1, ${JSON.stringify(RULE)}, 0)`,
      'console.log(allowed)',
    ];
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', lines.join('\n')]);
    expect(stdout).toBe('true\n');
  });

  it('takes more commands at once than wait for their answers in any other way', async () => {
    const { limits, ready } = open(server.url);
    await ready();
    const rule = { limit: 100, window: 3_600_000 };
    const results = await Promise.all(Array.from({ length: 3000 }, async () => limits.consume('a', 1, rule, 0)));
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(100);
    expect(events).toEqual([]);
  });

  describe('a client that is handed in', () => {
    const makeClient = () => createClient({ url: server.url }).on('error', () => undefined);

    it('is used, and left open at the end, where it was open', async () => {
      const client = await makeClient().connect();
      const { records, ready, close } = open(client);
      await ready();
      expect(await records.insert('a', { value: 'x', ttl: 10_000, owner: 'u' })).toBe(true);
      expect(await records.list('u')).toMatchObject([{ key: 'a', value: 'x' }]);
      await close();
      expect(client.isOpen).toBe(true);
      client.destroy();
    });

    it('is opened where it was not, and closed then', async () => {
      const client = makeClient();
      const { records, close } = open(client);
      expect(await records.get('a')).toBeUndefined();
      await close();
      expect(client.isOpen).toBe(false);
    });

    it('keeps nothing for later while it is offline, although it has a queue for that', async () => {
      const other = await startRedis();
      const client = await createClient({ url: other.url })
        .on('error', () => undefined)
        .connect();
      const { records } = open(client);
      expect(await records.get('a')).toBeUndefined();
      await other.kill();
      await expect.poll(() => client.isReady).toBe(false);
      await expect(records.insert('a', { value: 'late', ttl: 60_000 })).rejects.toMatchObject({ status: 503 });
      await other.restart();
      await expect.poll(() => client.isReady, { timeout: 10_000 }).toBe(true);
      expect(await client.keys('*')).toEqual([]);
      client.destroy();
      await other.stop();
    });

    it('may map types as it likes', async () => {
      const client = await createClient({ url: server.url, RESP: 2, commandOptions: { typeMapping: { 36: Buffer } } })
        .on('error', () => undefined)
        .connect();
      const { records, limits } = open(client);
      await records.insert('a', { value: 'é', ttl: 10_000 });
      expect(await records.get('a')).toMatchObject({ value: 'é' });
      expect(await limits.consume('a', 1, RULE, 0)).toMatchObject({ remaining: 9 });
      expect(events).toEqual([]);
      client.destroy();
    });

    it('may be a pool', async () => {
      const pool = createClientPool({ url: server.url });
      const { records, limits, ready, close } = open(pool);
      await ready();
      await records.insert('a', { value: 'x', ttl: 10_000, owner: 'u' });
      expect(await records.list('u')).toHaveLength(1);
      expect(await limits.consume('a', 1, RULE, 0)).toMatchObject({ remaining: 9 });
      expect(events).toEqual([]);
      await close();
    });
  });

  it('refuses a cost of any size, and takes it for no outage', async () => {
    const { limits } = open(server.url);
    for (const cost of [11, 1e15, 1e300, Number.MAX_VALUE]) {
      expect(await limits.consume('a', cost, RULE, 0)).toMatchObject({ allowed: false, remaining: 10 });
    }
    expect(events).toEqual([]);
  });

  describe('scripts', () => {
    it('are sent again where the server has forgotten them, and lose no count', async () => {
      const { limits } = open(server.url);
      const pass = async (count: number): Promise<number> => {
        const results = await Promise.all(Array.from({ length: count }, async () => limits.consume('a', 1, RULE, 0)));
        return results.filter(({ allowed }) => allowed).length;
      };
      expect(await pass(5)).toBe(5);
      expect(await server.command('SCRIPT FLUSH')).toContain('OK');
      expect(await pass(20)).toBe(5);
      expect(events).toEqual([]);
    });
  });

  describe('the index of an owner', () => {
    it('forgets what was removed, and what was entered and never written, when that would have expired', async () => {
      const prefix = `${randomUUID()}:`;
      const stores = redisStores(server.url, { prefix }, { emit });
      opened.push(stores);
      const client = await createClient({ url: server.url }).connect();
      const members = (): Promise<string[]> => client.zRange(`${prefix}o:u`, 0, -1);
      for (let i = 0; i < 50; i++) {
        await stores.records.insert(`k${i}`, { value: '', ttl: 60_000, owner: 'u' });
        await stores.records.remove(`k${i}`);
      }
      await expect.poll(members).toEqual([]);
      await client.zAdd(`${prefix}o:u`, { score: 1, value: 'never written' });
      await stores.records.insert('a', { value: '', ttl: 60_000, owner: 'u' });
      expect(await members()).toEqual(['a']);
      expect(await client.pTTL(`${prefix}o:u`)).toBeGreaterThan(60_000);
      client.destroy();
    });

    it('forgets a record with the shorter lifetime that it was replaced with', async () => {
      const prefix = `${randomUUID()}:`;
      const stores = redisStores(server.url, { prefix, timeout: 5000 }, { emit });
      opened.push(stores);
      const client = await createClient({ url: server.url }).connect();
      const rest = async (): Promise<number> => ((await client.zScore(`${prefix}o:u`, 'a')) ?? 0) - Date.now();
      await stores.records.insert('a', { value: '', ttl: 3_600_000, owner: 'u' });
      const { version = 0 } = (await stores.records.get('a')) ?? {};
      expect(await rest()).toBeGreaterThan(3_000_000);
      // Not for a replacement that fails: the record lives as long as before.
      await stores.records.replace('a', version + 1, { value: '', ttl: 1000, owner: 'u' });
      expect(await rest()).toBeGreaterThan(3_000_000);
      await stores.records.replace('a', version, { value: '', ttl: 1000, owner: 'u' });
      await expect.poll(rest).toBeLessThan(100_000);
      client.destroy();
    });

    it('keeps an entry that was made anew since: neither is it taken out, nor forgotten earlier', async () => {
      const client = await createClient({ url: server.url }).connect();
      const connection = {
        send: (_key: string, args: readonly string[]) => client.sendCommand(args),
        ready: async () => undefined,
        close: async () => undefined,
      };
      const key = randomUUID();
      await client.zAdd(key, { score: 9_000, value: 'a' });
      for (const earlier of ['8999', '8000']) {
        await LEAVE.run(connection, key, 'a', earlier);
        await SHORTEN.run(connection, key, 'a', earlier, '1');
      }
      expect(await client.zScore(key, 'a')).toBe(9_000);
      await SHORTEN.run(connection, key, 'a', '9000', '5000');
      expect(await client.zScore(key, 'a')).toBe(5_000);
      await LEAVE.run(connection, key, 'a', '5000');
      expect(await client.zScore(key, 'a')).toBeNull();
      client.destroy();
    });

    it('is bounded: the next record of that owner is refused, others are not, and it is no outage', async () => {
      const { records } = open(server.url);
      const insert = async (i: number, owner: string): Promise<boolean> =>
        records.insert(`${owner}${i}`, { value: '', ttl: 60_000, owner });
      await Promise.all(Array.from({ length: 1000 }, (_, i) => insert(i, 'u')));
      await expect(insert(1000, 'u')).rejects.toMatchObject({ status: 503, reason: /1000 records/ });
      expect(await insert(0, 'w')).toBe(true);
      expect(await records.list('u')).toHaveLength(1000);
      expect(events).toEqual([]);
    });

    it('is never behind: who is listed in the middle of inserts finds each record that is there', async () => {
      const { records } = open(server.url);
      let isOver = false;
      const missing: string[] = [];
      const look = async (): Promise<void> => {
        while (!isOver) {
          const there: string[] = [];
          for (let i = 0; i < 100; i++) if ((await records.get(`k${i}`)) !== undefined) there.push(`k${i}`);
          const listed = new Set((await records.list('u')).map(({ key }) => key));
          missing.push(...there.filter((key) => !listed.has(key)));
        }
      };
      const looking = look();
      for (let i = 0; i < 100; i++) await records.insert(`k${i}`, { value: '', ttl: 60_000, owner: 'u' });
      isOver = true;
      await looking;
      expect(missing).toEqual([]);
    });
  });

  describe('TLS with a password', () => {
    let folder: string;
    let secured: RedisServer;
    let ca: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'bulwark-tls-'));
      const { files, ca: authority } = await localCertificate({ names: [], directory: join(folder, 'ca') });
      ca = readFileSync(authority, 'utf8');
      secured = await startRedis({ tls: { cert: files.cert, key: files.key }, password: SECRET });
    });
    afterAll(async () => {
      await secured?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('serves records and limits', async () => {
      const client = createClient({ url: secured.url, socket: { tls: true, ca } });
      const { records, limits, ready } = open(client);
      await ready();
      expect(await records.insert('a', { value: 'x', ttl: 10_000 })).toBe(true);
      expect(await records.get('a')).toMatchObject({ value: 'x' });
      expect(await limits.consume('a', 1, RULE, 0)).toMatchObject({ remaining: 9 });
      expect(events).toEqual([]);
    });

    it('is refused where the certificate is not trusted: nothing is sent', async () => {
      const { ready, records } = open(secured.url);
      await expect(ready()).rejects.toMatchObject({ code: expect.stringMatching(/CERT|VERIFY/) });
      await expect(records.get('a')).rejects.toMatchObject({ status: 503 });
    });
  });
});
