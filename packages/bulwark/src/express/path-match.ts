import type { IncomingMessage } from 'node:http';
import parseurl from 'parseurl';
import { type Layer, matchedPath } from './internals.ts';

/**
 * The path of a request target as Express's routers see it; undefined where they see none and match nothing.
 *
 * @example pathnameOf('/notes/7?page=2') // '/notes/7'
 */
export function pathnameOf(url: string): string | undefined {
  return pathnameOfRequest({ url } as IncomingMessage);
}

/** The same for `req.url`: what was parsed is left on the request, where the router looks for it. */
export function pathnameOfRequest(req: IncomingMessage): string | undefined {
  try {
    return parseurl(req)?.pathname ?? undefined;
  } catch {
    return undefined;
  }
}

/** What a nested router sees of the path: Express cuts the matched prefix off at a separator, or passes the layer by. */
export function restOfPath(layer: Layer, path: string): string | undefined {
  const matched = matchOrUndefined(layer, path);
  if (matched === undefined) return undefined;
  if (matched.length === 0) return path;
  if (matched !== path.slice(0, matched.length)) return undefined;
  const separator = path[matched.length];
  const cutsAtDot = layer.regexp !== undefined && separator === '.';
  if (separator !== undefined && separator !== '/' && !cutsAtDot) return undefined;
  const rest = path.slice(matched.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Malformed percent-encoding makes Express answer 400 by itself; for the look-up such a layer matches nothing. */
export function matchOrUndefined(layer: Layer, path: string): string | undefined {
  try {
    return matchedPath(layer, path);
  } catch {
    return undefined;
  }
}
