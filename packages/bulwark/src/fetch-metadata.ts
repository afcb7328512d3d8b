import type { IncomingMessage } from 'node:http';

/** How far the page that caused a request is from the server: the values of `Sec-Fetch-Site`. */
export type FetchSite = 'same-origin' | 'same-site' | 'cross-site' | 'none';

const SITES: readonly string[] = ['same-origin', 'same-site', 'cross-site', 'none'] satisfies FetchSite[];

/**
 * Reads `Sec-Fetch-Site`, which a page cannot set; `invalid` for any other value, also where the header came twice
 * (node joins repeated headers with a comma).
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 * @example fetchSite(req) // 'cross-site'
 */
export function fetchSite(req: IncomingMessage): FetchSite | 'invalid' | undefined {
  const value = req.headers['sec-fetch-site'];
  if (value === undefined) return undefined;
  return typeof value === 'string' && SITES.includes(value) ? (value as FetchSite) : 'invalid';
}

/**
 * Whether a method must be taken for one that changes something: every one but GET, HEAD and OPTIONS, so also those
 * that nobody has invented yet. QUERY is safe by its definition, but it brings a body and reaches handlers that were
 * mounted for all methods, and no page needs to send it across sites without being listed.
 *
 * @example changesState('QUERY') // true
 */
export function changesState(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

/**
 * Whether a request is a CORS preflight: a browser's question before the request itself.
 *
 * @see https://fetch.spec.whatwg.org/#cors-preflight-request
 * @example if (isPreflight(req)) lookUp(req.headers['access-control-request-method'])
 */
export function isPreflight(req: IncomingMessage): boolean {
  const { origin, 'access-control-request-method': method } = req.headers;
  return req.method === 'OPTIONS' && origin !== undefined && method !== undefined;
}
