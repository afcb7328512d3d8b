import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handWiredApp, LIMIT, securedApp } from '../chaos/support/apps.ts';
import { load, tally } from '../chaos/support/load.ts';
import { startProcesses } from '../chaos/support/processes.ts';
import { EXPRESS, send } from '../support/http.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from '../support/servers/redis.ts';

const HOST = { host: 'shop.example' };

describe.skipIf(REDIS_SERVER === undefined)('stores', { timeout: 120_000 }, () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    server.resume();
    await server.stop();
  });

  /** How many of 2,000 requests of one client pass four processes, 64 at once. */
  const passFour = async (place: string): Promise<number> => {
    await server.command('FLUSHALL');
    const { urls, close } = await startProcesses(4, place, server.url);
    try {
      let sent = 0;
      let passed = 0;
      const worker = async (): Promise<void> => {
        while (sent < 2000) {
          const { status } = await send(urls[sent++ % urls.length] ?? '', { headers: HOST });
          if (status === 200) passed++;
        }
      };
      await Promise.all(Array.from({ length: 64 }, worker));
      return passed;
    } finally {
      await close();
    }
  };

  it('1.2.4: four processes, each with a count of its own, or with one that is read and then written', async () => {
    expect(await passFour('alone')).toBe(400);
    expect(await passFour('careless')).toBeGreaterThan(100);
    expect(await passFour('shared')).toBe(100);
  });

  it('1.2.5a: the server goes away, and nobody listens for the error of its client', async () => {
    const program = (lines: string): string =>
      `import { createClient } from 'redis'; import { redisStores } from '${new URL('../../src/stores/index.ts', import.meta.url)}';` +
      `${lines} console.log('ready'); setTimeout(() => process.exit(7), 1500);`;
    const endOf = async (lines: string): Promise<unknown> => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program(lines)], {
        cwd: new URL('.', import.meta.url),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const exited = once(child, 'exit');
      const isReady = once(child.stdout, 'data');
      await Promise.race([isReady, exited]);
      await server.kill();
      const [code] = (await exited) as [number | null];
      await server.restart();
      return code;
    };
    expect(await endOf(`const client = await createClient({ url: '${server.url}' }).connect();`)).toBe(1);
    expect(await endOf(`const stores = redisStores('${server.url}'); await stores.ready();`)).toBe(7);
  });

  describe.each(EXPRESS)('on Express %s', (_version, express) => {
    it('1.2.5b: the server of the limits is silent, and every request waits for it', async () => {
      const wired = await handWiredApp(express, server.url);
      const secured = await securedApp(express, server.url);
      server.pause();
      try {
        expect(tally(await load(wired.url, 5, '127.0.2.1'))).toEqual({ hangs: 5 });
        expect(tally(await load(secured.url, LIMIT * 2, '127.0.2.1'))).toEqual({ 200: LIMIT, 429: LIMIT });
        expect(secured.changes()).toEqual(['CRITICAL']);
      } finally {
        await wired.close();
        await secured.close();
      }
    });

    it('1.3.7: the server of the sessions is silent, and requests that need one wait for it', async () => {
      const wired = await handWiredApp(express, server.url);
      const secured = await securedApp(express, server.url);
      server.pause();
      try {
        expect(tally(await load(`${wired.url}/session`, 5, '127.0.2.2'))).toEqual({ hangs: 5 });
        expect(tally(await load(`${secured.url}/session`, 5, '127.0.2.2'))).toEqual({ 503: 5 });
        expect(tally(await load(secured.url, 5, '127.0.2.2'))).toEqual({ 200: 5 });
      } finally {
        await wired.close();
        await secured.close();
      }
    });
  });
});
