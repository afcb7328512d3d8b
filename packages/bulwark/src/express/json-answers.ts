import type { ServerResponse } from 'node:http';

type Send = (this: ServerResponse, ...args: unknown[]) => unknown;
type JsonResponse = ServerResponse & { json?: Send; jsonp?: Send };

/**
 * Puts a function in front of `res.json()` and `res.jsonp()` of one response, and so of `res.send()` with an object,
 * which calls `res.json()`. Streams, `res.end()` and text are not seen.
 *
 * @param onJson - gets the value, and what sends a value
 * @returns false for a response that has no `json()`: one of bare node:http
 */
export function wrapJson(res: ServerResponse, onJson: (body: unknown, send: (body: unknown) => void) => void): boolean {
  const response: JsonResponse = res;
  if (typeof response.json !== 'function') return false;
  for (const name of ['json', 'jsonp'] as const) {
    const original = response[name];
    if (typeof original !== 'function') continue;
    response[name] = function (...args: unknown[]): ServerResponse {
      onJson(bodyOf(this, args), (body) => void original.call(this, body));
      return this;
    };
  }
  return true;
}

/** Express 4 still takes a status, before the value or after it; 5 takes the value alone. */
function bodyOf(res: ServerResponse, args: readonly unknown[]): unknown {
  const [first, second] = args;
  const { app } = res as { app?: { lazyrouter?: unknown } };
  if (args.length < 2 || typeof app?.lazyrouter !== 'function') return first;
  const isAfter = typeof second === 'number';
  res.statusCode = Number(isAfter ? second : first);
  return isAfter ? first : second;
}
