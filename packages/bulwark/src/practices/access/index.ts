import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Middleware, type Next, type Services } from '../../context.ts';
import {
  type Decision,
  type DecisionHandler,
  decide,
  decisionsFor,
  enforceOnce,
  requireReason,
} from '../../decisions.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { isPromise } from '../../stores/maybe-promise.ts';
import { type Duration, parseDuration } from '../../units.ts';
import { type AccessOptions, DEFAULTS, type Identity, type ResolvedAccessOptions, schema } from './options.ts';

export type { AccessOptions, Identify, Identity } from './options.ts';

/** The factory of the practice, and the decisions that a route can take. */
export interface Access {
  /**
   * Deny by default: carries out what the routes say of who may call them.
   *
   * @throws ConfigError for options that it cannot have
   * @example secure(app, { origins, access: { identify: (req) => sessionUser(req) } })
   */
  (options?: AccessOptions, services?: Services): Middleware;
  /**
   * Anyone may call this route; the reason is shown in the coverage.
   *
   * @example app.get('/', access.public('the home page'), handler)
   */
  public(reason: string): DecisionHandler;
  /**
   * A user must be logged in (401 otherwise).
   *
   * @example app.get('/account', access.authenticated(), handler)
   */
  authenticated(): DecisionHandler;
  /**
   * The user must have this role, or one of several (401 for strangers, 403 for others). ASVS 8.2.1, CWE-862.
   *
   * @example app.delete('/users/:id', access.role('admin'), handler)
   */
  role(...roles: [string, ...string[]]): DecisionHandler;
  /**
   * The user must have proven a factor not longer ago than `within`; `'any'` takes any factor. ASVS 7.5.1.
   *
   * @example app.post('/keys', access.factor('totp', { within: '10m' }), handler)
   */
  factor(name: string, options: { within: Duration }): DecisionHandler;
  /**
   * A credential that is limited to scopes (an API key, a token with a scope) must have this one, or one of several; what is
   * not limited passes. Without it, limited credentials are refused wherever a user is demanded. ASVS 8.2.1, RFC 6750 3.1.
   *
   * Alone, put it before the route's other decisions: they refuse a limited credential while no scope was named.
   *
   * @example app.get('/orders', access.scope('orders:read'), handler)
   */
  scope(...scopes: [string, ...string[]]): DecisionHandler;
}

const UNDECIDED =
  'this address has no access decision, and the policy denies those: ' +
  "say who may call it, access.public('why') or access.authenticated() in its route";

/** What a decision demands of an identity: nothing to say means yes. */
type Demand = (identity: Identity, now: number) => string | undefined;

function createAccess(options: AccessOptions = {}): Middleware {
  const { identify, undecided }: ResolvedAccessOptions = resolveOptions(schema, DEFAULTS, options, 'access');
  const rule = undecidedRule(options);

  function access(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const decisions = decisionsFor(req, 'access');
    const { gate, route, url } = contextOf(req);
    // Direction: open, where it is used alone and nobody asked for `deny`. Reason: nobody knows the route yet, and to deny
    // would be to deny all. Mitigation: decisions are carried out where they stand; in `secure()` the gate knows the route.
    const goesOn = rule === 'allow' || (gate === undefined && undecided === undefined);
    // A demand behind all that could answer comes too late, where it is carried out in passing.
    const isTooLate = identify === undefined && route === undefined && gate?.isExposed(url) === true;
    if ((decisions.length === 0 || isTooLate) && !goesOn) {
      return next(gate?.unserved(req) ?? new Refusal('ERR_ACCESS_DENIED', { reason: UNDECIDED }));
    }
    // Without `identify`, users become known further on (passport and the like): the decisions stand in the routes.
    const isOpen = gate !== undefined && decisions.every((decision) => decision.enforce === undefined);
    if (identify === undefined || isOpen) return next();
    const fail = (error: unknown): void => next(error ?? new Error('access.identify failed, and did not say why'));
    const take = (identity: unknown): void => {
      (req as WithIdentity)[IDENTITY] = { identity: readIdentity(identity) };
    };
    let found: ReturnType<typeof identify>;
    try {
      found = identify(req);
      if (!isPromise(found)) take(found);
    } catch (error) {
      return fail(error);
    }
    if (!isPromise(found)) return enforceAll(decisions, 0, req, res, next);
    found
      .then((identity) => {
        take(identity);
        enforceAll(decisions, 0, req, res, next);
      })
      .then(undefined, fail);
  }
  return access;
}

function enforceAll(
  decisions: readonly Decision[],
  from: number,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next,
): void {
  const decision = decisions[from];
  if (decision === undefined) return next();
  enforceOnce(decision, req, res, (error) =>
    error === undefined ? enforceAll(decisions, from + 1, req, res, next) : next(error),
  );
}

/** What a decision of `access.scope()` says of itself. */
const SCOPED = Symbol('bulwark.scoped');

function demand(summary: string, check: Demand, value?: typeof SCOPED): DecisionHandler {
  const enforce = function enforceAccess(req: IncomingMessage, _res: ServerResponse, next: Next): void {
    const identity = identityOf(req);
    if (identity === undefined) {
      return next(new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'this resource is for known users' }));
    }
    // A key that may read orders must not close an account because the route asks for no more than its owner.
    if (value !== SCOPED && identity.scopes !== undefined && !isScoped(req)) {
      return next(new Refusal('ERR_ACCESS_DENIED', { reason: UNSCOPED, headers: INSUFFICIENT }));
    }
    const objection = check(identity, Date.now());
    if (objection === undefined) return next();
    next(new Refusal('ERR_ACCESS_DENIED', { reason: objection, headers: value === SCOPED ? INSUFFICIENT : {} }));
  };
  return decide({ practice: 'access', kind: 'requirement', summary, enforce, ...(value && { value }) });
}

const UNSCOPED = 'what this credential is limited to does not reach here';
/** RFC 6750 3.1. */
const INSUFFICIENT = { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' };

function isScoped(req: IncomingMessage): boolean {
  return decisionsFor(req, 'access').some(({ value }) => value === SCOPED);
}

/**
 * A user as decisions may rely on one, or nobody. What is no user and not nothing is a bug of `identify`, and no reason to
 * let anybody in: it ends in 500.
 */
function readIdentity(found: unknown): Identity | undefined {
  // What look-ups return for nobody: undefined, null, false, ''.
  if (!found) return undefined;
  if (typeof found !== 'object') throw malformed('a user');
  const { id, roles, factors, scopes } = found as Partial<Record<keyof Identity, unknown>>;
  if (!isId(id)) throw malformed('a user with an id');
  if (roles !== undefined && !isNames(roles)) throw malformed('roles as a list of names');
  if (scopes !== undefined && !isNames(scopes)) throw malformed('scopes as a list of names');
  if (factors !== undefined && (typeof factors !== 'object' || factors === null)) throw malformed('factors by name');
  return {
    ...found,
    id: String(id),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(factors === undefined ? {} : { factors: { ...(factors as Record<string, number>) } }),
  };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function isId(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isSafeInteger(value));
}

function malformed(expected: string): TypeError {
  return new TypeError(`access.identify did not return ${expected}: see Identity`);
}

const IDENTITY = Symbol('bulwark.identity');
type WithIdentity = IncomingMessage & { [IDENTITY]?: { identity: Identity | undefined }; user?: unknown };

/**
 * The user of a request: what `identify` found, else `req.user` as passport sets it.
 *
 * @example const user = identityOf(req)
 */
export function identityOf(req: IncomingMessage): Identity | undefined {
  const carrier = req as WithIdentity;
  const known = carrier[IDENTITY];
  if (known !== undefined) return known.identity;
  const user = carrier.user as Record<string, unknown> | undefined | null;
  if (typeof user !== 'object' || user === null) return undefined;
  const id = [user.id, user.sub, user._id].find(isId);
  if (id === undefined) return undefined;
  const roles = Array.isArray(user.roles) ? user.roles : typeof user.role === 'string' ? [user.role] : [];
  return { id: String(id), roles: roles.filter((role): role is string => typeof role === 'string') };
}

/** What happens to a route without a decision. */
export type UndecidedRule = 'deny' | 'allow' | 'refuse-to-start';

/** The rule of these options: once users can be known, a route that says nothing is denied. */
export function undecidedRule(
  options: AccessOptions | false = {},
  knowsUsers: boolean = options !== false && options.identify !== undefined,
): UndecidedRule {
  if (options === false) return 'allow';
  return options.undecided ?? (knowsUsers ? 'deny' : 'allow');
}

/** Whether a decision list says who may call: the coverage and `refuse-to-start` ask. */
export function isDecided(decisions: readonly Decision[]): boolean {
  return decisions.some((decision) => decision.practice === 'access');
}

function requireName(value: unknown, field: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${JSON.stringify(value) ?? String(value)} is not a name`,
    fix: "write a non-empty string, such as 'admin'",
  });
}

/** Who may call which route; see {@link Access}. */
export const access: Access = Object.assign(createAccess, {
  public(reason: string): DecisionHandler {
    const why = requireReason(reason, 'access.public()');
    return decide({ practice: 'access', kind: 'exemption', summary: 'public', reason: why });
  },
  authenticated(): DecisionHandler {
    return demand('authenticated', () => undefined);
  },
  role(...roles: [string, ...string[]]): DecisionHandler {
    if (roles.length === 0) requireName(undefined, 'access.role()');
    for (const role of roles) requireName(role, 'access.role()');
    const wanted = new Set(roles);
    return demand(`role ${roles.join(' or ')}`, (identity) =>
      identity.roles?.some((role) => wanted.has(role)) ? undefined : 'this needs a role that you do not have',
    );
  },
  factor(name: string, options: { within: Duration }): DecisionHandler {
    requireName(name, 'access.factor()');
    const within = parseDuration(options?.within, 'access.factor().within');
    return demand(`factor ${name} within ${options.within}`, (identity, now) => {
      const proven = Object.entries(identity.factors ?? {}).some(
        ([factor, at]) =>
          (name === 'any' || factor === name) && typeof at === 'number' && now - at <= within && at <= now,
      );
      return proven ? undefined : 'this needs a fresh proof of who you are';
    });
  },
  scope(...scopes: [string, ...string[]]): DecisionHandler {
    if (scopes.length === 0) requireName(undefined, 'access.scope()');
    for (const scope of scopes) requireName(scope, 'access.scope()');
    const wanted = new Set(scopes);
    return demand(
      `scope ${scopes.join(' or ')}`,
      (identity) =>
        identity.scopes === undefined || identity.scopes.some((scope) => wanted.has(scope)) ? undefined : UNSCOPED,
      SCOPED,
    );
  },
});
