import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { type ByteSize, type Duration, parseByteSize, parseDuration } from '../../units.ts';
import type { ProxySetting } from '../client/index.ts';
import type { ProxyRules } from '../client/presets.ts';
import { readProxy } from '../client/proxy.ts';
import {
  PRESSURE_DEFAULTS,
  type PressureOptions,
  pressureSchema,
  type ResolvedPressure,
  resolvePressure,
} from './pressure-options.ts';

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
  /**
   * Open connections of one client (IPv4 address, IPv6 network of 56 bits) to one server; further ones are closed at once.
   * Connections of a declared proxy are not counted. Default: 256 (Node's own: no limit).
   */
  readonly maxConnectionsPerClient?: number;
  /** Requests of one client that are worked on at the same time; further ones are refused with 429. Default: 256. */
  readonly maxRequestsPerClient?: number;
  /**
   * How long a request may be under way before the head of its answer is sent; then it is answered with 503. Streams that
   * have begun go on. Default: `'60s'`, or `requestTimeout` where that is longer (Node's own: no limit).
   */
  readonly handlerTimeout?: Duration;
  /** What sheds load while the event loop or the memory is under pressure; `false` for never. */
  readonly pressure?: PressureOptions | false;
  /** As the policy's `proxy`, which decides inside `secure()`. Default: `'none'`. */
  readonly proxy?: ProxySetting;
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
  readonly maxConnectionsPerClient: number;
  readonly maxRequestsPerClient: number;
  readonly handlerTimeout: number;
  readonly pressure: ResolvedPressure | false;
  readonly proxy: ProxyRules;
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
  maxConnectionsPerClient: count,
  maxRequestsPerClient: count,
  handlerTimeout: duration,
  pressure: z.union([z.literal(false), pressureSchema]).optional(),
  proxy: z.unknown().optional(),
});

/** `handlerTimeout` is absent: its default depends on another setting. */
export const DEFAULTS: Omit<ResolvedLimitsOptions, 'handlerTimeout' | 'pressure' | 'proxy'> & {
  readonly pressure: PressureOptions;
  readonly proxy: ProxySetting;
} = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5000,
  socketTimeout: 120_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
  maxHeadersCount: 100,
  maxRequestsPerSocket: 1000,
  maxConnections: 10_000,
  maxConnectionsPerClient: 256,
  maxRequestsPerClient: 256,
  pressure: PRESSURE_DEFAULTS,
  proxy: 'none',
};

const HANDLER_TIMEOUT = 60_000;

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
  const given: GivenLimits = resolveOptions<GivenLimits>(schema, DEFAULTS, options, 'limits');
  const times = Object.fromEntries(DURATIONS.map((name) => [name, parseDuration(given[name], `limits.${name}`)]));
  const { requestTimeout } = times as Times;
  const resolved: ResolvedLimitsOptions = {
    ...given,
    ...(times as Times),
    maxHeaderSize: parseByteSize(given.maxHeaderSize, 'limits.maxHeaderSize'),
    // A sender who is allowed to take long must not meet the limit of the handler that waits for him.
    handlerTimeout:
      given.handlerTimeout === undefined
        ? Math.max(HANDLER_TIMEOUT, requestTimeout)
        : parseDuration(given.handlerTimeout, 'limits.handlerTimeout'),
    pressure: given.pressure === false ? false : resolvePressure(given.pressure),
    proxy: readProxy(given.proxy),
  };
  refuseContradictions(resolved, given.handlerTimeout !== undefined);
  return resolved;
}

type Times = Record<(typeof DURATIONS)[number], number>;

/** What was given, over the defaults. */
type GivenLimits = Omit<
  ResolvedLimitsOptions,
  'handlerTimeout' | 'maxHeaderSize' | 'pressure' | 'proxy' | keyof Times
> & {
  readonly [T in keyof Times]: Duration;
} & {
  readonly maxHeaderSize: ByteSize;
  readonly handlerTimeout?: Duration;
  readonly pressure: PressureOptions | false;
  readonly proxy: ProxySetting;
};

function refuseContradictions(limits: ResolvedLimitsOptions, choseHandlerTimeout: boolean): void {
  const { headersTimeout, requestTimeout, connectionsCheckingInterval, handlerTimeout, socketTimeout } = limits;
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
  } // A handler that works says nothing on the connection.
  if (choseHandlerTimeout && handlerTimeout >= socketTimeout) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'limits.handlerTimeout',
      message: `a handler may take ${handlerTimeout} ms, and a connection that is silent for ${socketTimeout} ms is closed`,
      fix: 'make limits.socketTimeout longer than it, or give the few routes that need it limits.handlerTime()',
    });
  }
}
