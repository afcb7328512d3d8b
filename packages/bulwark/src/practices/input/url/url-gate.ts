import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Middleware, Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';

/**
 * Refuses a path that two readers would read differently: percent-encoding that cannot be decoded, control characters
 * (NUL ends a file name for some), a raw backslash (a slash for browsers and Windows). The query is not looked at.
 * RFC 3986 2.1, CWE-20, CWE-158.
 *
 * @example app.use(urlGate())
 */
export function urlGate(): Middleware {
  return function urlGate(req: IncomingMessage, _res: ServerResponse, next: Next): void {
    next(refuseUrl(req));
  };
}

/**
 * The rule of {@link urlGate}.
 *
 * @returns the refusal of a request, or undefined
 * @example refuseUrl(req)?.code // 'ERR_URL_INVALID' for /a%00b
 */
export function refuseUrl(req: IncomingMessage): Refusal | undefined {
  const objection = objectionToUrl(req.url ?? '/');
  return objection === undefined ? undefined : new Refusal('ERR_URL_INVALID', { reason: objection });
}

/**
 * What is wrong with the path of a request target, or undefined.
 *
 * @example objectionToUrl('/a%00b') // 'the path holds a control character'
 */
export function objectionToUrl(url: string): string | undefined {
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  if (path.includes('\\')) return 'the path holds a backslash';
  if (!path.includes('%')) return CONTROL.test(path) ? CONTROL_OBJECTION : undefined;
  try {
    return CONTROL.test(decodeURIComponent(path)) ? CONTROL_OBJECTION : undefined;
  } catch {
    return 'the percent-encoding of the path cannot be decoded';
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROL_OBJECTION = 'the path holds a control character';
