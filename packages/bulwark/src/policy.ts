import { z } from 'zod';
import type { Mode } from './context.ts';
import { ConfigError } from './errors.ts';
import { modeOf } from './mode.ts';
import { DEFAULTS_DATES, type DefaultsDate, toConfigError } from './options.ts';
import { isLoopbackOrigin, parseOrigin } from './origins.ts';
import { OPT_IN, PRACTICE_IDS, type PracticeId } from './pipeline.ts';
import type { AccessOptions } from './practices/access/index.ts';
import type { ClientOptions, ProxySetting } from './practices/client/index.ts';
import type { CorsOptions } from './practices/cors/index.ts';
import type { CsrfOptions } from './practices/csrf/index.ts';
import type { ErrorsOptions } from './practices/errors/index.ts';
import type { HeadersOptions } from './practices/headers/index.ts';
import type { HttpsOptions } from './practices/https/index.ts';
import type { EjsOptions, InputOptions } from './practices/input/index.ts';
import type { LimitsOptions } from './practices/limits/index.ts';
import type { LoggingOptions } from './practices/logging/index.ts';
import type { PasswordsOptions } from './practices/passwords/index.ts';
import type { RateLimitOptions } from './practices/rate-limit/index.ts';
import type { SecretsOptions } from './practices/secrets/index.ts';
import type { SessionsOptions } from './practices/sessions/index.ts';
import type { TokensOptions } from './practices/tokens/index.ts';
import type { StoresSetting } from './stores/open-stores.ts';

/** The policy key of each practice: its id in camel case. */
export const PRACTICE_KEYS = {
  access: 'access',
  client: 'client',
  cors: 'cors',
  csrf: 'csrf',
  errors: 'errors',
  headers: 'headers',
  https: 'https',
  input: 'input',
  limits: 'limits',
  logging: 'logging',
  passwords: 'passwords',
  'rate-limit': 'rateLimit',
  secrets: 'secrets',
  sessions: 'sessions',
  tokens: 'tokens',
} as const;

/**
 * One policy for the whole app. Only `origins` cannot be guessed.
 *
 * Each practice has a key: an object changes fields of its defaults, `false` turns the practice off (and the coverage
 * and the self-test say so).
 *
 * @example
 * secure(app, {
 *   origins: ['https://shop.example'],
 *   proxy: 'nginx',
 *   rateLimit: { limit: 600, window: '1m' },
 *   monitor: ['csrf'],
 * })
 */
export interface Policy {
  /** Where browsers see this app: exact origins, `https://host[:port]`. Hosts, CSRF, CORS and redirects follow. */
  readonly origins: string | readonly string[];
  /** A dated set of defaults; pin one to keep its behaviour. Default: the newest. */
  readonly defaults?: DefaultsDate;
  /** Default: `production`, unless NODE_ENV is exactly `development` or `test`. */
  readonly mode?: Mode;
  /** Which proxy stands in front: `'none'` (default), a preset, `{ hops }` or `{ cidrs }`. */
  readonly proxy?: ProxySetting;
  /** Practices that report what they would refuse and let it pass; `true` for all: the first day in an old app. */
  readonly monitor?: boolean | readonly PracticeId[];
  /**
   * Where sessions, limits, throttles and what may be used once live. Default: limits in this process; what `sessions` and
   * `tokens` keep in `.bulwark/state.sqlite`, in the folder that the app is started in.
   *
   * @example { redis: 'redis://10.0.0.5:6379' }
   */
  readonly stores?: StoresSetting;
  readonly access?: AccessOptions | false;
  readonly client?: Omit<ClientOptions, 'origins' | 'proxy'> | false;
  readonly cors?: Omit<CorsOptions, 'ownOrigins' | 'stateChanges' | 'reportOnly'> | false;
  readonly csrf?: Omit<CsrfOptions, 'origins'> | false;
  readonly errors?: ErrorsOptions | false;
  readonly headers?: HeadersOptions | false;
  readonly https?: Omit<HttpsOptions, 'origins'> | false;
  readonly input?: (InputOptions & RedirectPolicy & TemplatePolicy) | false;
  readonly limits?: Omit<LimitsOptions, 'proxy'> | false;
  readonly logging?: LoggingOptions | false;
  /** Gives handlers `gate.passwords`: `{}` takes the defaults. Left out, the app has no passwords of its own. */
  readonly passwords?: PasswordsOptions | false;
  readonly rateLimit?: RateLimitOptions | false;
  readonly secrets?: Omit<SecretsOptions, 'reportOnly'> | false;
  /** Gives the app sessions: `{}` takes the defaults. Left out, it has none. */
  readonly sessions?: Omit<SessionsOptions, 'origins'> | false;
  /** Lets callers identify themselves by bearer tokens. Left out, nobody can. */
  readonly tokens?: TokensOptions | false;
}

/** What the policy says of templates, beside the options of `input`. */
export interface TemplatePolicy {
  /** How EJS renders; `false` leaves the app's EJS as Express loads it: `<%-` then writes whatever it is given. */
  readonly templates?: EjsOptions | false;
}

/** What the policy says of redirects, beside the options of `input`. */
export interface RedirectPolicy {
  /** Origins beside `origins` that redirects may lead to, exactly: an identity provider, a payment page. Default: none. */
  readonly redirects?: readonly string[];
}

/** A policy that was read: every decision that does not belong to one practice is made. */
export interface ResolvedPolicy {
  readonly origins: readonly string[];
  readonly defaults: DefaultsDate;
  readonly mode: Mode;
  readonly proxy: ProxySetting;
  readonly monitored: ReadonlySet<PracticeId>;
  readonly off: ReadonlySet<PracticeId>;
  /** Practices that this app does not have, because its policy does not name them. */
  readonly unused: ReadonlySet<PracticeId>;
  /** The policy says how users are known: by `sessions`, `tokens` or `access.identify`. Undecided routes are denied then. */
  readonly knowsUsers: boolean;
  readonly given: Policy;
}

// What lies inside a practice's key is read by the practice itself, with its own schema.
const practice = z.union([z.literal(false), z.looseObject({})]).optional();

const schema: z.ZodType = z.strictObject({
  origins: z.union([z.string(), z.array(z.string()).min(1, 'must name at least one origin')]),
  defaults: z.enum(DEFAULTS_DATES).optional(),
  mode: z.enum(['production', 'development', 'test']).optional(),
  proxy: z.unknown().optional(),
  // Read by openStores, which repeats no value of it: an address may hold a password.
  stores: z.unknown().optional(),
  monitor: z.union([z.boolean(), z.array(z.enum(PRACTICE_IDS))]).optional(),
  ...Object.fromEntries(Object.values(PRACTICE_KEYS).map((key) => [key, practice])),
});

/**
 * Reads a policy: unknown keys, unusable values and contradictions throw here, before a request is served.
 *
 * @throws ConfigError naming the field, what is wrong and the fix
 * @example readPolicy({ origins: ['https://shop.example'] })
 */
export function readPolicy(given: Policy): ResolvedPolicy {
  requireOrigins(given);
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw toConfigError(schema, parsed.error, given, '');
  const mode = given.mode ?? modeOf(process.env.NODE_ENV);
  const list = typeof given.origins === 'string' ? [given.origins] : given.origins;
  const origins = list.map((origin, i) => parseOrigin(origin, `origins[${i}]`));
  const off = new Set(PRACTICE_IDS.filter((id) => given[PRACTICE_KEYS[id]] === false));
  const monitored = new Set(
    given.monitor === true ? PRACTICE_IDS : given.monitor === false ? [] : (given.monitor ?? []),
  );
  const policy: ResolvedPolicy = {
    origins,
    defaults: given.defaults ?? DEFAULTS_DATES[DEFAULTS_DATES.length - 1] ?? '2026-11',
    mode,
    proxy: given.proxy ?? 'none',
    monitored,
    off,
    unused: new Set(OPT_IN.filter((id) => given[PRACTICE_KEYS[id]] === undefined)),
    knowsUsers: knowsUsers(given),
    given,
  };
  refuseContradictions(policy);
  return policy;
}

function knowsUsers({ access = {}, sessions = false, tokens = false }: Policy): boolean {
  return access !== false && (access.identify !== undefined || sessions !== false || tokens !== false);
}

function requireOrigins(given: Policy): void {
  if (typeof given === 'object' && given !== null && given.origins !== undefined) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'origins',
    message: 'the policy does not say where browsers see this app',
    fix: "name it: secure(app, { origins: ['https://shop.example'] })",
  });
}

function refuseContradictions({ origins, mode, given, off }: ResolvedPolicy): void {
  const contradiction = (field: string, message: string, fix: string): ConfigError =>
    new ConfigError('ERR_CONFIG_CONTRADICTION', { field, message, fix });

  const plain = origins.find((origin) => origin.startsWith('http:'));
  if (mode === 'production' && plain !== undefined) {
    throw contradiction(
      `origins[${origins.indexOf(plain)}]`,
      `${plain} is plain HTTP, and this is production`,
      `write https:// there, or run with NODE_ENV=development (or mode: 'development')`,
    );
  }
  const headers = given.headers === false ? undefined : given.headers;
  if (forbidsPasskeys(headers?.permissionsPolicy)) {
    throw contradiction(
      'headers.permissionsPolicy',
      'an empty list for publickey-credentials-get forbids passkeys to every page, your own log-in page too',
      "leave it out (the default is 'self'), although OWASP's strictest header forbids it",
    );
  }
  const csrf = given.csrf === false ? undefined : given.csrf;
  const originOnly =
    csrf?.fetchMetadata === false || origins.some((o) => o.startsWith('http:') && !isLoopbackOrigin(o));
  if (!off.has('csrf') && originOnly && includesNoReferrer(headers?.referrerPolicy)) {
    throw contradiction(
      'headers.referrerPolicy',
      'no-referrer makes browsers send "Origin: null" with forms, and here the Origin header is all that csrf can go by',
      "use 'same-origin' or 'strict-origin-when-cross-origin', or leave csrf.fetchMetadata on and serve over HTTPS",
    );
  }
}

/** Whether a Permissions-Policy forbids `publickey-credentials-get`, in either spelling. */
function forbidsPasskeys(features: unknown): boolean {
  if (typeof features !== 'object' || features === null) return false;
  return Object.entries(features).some(
    ([name, allowed]) =>
      name.replaceAll('-', '').toLowerCase() === 'publickeycredentialsget' &&
      Array.isArray(allowed) &&
      allowed.length === 0,
  );
}

function includesNoReferrer(value: unknown): boolean {
  const policy = typeof value === 'object' && value !== null && 'policy' in value ? value.policy : value;
  return Array.isArray(policy) ? policy.includes('no-referrer') : policy === 'no-referrer';
}
