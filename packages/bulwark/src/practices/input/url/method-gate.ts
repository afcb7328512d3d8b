import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Middleware, Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import { type InputOptions, resolveInput } from '../options.ts';

/**
 * Refuses methods that no route may have: 405 with `Allow`. It needs no other practice, so it can stand in front of
 * everything. `app.all()` and `app.use()` answer TRACE like any other method. RFC 9110 15.5.6, ASVS 4.1.4 and 13.4.4, CWE-650.
 *
 * @param options - those of `input()`; only `methods` is read
 * @throws ConfigError for options that it cannot have
 * @example app.use(methodGate())
 */
export function methodGate(options: InputOptions = {}): Middleware {
  const refuseMethod = methodRule(resolveInput(options).methods);

  return function methodGate(req: IncomingMessage, _res: ServerResponse, next: Next): void {
    next(refuseMethod(req));
  };
}

/**
 * The rule of {@link methodGate}, for who has the methods already.
 *
 * @returns a function that gives the refusal of a request, or undefined
 * @example methodRule(['GET', 'HEAD'])(req)?.status // 405 for a POST
 */
export function methodRule(methods: readonly string[]): (req: IncomingMessage) => Refusal | undefined {
  const allowed = new Set(methods);
  const headers = { Allow: methods.join(', ') };
  return (req) =>
    allowed.has(req.method ?? '')
      ? undefined
      : new Refusal('ERR_METHOD_NOT_ALLOWED', { reason: 'the app does not take this method', headers });
}
