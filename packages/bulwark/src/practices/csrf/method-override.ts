import type { IncomingMessage } from 'node:http';

const HEADERS = ['x-http-method-override', 'x-http-method', 'x-method-override'] as const;

const NAMES: Readonly<Record<(typeof HEADERS)[number], string>> = {
  'x-http-method-override': 'X-HTTP-Method-Override',
  'x-http-method': 'X-HTTP-Method',
  'x-method-override': 'X-Method-Override',
};

/**
 * What in a request asks for another method than the one on its first line, as the method-override package and its
 * kin understand it; undefined where nothing does. They run inside the app, after the check: whatever such a request
 * asks for, it is judged as one that changes state.
 *
 * @returns words for the reason, such as `the header X-HTTP-Method-Override`
 * @example methodOverride(req) // 'the parameter _method'
 */
export function methodOverride(req: IncomingMessage): string | undefined {
  const header = HEADERS.find((name) => req.headers[name] !== undefined);
  if (header !== undefined) return `the header ${NAMES[header]}`;
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
