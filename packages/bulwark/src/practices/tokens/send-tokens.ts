import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duration, parseDuration } from '../../units.ts';
import type { IssuedTokens } from './service.ts';

/** How {@link sendTokens} delivers. */
export interface SendTokensOptions {
  /** The refresh token goes into a cookie that scripts cannot read, and not into the body: for pages. Default: the body. */
  readonly cookie?: boolean;
  /** How long a browser keeps the cookie: `refresh.absolute`. Default `'30d'`. */
  readonly maxAge?: Duration;
}

/** `__Host-`: over TLS, from this host, for this host only (RFC 6265bis 4.1.3.2). That asks for `Path=/`. */
const COOKIE = '__Host-refresh';
const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

/**
 * Answers with tokens, in the form of RFC 6749 5.1: `{ access_token, token_type, expires_in, refresh_token }`, and never kept by
 * a cache (ASVS 14.3.2). With `cookie`, the refresh token is in `__Host-refresh`: HttpOnly, Secure, SameSite=Strict.
 *
 * @throws ConfigError for a `maxAge` that is none
 * @example sendTokens(res, await gate.tokens.refresh(refreshTokenOf(req) ?? ''), { cookie: true })
 */
export function sendTokens(res: ServerResponse, issued: IssuedTokens, options: SendTokensOptions = {}): void {
  const { accessToken, expiresIn, refreshToken } = issued;
  const { cookie = false, maxAge = '30d' } = options;
  const inBody = refreshToken !== undefined && !cookie;
  if (refreshToken !== undefined && cookie) {
    const seconds = Math.floor(parseDuration(maxAge, 'sendTokens().maxAge') / 1000);
    res.appendHeader('Set-Cookie', `${COOKIE}=${refreshToken}; ${ATTRIBUTES}; Max-Age=${seconds}`);
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Pragma', 'no-cache');
  res.end(
    JSON.stringify({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(inBody ? { refresh_token: refreshToken } : {}),
    }),
  );
}

/**
 * The refresh token of a request's cookie, as `sendTokens(res, issued, { cookie: true })` sets it; undefined where there is
 * none, or several: then one of them is not from here.
 *
 * @example const token = refreshTokenOf(req)
 */
export function refreshTokenOf(req: Pick<IncomingMessage, 'headers'>): string | undefined {
  const found = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`));
  return found.length === 1 ? found[0]?.slice(COOKIE.length + 1) : undefined;
}

/**
 * Takes the cookie of the refresh token away, at log-out; `gate.tokens.revoke()` ends the token itself.
 *
 * @example clearRefreshToken(res); await gate.tokens.revoke({ token })
 */
export function clearRefreshToken(res: ServerResponse): void {
  res.appendHeader('Set-Cookie', `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0`);
}
