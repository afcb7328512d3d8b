import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, type Handler, type Middleware, type Mode, type Next, type Services } from '../../context.ts';
import type { DecisionHandler } from '../../decisions.ts';
import type { Duration } from '../../units.ts';
import { handlerTime, type Priority, priority } from './decisions.ts';
import { framing } from './first-step.ts';
import { type LimitsOptions, resolveLimits } from './options.ts';
import { shedding } from './shedding.ts';

export type { Priority } from './decisions.ts';
export type { LimitsOptions } from './options.ts';
export type { PressureOptions, PressureSample } from './pressure-options.ts';
export { applyToServer, type LimitedServerOptions, serverOptions } from './server.ts';

/** The factory of the practice, and the decisions that a route can take. */
export interface Limits {
  /**
   * Limits of the server as a whole: time, connections, headers, requests in flight; it sheds load under pressure, and
   * refuses messages with an ambiguous framing.
   *
   * The middleware puts the limits on the server that it runs in when it first sees it. That is too late for
   * `connectionsCheckingInterval`, and for connections that were there before: make the server with {@link serverOptions}
   * or hand it to {@link applyToServer}. ASVS 4.2.1, 13.1.2, 15.2.2; CWE-400, CWE-444, CWE-770.
   *
   * @param options - see {@link LimitsOptions}
   * @throws ConfigError for options that it cannot have
   * @example
   * app.use(limits())
   * applyToServer(createServer(serverOptions(), app)).listen(8080)
   */
  (options?: LimitsOptions, services?: Services): Middleware;
  /**
   * How long this route may take to send the head of its answer, in place of `handlerTimeout`.
   *
   * @throws ConfigError `ERR_CONFIG_VALUE` for what is no duration
   * @example app.get('/report', limits.handlerTime('5m'), handler)
   */
  handlerTime(time: Duration): DecisionHandler;
  /**
   * What becomes of this route under pressure: `essential` is never shed (health checks), `low` is shed first, whatever
   * its method. The reason is shown in the coverage.
   *
   * @throws ConfigError `ERR_CONFIG_VALUE` for another word, or without a reason
   * @example app.get('/healthz', limits.priority('essential', { reason: 'the load balancer asks' }), handler)
   */
  priority(priority: Priority, options: { readonly reason: string }): DecisionHandler;
}

function createLimits(options: LimitsOptions = {}, services: Services = ALONE): Middleware {
  const steps = limitsSteps(options, services);

  function limits(req: IncomingMessage, res: ServerResponse, next: Next): void {
    steps.framing(req, res, (error) => {
      if (error === undefined) steps.shedding(req, res, next);
      else next(error);
    });
  }
  return Object.assign(limits, { close: steps.shedding.close });
}

/** Time, connections, headers, requests in flight and load; see {@link Limits}. */
export const limits: Limits = Object.assign(createLimits, { handlerTime, priority });

/**
 * The practice in its two parts, for a gate: what needs no look at the request's meaning stands first, what counts clients
 * and asks the route stands behind the look-up.
 *
 * @param reportOnly - the gate only reports: what it would refuse by itself is not closed either
 * @throws ConfigError for options that it cannot have
 */
export function limitsSteps(
  options: LimitsOptions,
  services: Services,
  reportOnly = false,
): { readonly framing: Handler; readonly shedding: ReturnType<typeof shedding> } {
  const resolved = resolveLimits(forMode(options, services.mode));
  return { framing: framing(resolved, services, reportOnly), shedding: shedding(resolved, services) };
}

/** Outside production a breakpoint, a compiler in the same process or a slow machine of tests is no reason to refuse anybody. */
function forMode(options: LimitsOptions, mode: Mode): LimitsOptions {
  const { pressure } = options;
  if (mode === 'production' || pressure === false) return options;
  return { ...options, pressure: { maxEventLoopDelay: '5s', ...pressure } };
}
