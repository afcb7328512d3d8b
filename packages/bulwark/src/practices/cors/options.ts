import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { parseOrigin } from '../../origins.ts';
import { type Duration, parseDuration } from '../../units.ts';
import { type OriginSetting, readOriginSetting } from './origin-setting.ts';

/** Options of the `cors` practice. The names are those of the cors package where it has them. */
export interface CorsOptions {
  /**
   * Foreign origins whose pages may read this app's answers, each as `scheme://host[:port]`. Default: none.
   *
   * Compared as whole strings: no pattern, no function, no `'*'`, no `'null'`.
   */
  readonly origins?: readonly string[];
  /** The same under the cors package's name; one origin or a list. */
  readonly origin?: string | readonly string[];
  /** The app's own origins, which are always allowed. `secure()` gives them; alone: the origin of the request's host. */
  readonly ownOrigins?: readonly string[];
  /**
   * Lets every page on the web read every answer, never with cookies. Default `false`. Prefer
   * `cors.allow({ dangerouslyAnyOrigin: true })` on the route that is public.
   */
  readonly dangerouslyAnyOrigin?: boolean;
  /** Methods that foreign origins may use; a list or comma-separated. Default GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: string | readonly string[];
  /**
   * Request headers that foreign origins may send, beside those that need no leave.
   * Default Content-Type, Authorization, X-Requested-With, If-Match, If-None-Match.
   */
  readonly allowedHeaders?: string | readonly string[];
  /** Response headers that foreign pages may read. Default RateLimit, RateLimit-Policy, Retry-After, X-Request-Id. */
  readonly exposedHeaders?: string | readonly string[];
  /** Whether allowed origins may send cookies and read the answers. Default `false`. */
  readonly credentials?: boolean;
  /** How long a browser may remember a preflight: **seconds**, as in the header, or text such as `'10m'`. Default 600. */
  readonly maxAge?: Duration;
  /** Status of a preflight's answer. Default 204. */
  readonly optionsSuccessStatus?: 200 | 204;
  /** Known from the cors package; only `false` is possible, since a preflight must not reach the app. */
  readonly preflightContinue?: false;
  /**
   * Who refuses a foreign page's POST, PUT, PATCH, DELETE: `'refuse'` (default) does it here; `'leave-to-csrf'` is what
   * `secure()` gives when the csrf practice stands behind and knows the reasons better.
   */
  readonly stateChanges?: 'refuse' | 'leave-to-csrf';
  /** Judges, but answers no preflight and takes no header away: given by `secure()` in monitor mode. Default `false`. */
  readonly reportOnly?: boolean;
}

/** The options with every default in place, as written. */
export interface ResolvedCorsOptions {
  readonly origins: unknown;
  readonly origin: unknown;
  readonly ownOrigins: readonly string[] | undefined;
  readonly dangerouslyAnyOrigin: boolean;
  readonly methods: string | readonly string[];
  readonly allowedHeaders: string | readonly string[];
  readonly exposedHeaders: string | readonly string[];
  readonly credentials: boolean;
  readonly maxAge: Duration;
  readonly optionsSuccessStatus: 200 | 204;
  readonly preflightContinue: false;
  readonly stateChanges: 'refuse' | 'leave-to-csrf';
  readonly reportOnly: boolean;
}

const list = z.union([z.string(), z.array(z.string())]);

// Origins are read by hand: what people write there instead of origins deserves better words than a type mismatch.
export const schema: z.ZodType = z.strictObject({
  origins: z.unknown().optional(),
  origin: z.unknown().optional(),
  ownOrigins: z.array(z.string()).min(1).optional(),
  dangerouslyAnyOrigin: z.boolean().optional(),
  methods: list.optional(),
  allowedHeaders: list.optional(),
  exposedHeaders: list.optional(),
  credentials: z.boolean().optional(),
  maxAge: z.union([z.int().min(0), z.string()]).optional(),
  optionsSuccessStatus: z.union([z.literal(200), z.literal(204)]).optional(),
  preflightContinue: z.literal(false, 'a preflight must not reach the app; the policy answers it').optional(),
  stateChanges: z.enum(['refuse', 'leave-to-csrf']).optional(),
  reportOnly: z.boolean().optional(),
});

export const DEFAULTS: ResolvedCorsOptions = {
  origins: undefined,
  origin: undefined,
  ownOrigins: undefined,
  dangerouslyAnyOrigin: false,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['Content-Type', 'Authorization', 'X-Requested-With', 'If-Match', 'If-None-Match'],
  exposedHeaders: ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
  credentials: false,
  maxAge: 600,
  optionsSuccessStatus: 204,
  preflightContinue: false,
  stateChanges: 'refuse',
  reportOnly: false,
};

/** The policy as the middleware reads it: nothing is left to be computed per request. */
export interface CorsPolicy {
  readonly own: ReadonlySet<string> | undefined;
  readonly setting: OriginSetting;
  readonly methods: ReadonlySet<string>;
  /** In lower case. */
  readonly allowedHeaders: ReadonlySet<string>;
  readonly exposedHeaders: readonly string[];
  /** The headers of an allowed preflight's answer that do not depend on the request. */
  readonly preflightHeaders: readonly (readonly [name: string, value: string])[];
  readonly preflightStatus: 200 | 204;
  readonly leavesStateChanges: boolean;
  readonly reportOnly: boolean;
}

/** Reads the options; throws ConfigError naming the field and what to write. */
export function readPolicy(given: CorsOptions): CorsPolicy {
  const options = resolveOptions(schema, DEFAULTS, given, 'cors');
  const methods = readNames(options.methods, 'cors.methods').map((name) => name.toUpperCase());
  const forbidden = methods.find((method) => ['CONNECT', 'TRACE', 'TRACK'].includes(method));
  if (forbidden !== undefined) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'cors.methods',
      message: `no page can send ${forbidden}`,
      fix: 'remove it',
    });
  }
  const allowedHeaders = readNames(options.allowedHeaders, 'cors.allowedHeaders');
  return {
    own: options.ownOrigins && new Set(options.ownOrigins.map((own, i) => parseOrigin(own, `cors.ownOrigins[${i}]`))),
    setting: readOriginSetting(options, 'cors'),
    methods: new Set(methods),
    allowedHeaders: new Set(allowedHeaders.map((name) => name.toLowerCase())),
    exposedHeaders: readNames(options.exposedHeaders, 'cors.exposedHeaders'),
    preflightHeaders: [
      ['Access-Control-Allow-Methods', methods.join(', ')],
      ['Access-Control-Allow-Headers', allowedHeaders.join(', ')],
      ['Access-Control-Max-Age', String(readSeconds(options.maxAge))],
    ],
    preflightStatus: options.optionsSuccessStatus,
    leavesStateChanges: options.stateChanges === 'leave-to-csrf',
    reportOnly: options.reportOnly,
  };
}

/** The cors package and the header count in seconds, so a bare number does too. */
function readSeconds(value: Duration): number {
  return typeof value === 'number' ? value : Math.floor(parseDuration(value, 'cors.maxAge') / 1000);
}

const TOKEN = /^[!#$%&'+.^_`|~0-9A-Za-z-]+$/;

/** Names of methods or headers; `*` is refused, for it would open what nobody has thought of. */
function readNames(value: string | readonly string[], field: string): string[] {
  const names = (typeof value === 'string' ? value.split(',') : value).map((name) => name.trim());
  const wrong = names.findIndex((name) => !TOKEN.test(name));
  if (wrong === -1 || (typeof value === 'string' && value.trim() === '')) return wrong === -1 ? names : [];
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: typeof value === 'string' ? field : `${field}[${wrong}]`,
    message: `${JSON.stringify(names[wrong])} is not a name`,
    fix: 'list the names in full, without wildcards',
  });
}
