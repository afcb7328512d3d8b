import type { IncomingMessage } from 'node:http';

/**
 * What in a request asks for another method than the one on its first line, as the method-override package and its
 * kin understand it; undefined where nothing does. They run inside the app, after the check: whatever such a request
 * asks for, it is judged as one that changes state.
 *
 * @returns words for the reason, such as `the header X-HTTP-Method-Override`
 * @example methodOverride(req) // 'the parameter _method'
 */
export function methodOverride(req: IncomingMessage): string | undefined {
  const { headers } = req;
  if (headers['x-http-method-override'] !== undefined) return 'the header X-HTTP-Method-Override';
  if (headers['x-http-method'] !== undefined) return 'the header X-HTTP-Method';
  if (headers['x-method-override'] !== undefined) return 'the header X-Method-Override';
  return hasMethodParameter(req.url ?? '/') ? 'the parameter _method' : undefined;
}

/** As query parsers spell it: `_method`, `_method[]`, `_method.x`, and qs's `[_method]`. */
const OVERRIDE = /^\[?_method(?:$|[[\].])/;

function hasMethodParameter(url: string): boolean {
  const start = url.indexOf('?');
  if (start === -1) return false;
  const query = url.slice(start + 1);
  // A name may be percent-encoded, letter by letter; a query without either sign of it needs no parsing.
  if (!query.includes('_method') && !query.includes('%')) return false;
  for (const name of new URLSearchParams(query).keys()) {
    if (OVERRIDE.test(name)) return true;
  }
  return false;
}
