import type { ServerResponse } from 'node:http';
import type { IssuedTokens } from './service.ts';

/**
 * Answers with tokens, in the form of RFC 6749 5.1: `{ access_token, token_type, expires_in, refresh_token }`, and never kept by
 * a cache (ASVS 14.3.2).
 *
 * @example sendTokens(res, await gate.tokens.refresh(req.body.refresh_token))
 */
export function sendTokens(res: ServerResponse, { accessToken, expiresIn, refreshToken }: IssuedTokens): void {
  res.statusCode = 200;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Pragma', 'no-cache');
  res.end(
    JSON.stringify({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    }),
  );
}
