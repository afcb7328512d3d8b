import type { IncomingMessage } from 'node:http';
import { ConfigError, Refusal } from '../../errors.ts';
import type { SessionHandle } from './handle.ts';
import type { SessionInfo } from './manager.ts';
import type { Session } from './session.ts';
import type { Visit } from './visit.ts';

const VISIT: unique symbol = Symbol.for('bulwark.session') as never;

type Carrier = IncomingMessage & { [VISIT]?: Visit };

// One for all requests: a getter that closed over its request would keep it.
const SESSION: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: Carrier): Session | undefined {
    return this[VISIT]?.handle.open();
  },
  set(this: Carrier, value: unknown) {
    this[VISIT]?.handle.assign(value);
  },
};
const SESSION_ID: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: Carrier): string | undefined {
    return this[VISIT]?.handle.id;
  },
};

/** Gives a request its session. The properties are its own, as those of express-session are: `delete req.session` works. */
export function attach(req: IncomingMessage, visit: Visit): void {
  (req as Carrier)[VISIT] = visit;
  Object.defineProperty(req, 'session', SESSION);
  Object.defineProperty(req, 'sessionID', SESSION_ID);
}

/** The visit that a request is; undefined where it has not passed `sessions`. */
export function visitOf(req: IncomingMessage): Visit | undefined {
  return (req as Carrier)[VISIT];
}

/** The session handle of a request; undefined also where nobody has asked for it and the request names no session. */
export function handleOf(req: IncomingMessage): SessionHandle | undefined {
  return (req as Carrier)[VISIT]?.asked;
}

function needVisit(req: IncomingMessage, what: string): Visit {
  const visit = (req as Carrier)[VISIT];
  if (visit !== undefined) return visit;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: what,
    message: 'this request has no sessions',
    fix: 'add sessions to the policy: secure(app, { origins, sessions: {} }), or app.use(sessions()) before the route',
  });
}

/**
 * `req.session`, with the types of the app's own data.
 *
 * @returns undefined where the session was ended in this request
 * @example const session = sessionOf<{ cart: string[] }>(req)
 */
export function sessionOf<T extends object = Record<string, unknown>>(
  req: IncomingMessage,
): (Session & Partial<T>) | undefined {
  return needVisit(req, 'sessionOf()').handle.open() as (Session & Partial<T>) | undefined;
}

/** How a user has logged in. */
export interface LogInOptions {
  /** What was proven; default `password`. `access.factor()` asks for it by this name. */
  readonly factor?: string;
  /** What to call the device in the list of sessions; default what its user agent says. */
  readonly device?: string;
  /** Keys of the visitor's session that go along: `['cart']`. Default none. */
  readonly keep?: readonly string[];
}

/**
 * Begins a session for a user who has just proven who he is. It has a new id and a new token; the visitor's session ends,
 * so nobody who knew its token is logged in with it.
 *
 * @param user.id - up to 256 characters
 * @throws Refusal `ERR_UNAVAILABLE` where the store is out of reach, `ERR_HTTPS_REQUIRED` where the cookie is Secure and
 *   the request came over plain HTTP (an undeclared proxy: `policy.proxy`); Error where the response has begun
 * @see ASVS 5.0 7.2.4, CWE-384
 * @example await logIn(req, { id: user.id, roles: user.roles })
 */
export async function logIn(
  req: IncomingMessage,
  user: { readonly id: string; readonly roles?: readonly string[] },
  options: LogInOptions = {},
): Promise<void> {
  const { handle } = needVisit(req, 'logIn()');
  if (typeof user?.id !== 'string' || user.id === '' || user.id.length > 256) {
    throw new TypeError('logIn() needs the id of a user: text of 1 to 256 characters');
  }
  requireRoles(user.roles, 'logIn()');
  for (const text of [options.factor, options.device]) {
    if (text !== undefined && typeof text !== 'string') throw new TypeError('logIn() takes text for factor and device');
  }
  await handle.logIn(user, options);
}

/** What is no list of names could be kept, and would be no session when it is read. */
export function requireRoles(roles: unknown, what: string): void {
  if (roles === undefined || (Array.isArray(roles) && roles.every((role) => typeof role === 'string'))) return;
  throw new TypeError(`${what} takes roles as a list of names`);
}

/**
 * Ends the session of this request, at once: no request that is under way brings it back.
 *
 * @see ASVS 5.0 7.4.1, CWE-613
 * @example await logOut(req)
 */
export async function logOut(req: IncomingMessage): Promise<void> {
  await needVisit(req, 'logOut()').handle.destroy();
}

/**
 * Says that the user has just proven a further factor. The token is replaced; the one before sees nothing of it.
 *
 * @throws Refusal `ERR_AUTHENTICATION_REQUIRED` where nobody is logged in
 * @see ASVS 5.0 7.2.4, 7.5.1
 * @example if (await isRightCode(req.body.code)) await proveFactor(req, 'totp')
 */
export async function proveFactor(req: IncomingMessage, factor: string): Promise<void> {
  if (typeof factor !== 'string') throw new TypeError('proveFactor() takes the name of a factor');
  await needVisit(req, 'proveFactor()').handle.reauthenticate((authentication, now) => ({
    ...authentication,
    factors: { ...authentication.factors, [factor]: now },
  }));
}

/**
 * Gives the session other roles. The token is replaced; the one before keeps, for a moment, the roles that it had.
 *
 * @throws Refusal `ERR_AUTHENTICATION_REQUIRED` where nobody is logged in
 * @example await changeRoles(req, ['editor'])
 */
export async function changeRoles(req: IncomingMessage, roles: readonly string[]): Promise<void> {
  requireRoles(roles, 'changeRoles()');
  const kept = [...roles];
  await needVisit(req, 'changeRoles()').handle.reauthenticate((authentication) => ({ ...authentication, roles: kept }));
}

/** The sessions of the user who sent a request. */
export interface OwnSessions {
  list(): Promise<readonly SessionInfo[]>;
  /** Ends one of the user's own; false for any other id. */
  revoke(id: string): Promise<boolean>;
  revokeOthers(): Promise<number>;
  revokeAll(): Promise<number>;
}

/**
 * The sessions of the user who sent this request: for a page of "your devices".
 *
 * @throws Refusal `ERR_AUTHENTICATION_REQUIRED` where nobody is logged in
 * @see ASVS 5.0 7.5.2
 * @example res.render('devices', { sessions: await sessionsOf(req).list() })
 */
export function sessionsOf(req: IncomingMessage): OwnSessions {
  const { handle, manager } = needVisit(req, 'sessionsOf()');
  const user = handle.identity?.id;
  if (user === undefined) throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'nobody is logged in' });
  return {
    list: () => manager.list(user, req),
    async revoke(id) {
      const own = await manager.list(user);
      if (!own.some((session) => session.id === id)) return false;
      return handle.aliveId === id ? handle.destroy().then(() => true) : manager.revoke(id);
    },
    revokeOthers: () => manager.revokeOthers(req),
    async revokeAll() {
      const ended = await manager.revokeAll(user);
      await handle.destroy();
      return ended;
    },
  };
}
