import { afterAll, beforeAll, describe } from 'vitest';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import { recordStoreContract } from '../../../test/support/record-store-contract.ts';
import { redisUnderTest } from '../../../test/support/redis-under-test.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from '../../../test/support/servers/redis.ts';
import { redisStores } from './index.ts';

describe.skipIf(REDIS_SERVER === undefined)('on a Redis server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.stop());

  const under = redisUnderTest(
    () => server.url,
    (prefix, emit) => redisStores(server.url, { prefix, timeout: '10s' }, { emit }),
  );
  rateLimitStoreContract('redisStores', under.limits);
  recordStoreContract('redisStores', under.records);
});
