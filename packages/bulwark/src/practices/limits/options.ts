import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { type ByteSize, type Duration, parseByteSize, parseDuration } from '../../units.ts';

/** Options of the `limits` practice. */
export interface LimitsOptions {
  /** How long a client may take to send all headers. Default: `'10s'` (Node's own: 60 s). */
  readonly headersTimeout?: Duration;
  /** How long a client may take to send the whole request, body included. Default: `'30s'` (Node's own: 300 s). */
  readonly requestTimeout?: Duration;
  /** How long an idle connection is kept for the next request. Default: `'5s'`. */
  readonly keepAliveTimeout?: Duration;
  /** How long a connection may be silent in both directions. Default: `'2m'` (Node's own: for ever). */
  readonly socketTimeout?: Duration;
  /** How often the two timeouts of requests are looked at. Default: `'1s'` (Node's own: 30 s). Constructor-only. */
  readonly connectionsCheckingInterval?: Duration;
  /** The largest request line and headers together. Default: `'16kb'`. */
  readonly maxHeaderSize?: ByteSize;
  /** The largest number of headers; more are refused with 431 (Node 20 dropped them without a word). Default: 100. */
  readonly maxHeadersCount?: number;
  /** Requests on one connection before it is closed. Default: 1000 (Node's own: no limit). */
  readonly maxRequestsPerSocket?: number;
  /** Open connections of the whole server; further ones are closed at once. Default: 10,000 (Node's own: no limit). */
  readonly maxConnections?: number;
}

/** The options with every default in place: milliseconds and bytes. */
export interface ResolvedLimitsOptions {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly socketTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  readonly maxHeadersCount: number;
  readonly maxRequestsPerSocket: number;
  readonly maxConnections: number;
}

const duration = z.union([z.number(), z.string()]).optional();
const size = z.union([z.number(), z.string()]).optional();
const count = z.int().min(1).optional();

export const schema: z.ZodType = z.strictObject({
  headersTimeout: duration,
  requestTimeout: duration,
  keepAliveTimeout: duration,
  socketTimeout: duration,
  connectionsCheckingInterval: duration,
  maxHeaderSize: size,
  maxHeadersCount: count,
  maxRequestsPerSocket: count,
  maxConnections: count,
});

export const DEFAULTS: ResolvedLimitsOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  socketTimeout: 120_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
  maxHeadersCount: 100,
  maxRequestsPerSocket: 1000,
  maxConnections: 10_000,
};

const DURATIONS = [
  'headersTimeout',
  'requestTimeout',
  'keepAliveTimeout',
  'socketTimeout',
  'connectionsCheckingInterval',
] as const;

/**
 * Reads the options of `limits`.
 *
 * @throws ConfigError for a value that is none, and for timeouts that cancel each other out
 * @example resolveLimits({ requestTimeout: '10m' }).requestTimeout // 600000
 */
export function resolveLimits(options: LimitsOptions): ResolvedLimitsOptions {
  const given = resolveOptions(schema, DEFAULTS, options, 'limits');
  const resolved: Record<keyof ResolvedLimitsOptions, number> = { ...given };
  for (const name of DURATIONS) resolved[name] = parseDuration(given[name], `limits.${name}`);
  resolved.maxHeaderSize = parseByteSize(given.maxHeaderSize, 'limits.maxHeaderSize');
  refuseContradictions(resolved);
  return resolved;
}

function refuseContradictions(limits: ResolvedLimitsOptions): void {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval } = limits;
  if (headersTimeout > requestTimeout) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'limits.headersTimeout',
      message: `the headers may take ${headersTimeout} ms, and the whole request only ${requestTimeout} ms`,
      fix: 'make it no longer than limits.requestTimeout',
    });
  }
  if (connectionsCheckingInterval > headersTimeout) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'limits.connectionsCheckingInterval',
      message: `timeouts are looked at every ${connectionsCheckingInterval} ms, later than headersTimeout (${headersTimeout} ms)`,
      fix: 'make it shorter than limits.headersTimeout',
    });
  }
}
