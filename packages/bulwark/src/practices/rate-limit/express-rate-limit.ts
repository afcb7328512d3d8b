import { ConfigError } from '../../errors.ts';

/** Settings of express-rate-limit that mean the same here, and what they are called here. */
const SAME: Readonly<Record<string, string>> = { windowMs: 'window', max: 'limit' };

/** Those that ask for what is done anyway: taken with these values, and dropped. */
const DONE_ANYWAY: Readonly<Record<string, readonly unknown[]>> = {
  standardHeaders: [true, 'draft-8'],
  legacyHeaders: [false],
  passOnStoreError: [false],
};

/** The others, and what to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  standardHeaders: 'RateLimit and RateLimit-Policy are sent in their current form; write headers: false to send none',
  legacyHeaders: 'X-RateLimit-* headers are not sent; remove it',
  passOnStoreError: 'while the store is down a limiter in this process takes over; remove it',
  keyGenerator: 'write key: (req) => string, which is combined with the client instead of replacing it',
  ipv6Subnet: 'write ipv6Prefix',
  identifier: 'write name',
  skip: "write exempt('rate-limit', { reason }) on the route that needs no limit",
  skipSuccessfulRequests: "write countOnly: 'failures' in the limit() of that route",
  skipFailedRequests: 'failed requests count like others, or probing would be free; remove it',
  requestWasSuccessful:
    "write countOnly: 'failures' in the limit() of that route, and call refund(req) where it succeeds",
  handler: 'a refused request goes to the error handler as ERR_RATE_LIMIT; shape the answer there',
  message: 'a refused request goes to the error handler as ERR_RATE_LIMIT; shape the answer there',
  statusCode: 'a refused request is answered with 429 (RFC 6585); remove it',
  requestPropertyName: 'read the RateLimit header of the response; remove it',
  validate: 'settings are always checked; remove it',
  logger: "listen to the gate's events; remove it",
  trustProxy: 'say which proxies there are in policy.proxy, or in the options of client()',
};

/**
 * Understands the options of express-rate-limit: renames what means the same, and refuses the rest with a sentence
 * that says what to write instead.
 *
 * @throws ConfigError `ERR_CONFIG_UNKNOWN_KEY` for a setting that has no equal, `ERR_CONFIG_CONTRADICTION` for one
 *   that is given twice
 * @example fromExpressRateLimit({ windowMs: 60_000, max: 100 }, 'rateLimit') // { window: 60000, limit: 100 }
 */
export function fromExpressRateLimit(given: unknown, field: string): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || DONE_ANYWAY[key]?.includes(value)) continue;
    const name = SAME[key] ?? key;
    if (Object.hasOwn(options, name)) throw twice(field, name, key);
    const instead = INSTEAD[key];
    if (instead !== undefined) throw unknown(field, key, instead);
    options[name] = value;
  }
  return options;
}

function unknown(field: string, key: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field: `${field}.${key}`,
    message: 'this setting of express-rate-limit does not exist here',
    fix,
  });
}

function twice(field: string, name: string, key: string): ConfigError {
  return new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field: `${field}.${name}`,
    message: `it is given twice (${key} is another name for ${SAME[key] ?? 'it'})`,
    fix: `write ${name} only`,
  });
}
