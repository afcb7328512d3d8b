import { ConfigError } from '../../errors.ts';
import { parseDuration } from '../../units.ts';
import type { OutageOptions } from '../breaker.ts';
import { type GuardServices, guardStores } from '../guard.ts';
import type { Stores } from '../stores.ts';
import type { RedisClient } from './client.ts';
import { connectionTo } from './connection.ts';
import { redisLimits } from './limits.ts';
import { redisRecords } from './records.ts';

export type { RedisClient } from './client.ts';

/** Settings of {@link redisStores}. */
export interface RedisOptions {
  /** Each key in Redis begins with it; default `'bulwark:'`. */
  readonly prefix?: string;
  /** How long an answer may take before the server counts as out of reach: milliseconds or `'250ms'`, the default. */
  readonly timeout?: number | string;
}

/**
 * Records and limits on a Redis 7 server, a Valkey or a cluster of them, with a breaker before it: see
 * {@link guardStores} for what happens while it is out of reach.
 *
 * The connection is opened by `ready()` or at the first use. What one tick asks for goes out in one write.
 *
 * @param source - `redis://…`, `rediss://…`, or a client of the package `redis` (5 or 6). A client that was open is left open.
 * @param services - where events go; default: process warnings
 * @throws ConfigError for an unusable address or client, and where the package `redis` is missing
 * @example const { limits, records } = redisStores('redis://127.0.0.1:6379')
 */
export function redisStores(
  source: string | RedisClient,
  options: RedisOptions = {},
  services?: GuardServices,
): Stores {
  const { prefix = 'bulwark:', timeout = 250 } = options;
  requirePrefix(prefix);
  const outage: OutageOptions = { timeout: parseDuration(timeout, 'stores.timeout') };
  const connection = connectionTo(source, 'stores.redis');
  return guardStores(
    {
      kind: 'redis',
      shared: true,
      records: redisRecords(connection, prefix),
      limits: redisLimits(connection, `${prefix}l:`),
      ready: () => connection.ready(`${prefix}r:`),
      close: () => connection.close(),
    },
    services,
    outage,
  );
}

/** Braces would put all keys of an app into one slot of a cluster. */
function requirePrefix(prefix: unknown): void {
  if (typeof prefix === 'string' && /^[\w.:-]{0,64}$/.test(prefix)) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'stores.prefix',
    message: 'it is not what keys can begin with',
    fix: "write up to 64 letters, digits, and . _ : - such as 'shop:'",
  });
}
