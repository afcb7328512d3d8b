import { ConfigError } from '../../errors.ts';
import type { ApiKeyInfo, ApiKeys } from './api-keys/api-keys.ts';
import type { JwkSet } from './jws/key-set.ts';
import type { ClaimsToIssue, RegisteredClaims } from './jwt/claims.ts';
import type { Rotation } from './ring/key-ring.ts';

/** The claims of a token that was verified. */
export type TokenClaims = RegisteredClaims & Readonly<Record<string, unknown>>;

/** What a request's bearer token is: an access token with its claims, or an API key. */
export type Bearer =
  | { readonly kind: 'access'; readonly claims: TokenClaims }
  | { readonly kind: 'api-key'; readonly apiKey: ApiKeyInfo };

/** Tokens as they were issued. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  /** Seconds. */
  readonly expiresIn: number;
  /** Its id: `revoke({ jti })` ends this one alone. */
  readonly jti: string;
  /** The session that they end with; one of their own where there is no other. Undefined without either. */
  readonly sid: string | undefined;
  /** Undefined where none was asked for. */
  readonly refreshToken?: string;
}

/** Tokens with a refresh token. */
export interface IssuedPair extends IssuedTokens {
  readonly sid: string;
  readonly refreshToken: string;
}

/** What is to be revoked. */
export type RevocationTarget =
  /** One access token. */
  | {
      readonly jti: string /** Seconds since 1970; without it, the longest that a token can have. */;
      readonly exp?: number;
    }
  /** All tokens of a session. */
  | { readonly sid: string }
  /** All tokens of a user, but those of the session `except`: after a change of password. API keys live on. */
  | { readonly sub: string; readonly except?: string }
  /** A token as it was sent: an access token alone, a refresh token with all that came out of its login, an API key. */
  | { readonly token: string };

/** Issues, refreshes and revokes tokens. */
export interface TokenService {
  /**
   * Issues an access token, and with `refresh: true` a refresh token that begins a family.
   *
   * @param claims - `sub` is obligatory; with `sid`, the id of a session, all of them end with it
   * @throws ConfigError for claims that cannot go into a token
   * @example const issued = await gate.tokens.issue({ sub: user.id, roles: ['clerk'] }, { refresh: true })
   */
  issue(claims: ClaimsToIssue, options: { readonly refresh: true }): Promise<IssuedPair>;
  issue(claims: ClaimsToIssue, options?: { readonly refresh?: boolean }): Promise<IssuedTokens>;
  /**
   * Takes a refresh token and gives new tokens. Used a second time, it ends its family (see the README for races).
   *
   * @throws TokenError where it is refused: the user must log in again
   * @example app.post('/token', async (req, res) => { sendTokens(res, await gate.tokens.refresh(req.body.refresh_token)) })
   */
  refresh(refreshToken: string): Promise<IssuedPair>;
  /**
   * Verifies an access token: signature, claims, revocation, session.
   *
   * @throws TokenError; Refusal 503 where the store is out of reach
   */
  verify(token: string): Promise<TokenClaims>;
  /**
   * Ends tokens before their time. What was not valid any more is no error; false says so where a token was given.
   *
   * @example await gate.tokens.revoke({ sub: user.id, except: current.sid })
   */
  revoke(target: RevocationTarget): Promise<boolean>;
  /** The public keys; undefined where there are none (HMAC). */
  jwks(): Promise<JwkSet | undefined>;
  /**
   * Puts the next key in use now. With `compromised` all keys are dropped, and every token that they signed ends: here at
   * once, in other processes within 30 seconds, elsewhere when the set is fetched again (an hour).
   *
   * @returns `rotated: false` where the next key has not been published for two hours yet, and others may not know it
   */
  rotate(options?: { readonly compromised?: boolean }): Promise<Rotation>;
  /** Loads the keys, or makes the first ones: rejects where they cannot be used. Call it at the start to know it then. */
  ready(): Promise<void>;
  /**
   * API keys.
   *
   * @throws ConfigError where `tokens.apiKeys` is off
   */
  readonly apiKeys: ApiKeys;
}

/** What is said where `apiKeys` is asked for and off. */
export function noApiKeys(): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field: 'tokens.apiKeys',
    message: 'API keys are off',
    fix: 'turn them on: tokens: { apiKeys: {} }',
  });
}
