import type { ServerResponse } from 'node:http';

/** How cookies are guarded. */
export interface CookieGuard {
  /** Whether this request came over TLS. */
  readonly tls: boolean;
  /** Names that scripts of the page may read: these alone stay without HttpOnly. */
  readonly readable: ReadonlySet<string>;
}

/** Puts the missing flags on every cookie of a response, whoever set it; nothing is written if none was missing. */
export function guardCookies(res: ServerResponse, guard: CookieGuard): void {
  const given = res.getHeader('set-cookie');
  if (given === undefined) return;
  const cookies = Array.isArray(given) ? given : [String(given)];
  let changed = false;
  const guarded = cookies.map((cookie) => {
    const safe = guardCookie(cookie, guard);
    changed ||= safe !== cookie;
    return safe;
  });
  if (changed) res.setHeader('Set-Cookie', guarded);
}

/**
 * One `Set-Cookie` value with the flags that it must have (CWE-614, CWE-1004, CWE-1275; ASVS 3.3.1 to 3.3.4):
 *
 * - `Secure` over TLS, and always where the name's prefix or SameSite=None demands it
 * - `HttpOnly`, unless the page's scripts may read it by name
 * - `SameSite=Lax` where there is none, where it is misspelt, or where None stands without Secure
 * - `__Host-`: Path=/, no Domain
 *
 * A browser tells cookies apart by name, domain and path, so a deletion still deletes: the flags that are added are no
 * part of that, and a `__Host-` cookie can have but one path and no domain.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-4.1 and draft-ietf-httpbis-rfc6265bis
 * @example guardCookie('id=1; Path=/', { tls: true, readable: new Set() }) // 'id=1; Path=/; Secure; HttpOnly; SameSite=Lax'
 */
export function guardCookie(cookie: string, guard: CookieGuard): string {
  const [pair = '', ...rest] = cookie.split(';');
  const name = nameOf(pair);
  const prefix = name.toLowerCase();
  const host = prefix.startsWith('__host-');
  const http = prefix.startsWith('__http-') || prefix.startsWith('__host-http-');
  const demandsSecure = host || http || prefix.startsWith('__secure-');
  const attributes = rest.map((text) => ({ text, key: keyOf(text) }));
  const has = (key: string): boolean => attributes.some((attribute) => attribute.key === key);

  const secure = has('secure') || guard.tls || demandsSecure;
  const sameSite = lastSameSite(attributes);
  const sameSiteHolds = sameSite === 'strict' || sameSite === 'lax' || (sameSite === 'none' && secure);
  const httpOnly = http || !guard.readable.has(name);
  const rooted = host && (has('domain') || lastPath(attributes) !== '/');

  const kept = attributes.filter(({ key }) => {
    if (rooted && (key === 'domain' || key === 'path')) return false;
    return sameSiteHolds || key !== 'samesite';
  });
  let guarded = [pair, ...kept.map(({ text }) => text)].join(';');
  if (rooted) guarded += '; Path=/';
  if (secure && !has('secure')) guarded += '; Secure';
  if (httpOnly && !has('httponly')) guarded += '; HttpOnly';
  if (!sameSiteHolds) guarded += '; SameSite=Lax';
  return guarded;
}

interface Attribute {
  readonly text: string;
  readonly key: string;
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : pair.slice(0, equals).trim();
}

function keyOf(attribute: string): string {
  const equals = attribute.indexOf('=');
  return (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
}

function lastValue(attributes: readonly Attribute[], key: string): string | undefined {
  // Browsers go by the last of several attributes of one name.
  const text = attributes.findLast((attribute) => attribute.key === key)?.text;
  return text === undefined ? undefined : text.slice(text.indexOf('=') + 1).trim();
}

function lastSameSite(attributes: readonly Attribute[]): string | undefined {
  return lastValue(attributes, 'samesite')?.toLowerCase();
}

function lastPath(attributes: readonly Attribute[]): string | undefined {
  return lastValue(attributes, 'path');
}
