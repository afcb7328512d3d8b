import type { ServerResponse } from 'node:http';
import type { Head, HeaderLines } from '../../head.ts';

/** What a response's Content-Type says about it, as far as the headers depend on it. */
export type BodyKind = 'data' | 'other';

/**
 * Adds `; charset=utf-8` where a text type goes without (ASVS 4.1.1, CWE-838), and tells data from documents.
 *
 * Which types: `text/*`, `application/xml` and `+xml`, whose registrations have the parameter. JSON has none (RFC 8259
 * §11): it is UTF-8 whatever is said.
 */
export function completeContentType(res: ServerResponse): BodyKind {
  const given = res.getHeader('content-type');
  if (typeof given !== 'string') return 'other';
  const end = given.indexOf(';');
  const type = (end < 0 ? given : given.slice(0, end)).trim().toLowerCase();
  const xml = type.endsWith('+xml') || type.endsWith('/xml');
  if ((xml || type.startsWith('text/')) && !/;\s*charset\s*=/i.test(given)) {
    res.setHeader('Content-Type', `${given.replace(/[;\s]+$/, '')}; charset=utf-8`);
  }
  if (type === 'application/xhtml+xml') return 'other';
  return xml || type === 'application/json' || type.endsWith('+json') ? 'data' : 'other';
}

/**
 * Decides on caching (ASVS 14.3.2, CWE-525): nothing is stored unless the app says so; what sets a cookie is stored
 * by no shared cache, and what carries a nonce by no cache at all, because a stored nonce is one that is known.
 *
 * @param fallback - Cache-Control for a response that has none
 */
export function completeCacheControl(
  res: ServerResponse,
  head: Head,
  fallback: HeaderLines | undefined,
  nonced: boolean,
): void {
  const given = res.getHeader('cache-control');
  if (given === undefined) {
    if (fallback !== undefined) head.add(fallback);
    if (fallback !== undefined || (!nonced && !res.hasHeader('set-cookie'))) return;
  }
  const text = given === undefined ? '' : Array.isArray(given) ? given.join(',') : String(given);
  if (/(?:^|,)\s*no-store\s*(?:,|$)/i.test(text)) return;
  if (nonced || (res.hasHeader('set-cookie') && !/(?:^|,)\s*private\s*(?:,|$)/i.test(text))) {
    head.set('Cache-Control', 'private, no-store');
  }
}
