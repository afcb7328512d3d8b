import { ConfigError } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { isPlainObject } from '../../../options.ts';
import { guardRecords } from '../../../stores/guard.ts';
import type { PreviousSessionsOptions } from './previous.ts';
import { fromExpressSessionStore } from './store.ts';
import type { ExpressSessionStore } from './store-call.ts';

/** What the options of express-session are called, where they have another name here or none. */
export interface ExpressSessionNames {
  /** Beside `secret` the name of the old cookie, else `cookie.name`. */
  readonly name?: string;
  /** An older word for `name`. */
  readonly key?: string;
  /** Takes over the sessions that are in `store`, a Store of express-session; new ones are not signed. */
  readonly secret?: PreviousSessionsOptions['secret'];
  readonly resave?: false;
  readonly saveUninitialized?: false;
  readonly rolling?: boolean;
  readonly unset?: 'destroy';
}

/** The same of `cookie`. */
export interface ExpressSessionCookieNames {
  /** Milliseconds: the idle time, in a cookie that outlives the browser. */
  readonly maxAge?: number | null;
  readonly httpOnly?: true;
  readonly secure?: true | 'auto';
  readonly path?: '/';
}

/** Settings that ask for what is done anyway: taken with these values, and dropped. */
const DONE_ANYWAY: Readonly<Record<string, readonly unknown[]>> = {
  resave: [false],
  saveUninitialized: [false],
  unset: ['destroy'],
  rolling: [true, false],
};

/** The others of express-session, and what to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  resave: 'a session is written when it was changed, and never over what another request has changed; write false',
  saveUninitialized:
    'a session begins when something is written to it: a record and a cookie for each visitor fill the store, and a cookie may need consent; write false, and write to req.session where a session shall begin',
  unset: 'req.session = null ends the session; write "destroy", or leave it out',
  proxy: 'say which proxies there are in policy.proxy, or in the options of client()',
  genid: 'ids are random, and no secret: the cookie holds a token of 256 bits; remove it',
};

/** The same for `cookie`. */
const COOKIE_DONE_ANYWAY: Readonly<Record<string, readonly unknown[]>> = {
  httpOnly: [true],
  secure: [true, 'auto'],
  path: ['/'],
  expires: [null],
};

const COOKIE_INSTEAD: Readonly<Record<string, string>> = {
  httpOnly: 'no script may read the token of a session; remove it',
  secure: 'the token is sent over TLS only; remove it, and see policy.mode for development without TLS',
  path: 'the cookie is __Host-, which has the path / only; remove it',
  domain: 'the cookie is __Host-, so that no sibling host can set one; remove it',
  priority: 'it is no standard; remove it',
  expires: 'one moment for all sessions is none that can be meant; write maxAge',
};

/**
 * Understands the options of express-session: what is done anyway is dropped, what means the same is renamed, the rest is
 * refused with a sentence that says what to write instead. Options of Bulwark itself pass unchanged.
 *
 * A Store of express-session is wrapped by {@link fromExpressSessionStore}. A `secret` beside one is not needed for new
 * sessions: it is used to take over those that the Store still has, so nobody is logged out.
 *
 * @throws ConfigError `ERR_CONFIG_UNKNOWN_KEY` for what has no equal, `ERR_CONFIG_CONTRADICTION` for what is given twice
 * @example
 * fromExpressSession({ resave: false, saveUninitialized: false, cookie: { maxAge: 3_600_000 } }, 'sessions')
 * // { idle: 3600000, cookie: { persistent: true } }
 */
export function fromExpressSession(given: unknown, field: string, emit?: Emit): unknown {
  if (!isPlainObject(given)) return given;
  const { name, key, secret, store, cookie, ...rest } = given;
  if (key !== undefined && name !== undefined) throw twice(field, 'name', 'key');
  const options = without(rest, field, DONE_ANYWAY, INSTEAD);
  const theirs = isTheirStore(store) ? store : undefined;
  if (store !== undefined) options.store = theirs === undefined ? store : wrapped(theirs, emit);
  const cookieName = name ?? key;
  const settings = cookieOf(cookie, field);
  if (isPlainObject(settings)) {
    if (cookieName !== undefined && settings.name !== undefined) throw twice(field, 'cookie.name', 'name');
    const { maxAge, ...others } = settings;
    if (typeof maxAge === 'number') lasting(options, others, maxAge, field);
    // Beside a secret the name is that of a signed cookie: the new one is another, of a name that no sibling host can set.
    if (cookieName !== undefined && secret === undefined) others.name = cookieName;
    if (Object.keys(others).length > 0) options.cookie = others;
  } else {
    options.cookie = settings;
  }
  if (secret !== undefined) {
    if (theirs === undefined) throw needlessSecret(field);
    if (options.previous !== undefined) throw twice(field, 'previous', 'secret');
    options.previous = {
      secret: secret as PreviousSessionsOptions['secret'],
      store: theirs,
      ...(typeof cookieName === 'string' ? { name: cookieName } : {}),
    } satisfies PreviousSessionsOptions;
  }
  return options;
}

const DAY = 86_400_000;

/** There, a session lasts for `maxAge` without a request, and for ever with them. */
function lasting(
  options: Record<string, unknown>,
  cookie: Record<string, unknown>,
  maxAge: number,
  field: string,
): void {
  if (options.idle !== undefined) throw twice(field, 'idle', 'cookie.maxAge');
  options.idle = maxAge;
  options.absolute ??= Math.max(maxAge, DAY);
  cookie.persistent ??= true;
}

function cookieOf(cookie: unknown, field: string): unknown {
  if (cookie === undefined) return {};
  if (typeof cookie === 'function')
    throw unknown(`${field}.cookie`, 'options per request are not taken: write an object');
  if (!isPlainObject(cookie)) return cookie;
  const { sameSite, maxAge, ...rest } = cookie;
  const options = without(rest, `${field}.cookie`, COOKIE_DONE_ANYWAY, COOKIE_INSTEAD);
  if (sameSite === true) options.sameSite = 'strict';
  else if (sameSite === false) throw unknown(`${field}.cookie.sameSite`, "write 'lax', 'strict' or 'none'");
  else if (sameSite !== undefined && sameSite !== 'auto') options.sameSite = sameSite;
  if (maxAge === undefined || maxAge === null) return options;
  if (!(Number.isSafeInteger(maxAge) && Number(maxAge) >= 1)) {
    throw unknown(`${field}.cookie.maxAge`, 'write milliseconds, as a whole number from 1');
  }
  return { ...options, maxAge };
}

function without(
  given: Readonly<Record<string, unknown>>,
  field: string,
  doneAnyway: Readonly<Record<string, readonly unknown[]>>,
  instead: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || doneAnyway[key]?.includes(value)) continue;
    const fix = instead[key];
    if (fix !== undefined) throw unknown(`${field}.${key}`, fix);
    options[key] = value;
  }
  return options;
}

/** One of Bulwark's own knows `insert`; one that knows neither is refused where the options are checked. */
function isTheirStore(store: unknown): store is ExpressSessionStore {
  const { insert, set, destroy } = (store ?? {}) as Readonly<Record<string, unknown>>;
  return insert === undefined && typeof set === 'function' && typeof destroy === 'function';
}

function wrapped(store: ExpressSessionStore, emit: Emit | undefined): unknown {
  const services = emit === undefined ? {} : { emit };
  const records = fromExpressSessionStore(store, services);
  // Out of reach it is left alone: no request waits for it then, and each that needs a session is told to come again.
  const guarded = guardRecords(records, emit === undefined ? undefined : { emit });
  return Object.assign(guarded, { guarantees: records.guarantees });
}

function unknown(field: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field,
    message: 'this setting of express-session does not exist here, or not with this value',
    fix,
  });
}

function needlessSecret(field: string): ConfigError {
  return new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field: `${field}.secret`,
    message: 'there is nothing to sign: the cookie holds a random token of 256 bits, of which the store has a digest',
    fix: 'remove it; to take over sessions of express-session write previous: { secret, store }, with its store',
  });
}

function twice(field: string, name: string, key: string): ConfigError {
  return new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field: `${field}.${name}`,
    message: `it is given twice (${key} stands for it)`,
    fix: `write ${name} only`,
  });
}
