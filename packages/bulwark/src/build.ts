import type { IncomingMessage } from 'node:http';
import type { Handler, Middleware, ResponseHook, Services } from './context.ts';
import { Refusal } from './errors.ts';
import type { EventInput } from './events.ts';
import { ORDER, type PracticeId, type StepId } from './pipeline.ts';
import type { ResolvedPolicy } from './policy.ts';
import { access, type Identify } from './practices/access/index.ts';
import { client, clientOf } from './practices/client/index.ts';
import { type CorsOptions, cors, listedOrigins } from './practices/cors/index.ts';
import { csrf } from './practices/csrf/index.ts';
import type { ErrorHandler } from './practices/errors/index.ts';
import { errors } from './practices/errors/index.ts';
import { collectReports, headers } from './practices/headers/index.ts';
import { https } from './practices/https/index.ts';
import { input, methodGate, type TemplateEngine, urlGate } from './practices/input/index.ts';
import { lazyEjsEngine } from './practices/input/markup/ejs-engine.ts';
import { type RedirectGuard, redirectGuard } from './practices/input/redirect/redirect.ts';
import { limitsSteps } from './practices/limits/index.ts';
import { type LoggingMiddleware, logging } from './practices/logging/index.ts';
import { type Passwords, type PasswordsOptions, passwords } from './practices/passwords/index.ts';
import { rateLimit, routeLimits } from './practices/rate-limit/index.ts';
import { type SecretsReport, secrets } from './practices/secrets/index.ts';
import { type SessionsMiddleware, sessions } from './practices/sessions/index.ts';
import { type TokensMiddleware, type TokensOptions, tokens } from './practices/tokens/index.ts';
import { isPromise } from './stores/maybe-promise.ts';

/** The practices of a policy, ready to be put in order. */
export interface Practices {
  readonly handlers: Readonly<Partial<Record<StepId, Handler>>>;
  /** The hooks of the response gate, in the order of the pipeline. */
  readonly hooks: readonly ResponseHook[];
  /** Absent where `errors` is off: then Express's own handler answers. */
  readonly errors: ErrorHandler | undefined;
  /** Answers at the gate's own addresses: violation reports (`headers`), public keys (`tokens`). */
  readonly endpoints: Handler | undefined;
  /** Whether a cache may keep an answer that says nothing of it itself. */
  readonly mayBeStored: (req: IncomingMessage) => boolean;
  /** Judges the redirects of handlers; absent where `input` is off. */
  readonly redirects: RedirectGuard | undefined;
  /** Absent where it is off. */
  readonly logging: LoggingMiddleware | undefined;
  /** Absent where the policy has none. */
  readonly passwords: Passwords | undefined;
  /** Absent where the policy has none. */
  readonly sessions: SessionsMiddleware | undefined;
  /** Absent where the policy has none. */
  readonly tokens: TokensMiddleware | undefined;
  /** Takes the place of Express's own EJS; absent where `input` or its `templates` are off. */
  readonly viewEngine: TemplateEngine | undefined;
  /** Ends what practices do beside requests. */
  readonly close: () => void;
  /** What `secrets` found in the environment; absent where it is off. */
  readonly secrets: SecretsReport | undefined;
  /** What was seen at construction, where nobody can listen yet. */
  readonly early: readonly EventInput[];
}

/** Makes the practices that are on, each by the factory that works alone too. */
export function buildPractices(policy: ResolvedPolicy, services: Services): Practices {
  const { given, origins, off, monitored } = policy;
  const proxy = policy.proxy;
  const corsOptions: CorsOptions = {
    ...on(given.cors),
    ownOrigins: origins,
    // csrf knows better reasons for refusing a state change, and a route may be exempt from it.
    stateChanges: off.has('csrf') ? 'refuse' : 'leave-to-csrf',
    reportOnly: monitored.has('cors'),
  };
  const early: EventInput[] = [];
  const looking = { ...services, emit: (event: EventInput) => void early.push(event) };
  const found = off.has('secrets')
    ? undefined
    : secrets({ ...on(given.secrets), reportOnly: monitored.has('secrets') }, looking);
  const log = off.has('logging') ? undefined : logging(on(given.logging), services);
  const limiting = off.has('limits')
    ? undefined
    : limitsSteps({ ...on(given.limits), proxy }, services, monitored.has('limits'));
  const trusted = off.has('cors') ? [] : listedOrigins(corsOptions);

  // helmet's place for HSTS; here it belongs to `https`, which knows whether there is TLS.
  const { strictTransportSecurity, hsts, ...headersOptions } = on(given.headers);

  const { templates, redirects: external, ...inputOptions } = on(given.input);
  const redirects = off.has('input')
    ? undefined
    : redirectGuard({ origins, ...(external === undefined ? {} : { external }) }, services);

  const isUsed = (id: PracticeId): boolean => !off.has(id) && !policy.unused.has(id);
  const sessioning = isUsed('sessions') ? sessions({ ...on(given.sessions), origins }, services) : undefined;
  const hashing = isUsed('passwords') ? passwords(namedAfter(origins, on(given.passwords)), services) : undefined;
  const bearing = isUsed('tokens') ? tokens(tokenOptions(policy, sessioning), services) : undefined;

  let mayBeStored: Practices['mayBeStored'] = () => true;
  const made: Record<PracticeId, () => Middleware | undefined> = {
    access: () => access({ ...identifiedBy(bearing, sessioning), ...on(given.access) }, services),
    client: () => client({ ...on(given.client), origins, proxy }, services),
    cors: () => cors(corsOptions, services),
    csrf: () => {
      const options = on(given.csrf);
      const trustedOrigins = [...(options.trustedOrigins ?? []), ...trusted];
      // What every page may read, every page may load.
      const isolateReads = corsOptions.dangerouslyAnyOrigin ? { isolateReads: false } : {};
      return csrf({ ...isolateReads, ...options, origins, trustedOrigins }, services);
    },
    errors: () => undefined,
    headers: () => {
      const options = { ...headersOptions, origins: [...origins], strictTransportSecurity: false as const };
      const practice = headers(monitored.has('headers') ? { ...options, reportOnly: true } : options, services);
      mayBeStored = practice.mayBeStored;
      return practice;
    },
    https: () => {
      const helmets = strictTransportSecurity ?? hsts;
      const own = { ...on(given.https), origins: [...origins] };
      const options = typeof helmets === 'object' || helmets === false ? { hsts: helmets, ...own } : own;
      const practice = https(options, services);
      return monitored.has('https') ? refusingOnly(practice) : practice;
    },
    input: () => input(inputOptions, services),
    limits: () => limiting?.framing,
    logging: () => log,
    passwords: () => undefined,
    'rate-limit': () => rateLimit(on(given.rateLimit), services),
    secrets: () => undefined,
    sessions: () => sessioning,
    tokens: () => bearing,
  };
  // Turned off, the limit of every client is gone; what a route asks for itself still holds.
  const instead: Partial<Record<PracticeId, () => Middleware>> = { 'rate-limit': () => routeLimits(services) };
  const handlers: Partial<Record<StepId, Handler>> = {};
  const hooks: ResponseHook[] = [];
  for (const { step, practice } of ORDER) {
    if (practice === undefined || step !== practice) continue;
    const middleware = off.has(practice) ? instead[practice]?.() : made[practice]();
    if (middleware === undefined) continue;
    handlers[step] = middleware;
    if (middleware.response !== undefined && middleware !== sessioning) hooks.push(middleware.response);
  }
  if (sessioning !== undefined) {
    handlers['session-read'] = sessioning.read;
    // The first of all: the cookie that it sets is guarded by `headers`, and decides over its Cache-Control.
    if (sessioning.response !== undefined) hooks.unshift(sessioning.response);
  }
  if (limiting !== undefined) handlers.shedding = limiting.shedding;
  if (!off.has('input')) handlers['request-line'] = inTurn(methodGate(inputOptions), urlGate(inputOptions));
  if (redirects !== undefined) hooks.push(redirects.response);
  return {
    handlers,
    hooks,
    mayBeStored,
    redirects,
    errors: off.has('errors') ? undefined : errors(on(given.errors), services),
    endpoints: firstOf(off.has('headers') ? undefined : collectReports({ origins }, services), bearing?.endpoint),
    passwords: hashing,
    sessions: sessioning,
    tokens: bearing,
    logging: log,
    viewEngine:
      off.has('input') || templates === false
        ? undefined
        : lazyEjsEngine(templates ?? {}, { ...services, reportOnly: monitored.has('input') }),
    close: () => {
      for (const handler of Object.values(handlers) as Middleware[]) handler.close?.();
      hashing?.close();
    },
    secrets: found,
    early,
  };
}

/** Whom the practices of this policy know: a request with a bearer token is its bearer's, whatever cookies it carries. */
function identifiedBy(...practices: readonly ({ readonly identify: Identify } | undefined)[]): {
  identify?: Identify;
} {
  const ways = practices.flatMap((practice) => (practice === undefined ? [] : [practice.identify]));
  if (ways.length === 0) return {};
  return { identify: (req) => firstKnown(ways, req, 0) };
}

/** Sessions and bearers answer at once; then nothing is waited for. */
function firstKnown(ways: readonly Identify[], req: IncomingMessage, from: number): ReturnType<Identify> {
  for (let i = from; i < ways.length; i++) {
    const found = (ways[i] as Identify)(req);
    if (isPromise(found)) return found.then(async (identity) => identity ?? (await firstKnown(ways, req, i + 1)));
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}

/** Nobody's password may be little more than the name of the host that it is for. */
function namedAfter(origins: readonly string[], options: Partial<PasswordsOptions>): PasswordsOptions {
  const words: unknown = options.words ?? [];
  // What is no list is left to the practice's own schema, which refuses it.
  if (!Array.isArray(words)) return options;
  return { ...options, words: [...(words as string[]), ...origins.map((origin) => new URL(origin).hostname)] };
}

function firstOf(...handlers: readonly (Handler | undefined)[]): Handler | undefined {
  const [first, ...others] = handlers.filter((handler) => handler !== undefined);
  return first === undefined ? undefined : others.reduce(inTurn, first);
}

/** The app is the issuer of its tokens and whom they are for; those of a session end with it. */
function tokenOptions({ given, origins }: ResolvedPolicy, sessioning: SessionsMiddleware | undefined): TokensOptions {
  const [origin = ''] = origins;
  const isSessionAlive = sessioning && ((sid: string) => sessioning.manager.isAlive(sid));
  const own: Partial<TokensOptions> = on(given.tokens);
  const naming = { issuer: own.issuer ?? origin, audience: own.audience ?? origin };
  return { ...(isSessionAlive && { isSessionAlive }), ...own, ...naming };
}

/** The options of a practice that is not turned off. */
function on<T extends object>(given: T | false | undefined): Partial<T> {
  return given === false || given === undefined ? {} : given;
}

function inTurn(first: Handler, second: Handler): Handler {
  return (req, res, next) => first(req, res, (error) => (error === undefined ? second(req, res, next) : next(error)));
}

/** In monitor mode a redirect would be an answer, not a report: every plain request is one that would be refused. */
function refusingOnly(practice: Middleware): Middleware {
  const monitor: Handler = function monitorHttps(req, res, next) {
    if (clientOf(req).protocol === 'https') practice(req, res, next);
    else next(new Refusal('ERR_HTTPS_REQUIRED', { reason: 'the request came over plain HTTP' }));
  };
  return Object.assign(monitor, practice.response === undefined ? {} : { response: practice.response });
}
