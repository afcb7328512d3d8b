import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { REDIS_SERVER, type RedisServer, startRedis } from '../../../test/support/servers/redis.ts';
import { redisStores } from './index.ts';

describe.skipIf(REDIS_SERVER === undefined)('the time limit of a command', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(async () => server?.stop());

  it('is that of the breaker: the client makes no signal of its own for each', async () => {
    const signals = vi.spyOn(AbortSignal, 'timeout');
    const stores = redisStores(server.url);
    expect(await stores.records.get('a')).toBeUndefined();
    await stores.close();
    const client = await createClient({ url: server.url }).connect();
    const handedIn = redisStores(client);
    signals.mockClear();
    expect(await handedIn.records.get('a')).toBeUndefined();
    expect(signals).not.toHaveBeenCalled();
    // Control: left to itself, the client makes one.
    await client.sendCommand(['GET', 'a']);
    expect(signals).toHaveBeenCalled();
    await handedIn.close();
    client.destroy();
  });
});
