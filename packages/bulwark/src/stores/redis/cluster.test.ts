import { createCluster } from 'redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import { recordStoreContract } from '../../../test/support/record-store-contract.ts';
import { redisUnderTest } from '../../../test/support/redis-under-test.ts';
import { REDIS_SERVER, type RedisServer, startRedis } from '../../../test/support/servers/redis.ts';
import { redisStores } from './index.ts';

// A node of a cluster refuses what touches keys of two slots, whether it has both or not: one node shows it all.
describe.skipIf(REDIS_SERVER === undefined)('on a Redis cluster', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ cluster: true });
  });
  afterAll(() => server?.stop());

  const under = redisUnderTest(
    () => server.url,
    (prefix, emit) =>
      redisStores(createCluster({ rootNodes: [{ url: server.url }] }), { prefix, timeout: '10s' }, { emit }),
  );
  rateLimitStoreContract('redisStores over createCluster', under.limits);
  recordStoreContract('redisStores over createCluster', under.records);
});
