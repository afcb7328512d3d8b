import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, contextOf, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import { type Decision, type DecisionHandler, decide, decisionsFor, enforceOnce } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { fromExpressRateLimit } from './express-rate-limit.ts';
import { refuseInHandler } from './in-handler.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { DEFAULTS, type LimitOptions, limitSchema, type RateLimitOptions, schema } from './options.ts';
import { giveBack, recordOf, respond } from './record.ts';

export type { MemoryRateLimitOptions, MemoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
export { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
export type { RateLimitResult, RateLimitRule, RateLimitStore } from '../../stores/rate-limit-store.ts';
export type { FallbackOptions } from './fallback.ts';
export { withFallback } from './fallback.ts';
export type {
  AllowedAttempt,
  LoggedIn,
  LoginCheck,
  LoginThrottle,
  RefusedAttempt,
} from './login-throttle/login-throttle.ts';
export { loginThrottle } from './login-throttle/login-throttle.ts';
export type { DelayOptions, LoginThrottleOptions } from './login-throttle/options.ts';
export type { FromRequest, KeyPart, LimitOptions, RateLimitOptions } from './options.ts';

/** What a decision of {@link limit} says of itself. */
export interface LimitValue {
  readonly name: string;
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
  readonly at: 'gate' | 'route';
}

/**
 * Limits how often each client may call; by default 300 requests a minute, all of which may come in one burst.
 *
 * Place it before everything that costs something, body parsers first of all: what it refuses was not parsed, and what
 * the parser refuses was counted. Inside `secure()` it stands there already, and also carries out the {@link limit} of
 * the route before a body is read.
 *
 * @param services - what the gate gives; left out where it is used alone
 * @throws ConfigError for a limit, window or key that would limit nothing, or nobody
 * @see https://cwe.mitre.org/data/definitions/770.html, ASVS 5.0 2.4.1, RFC 6585 section 4
 * @example app.use(rateLimit({ limit: 600, window: '1m' }))
 */
export function rateLimit(options: RateLimitOptions = {}, services: Services = ALONE): Middleware {
  refuseInHandler('rateLimit');
  const resolved = resolveOptions(schema, DEFAULTS, fromExpressRateLimit(options, 'rateLimit'), 'rateLimit');
  requireName(resolved, 'rateLimit');
  const limiter = createLimiter(resolved, 'rateLimit', false, resolved.name ?? 'default', services);

  function rateLimitMiddleware(req: IncomingMessage, res: ServerResponse, next: Next): void {
    recordOf(req).services = services;
    if (contextOf(req).decisions.length === 0) return limiter.enforce(req, res, next);
    let takeBack: (() => void) | undefined;
    let isAnswered = false;
    const done: Next = (error) => {
      takeBack?.();
      next(error);
    };
    limiter.enforce(req, res, (error) => {
      isAnswered = true;
      if (error === undefined) return enforceDecisions(req, res, done);
      // A gate that only reports goes on from here: then the route's limits must not refuse in their places either.
      const context = contextOf(req);
      context.applied ??= new Set();
      for (const decision of gateLimits(req)) context.applied.add(decision);
      done(error);
    });
    if (!isAnswered) takeBack = askAhead(req, gateLimits(req));
  }
  return Object.assign(rateLimitMiddleware, { response: respond });
}

/**
 * Carries out the limits of routes and nothing else: what a gate runs in the place of {@link rateLimit} where that is
 * turned off, so that limits which routes ask for still count before a body is read.
 *
 * @example handlers['rate-limit'] = routeLimits(services)
 */
export function routeLimits(services: Services = ALONE): Middleware {
  function routeLimitsMiddleware(req: IncomingMessage, res: ServerResponse, next: Next): void {
    recordOf(req).services = services;
    enforceDecisions(req, res, next);
  }
  return Object.assign(routeLimitsMiddleware, { response: respond });
}

let unnamed = 0;

/**
 * Limits one route, or several that share the returned handler. It counts by its own name, never by the URL: `/LOGIN`,
 * `/login/`, `//login`, `?x=` and HEAD all draw from the one limit.
 *
 * A login wants two: one by client against guessing, one by account against guessing from many addresses.
 *
 * @throws ConfigError for a limit, window or key that would limit nothing, or nobody; and if it is made while a request
 *   is handled, where each request would get a limit of its own
 * @see https://cwe.mitre.org/data/definitions/307.html, ASVS 5.0 6.3.1
 * @example
 * app.post('/login',
 *   limit({ name: 'login', limit: 10, window: '15m', countOnly: 'failures' }),
 *   limit({ name: 'login-account', limit: 30, window: '1h', key: 'account', account: (req: Request) => req.body?.email }),
 *   login)
 */
export function limit(options: LimitOptions): DecisionHandler {
  refuseInHandler('limit()');
  const resolved = resolveOptions(limitSchema, DEFAULTS, fromExpressRateLimit(options ?? {}, 'limit()'), 'limit()');
  requireName(resolved, 'limit()');
  const limiter = createLimiter(resolved, 'limit()', true, resolved.name ?? `limit-${++unnamed}`);
  const { name, rule, at, summary, enforce, ask } = limiter;
  askers.set(enforce, ask);
  const value: LimitValue = { name, limit: rule.limit, window: rule.window, at };
  return decide({ practice: 'rate-limit', kind: 'requirement', summary, enforce, value });
}

/**
 * Says that this request succeeded: gives back what limits with `countOnly: 'failures'` took for it. For handlers that
 * answer a success with a redirect.
 *
 * It gives back this request's own units and no more, so a guesser cannot clear his count with a login of his own.
 *
 * @returns false if there was nothing to give back
 * @example if (await isPassword(req.body)) { refund(req); res.redirect(303, '/') }
 */
export function refund(req: IncomingMessage): boolean {
  return giveBack(recordOf(req).applied);
}

function gateLimits(req: IncomingMessage): readonly Decision[] {
  return decisionsFor(req, 'rate-limit').filter(
    (decision) => (decision.value as LimitValue | undefined)?.at === 'gate',
  );
}

function enforceDecisions(req: IncomingMessage, res: ServerResponse, next: Next): void {
  const decisions = gateLimits(req);
  let index = 0;
  const takeBack = decisions.length > 1 ? askAhead(req, decisions) : undefined;
  const step: Next = (error) => {
    const decision = error === undefined ? decisions[index++] : undefined;
    if (decision !== undefined) return enforceOnce(decision, req, res, step);
    takeBack?.();
    next(error);
  };
  step();
}

const askers = new WeakMap<Handler, Limiter['ask']>();

/**
 * Asks a shared store for all limits in one tick, so in one round trip. Each is still judged in its turn; what was taken for
 * those that did not get theirs is given back.
 *
 * @returns what gives it back
 */
function askAhead(req: IncomingMessage, decisions: readonly Decision[]): () => void {
  const taken = decisions.flatMap(({ enforce }) => (enforce && askers.get(enforce)?.(req)) ?? []);
  return () => {
    for (const takeBack of taken) takeBack();
  };
}

/** In a store that others use too, two limits of one name would be one. */
function requireName(
  { store, name }: { readonly store: unknown; readonly name: string | undefined },
  field: string,
): void {
  if (store === undefined || name !== undefined) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: `${field}.name`,
    message: 'a limit with a store of its own needs a name: keys in the store begin with it',
    fix: "write name: 'login'",
  });
}
