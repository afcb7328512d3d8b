import { createClient } from 'redis';

/**
 * Makes everything in a Redis server as old as if `ms` had passed: nobody waits a minute for a minute to pass. It moves the
 * server's own expiry times, the times in rate-limit states and those in indexes of owners; the server's clock stays.
 */
export async function ageRedis(url: string, prefix: string, ms: number): Promise<void> {
  const client = await createClient({ url })
    .on('error', () => undefined)
    .connect();
  try {
    for (const key of await client.keys(`${prefix}*`)) {
      const rest = await client.pTTL(key);
      if (rest > 0 && rest <= ms) await client.del(key);
      else if ((await client.type(key)) === 'zset') await ageIndex(key);
      else if (key.startsWith(`${prefix}l:`)) await ageLimit(key, rest);
      else if (rest > 0) await client.pExpire(key, rest - ms);
    }
  } finally {
    client.destroy();
  }

  async function ageIndex(key: string): Promise<void> {
    for (const member of await client.zRange(key, 0, -1)) await client.zIncrBy(key, -ms, member);
    await client.pExpire(key, (await client.pTTL(key)) - ms);
  }

  async function ageLimit(key: string, rest: number): Promise<void> {
    const [tat, strikes, ...ends] = ((await client.get(key)) ?? '').split(' ').map(Number);
    const older = (time = 0): number => Math.max(0, time - ms * 1000);
    const state = [(tat ?? 0) - ms * 1000, strikes, ...ends.map(older)].join(' ');
    await client.set(key, state, { expiration: { type: 'PX', value: rest - ms } });
  }
}
