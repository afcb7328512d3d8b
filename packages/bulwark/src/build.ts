import type { ErrorHandler } from './practices/errors/index.ts';
import type { Handler, Middleware, ResponseHook, Services } from './context.ts';
import type { SecurityEvent } from './events.ts';
import { ORDER, type PracticeId, type StepId } from './pipeline.ts';
import type { ResolvedPolicy } from './policy.ts';
import { access } from './practices/access/index.ts';
import { client } from './practices/client/index.ts';
import { type CorsOptions, cors, listedOrigins } from './practices/cors/index.ts';
import { csrf } from './practices/csrf/index.ts';
import { errors } from './practices/errors/index.ts';
import { collectReports, headers } from './practices/headers/index.ts';
import { https } from './practices/https/index.ts';
import { input, methodGate } from './practices/input/index.ts';
import { limits } from './practices/limits/index.ts';
import { logging } from './practices/logging/index.ts';
import { rateLimit } from './practices/rate-limit/index.ts';

/** The practices of a policy, ready to be put in order. */
export interface Practices {
  readonly handlers: Readonly<Partial<Record<StepId, Handler>>>;
  /** The hooks of the response gate, in the order of the pipeline. */
  readonly hooks: readonly ResponseHook[];
  /** Absent where `errors` is off: then Express's own handler answers. */
  readonly errors: ErrorHandler | undefined;
  /** Takes violation reports; absent where `headers` is off. */
  readonly collectReports: Handler | undefined;
  readonly logEvent: ((event: SecurityEvent) => void) | undefined;
}

/** Makes the practices that are on, each by the factory that works alone too. */
export function buildPractices(policy: ResolvedPolicy, services: Services): Practices {
  const { given, origins, off, monitored } = policy;
  const proxy = policy.proxy;
  const corsOptions: CorsOptions = {
    ...(given.cors || {}),
    ownOrigins: origins,
    // csrf knows better reasons for refusing a state change, and a route may be exempt from it.
    stateChanges: off.has('csrf') ? 'refuse' : 'leave-to-csrf',
    reportOnly: monitored.has('cors'),
  };
  const log = off.has('logging') ? undefined : logging(given.logging || {}, services);
  const trusted = off.has('cors') ? [] : listedOrigins(corsOptions);

  const made: Record<PracticeId, () => Middleware | undefined> = {
    access: () => access(given.access || {}, services),
    client: () => client({ ...(given.client || {}), origins, proxy }, services),
    cors: () => cors(corsOptions, services),
    csrf: () => {
      const options = given.csrf || {};
      return csrf({ ...options, origins, trustedOrigins: [...(options.trustedOrigins ?? []), ...trusted] }, services);
    },
    errors: () => undefined,
    headers: () =>
      headers({ ...(given.headers || {}), origins, strictTransportSecurity: false, ...reportOnly(monitored) }, services),
    https: () => https({ ...(given.https || {}), origins }, services),
    input: () => input(given.input || {}, services),
    limits: () => limits(given.limits || {}, services),
    logging: () => log,
    'rate-limit': () => rateLimit(given.rateLimit || {}, services),
  };
  const handlers: Partial<Record<StepId, Handler>> = {};
  const hooks: ResponseHook[] = [];
  for (const { step, practice } of ORDER) {
    if (practice === undefined || step !== practice || off.has(practice)) continue;
    const middleware = made[practice]();
    if (middleware === undefined) continue;
    handlers[step] = middleware;
    if (middleware.response !== undefined) hooks.push(middleware.response);
  }
  if (!off.has('input')) handlers.methods = methodGate(given.input || {});
  return {
    handlers,
    hooks,
    errors: off.has('errors') ? undefined : errors(given.errors || {}, services),
    collectReports: off.has('headers') ? undefined : collectReports({ origins }, services),
    logEvent: log?.logEvent,
  };
}

function reportOnly(monitored: ReadonlySet<PracticeId>): { reportOnly?: true } {
  return monitored.has('headers') ? { reportOnly: true } : {};
}
