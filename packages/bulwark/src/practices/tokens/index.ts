import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ALONE,
  beforeHead,
  contextOf,
  type Handler,
  type Middleware,
  type Next,
  type Services,
} from '../../context.ts';
import { resolveOptions } from '../../options.ts';
import type { Identify, Identity } from '../access/index.ts';
import { readBearer } from './bearer.ts';
import { jwksEndpoint } from './jwks-endpoint.ts';
import { makeService } from './make-service.ts';
import { DEFAULTS, schema, type TokensOptions } from './options.ts';
import type { Bearer, TokenService } from './service.ts';

export type { ApiKeyInfo, ApiKeys, NewApiKey } from './api-keys/api-keys.ts';
export { apiKeyPattern, isApiKey } from './api-keys/format.ts';
export type { JwsAlgorithm } from './jws/algorithms.ts';
export { generateTokenKey, thumbprintOf } from './jws/generate-key.ts';
export type { Jwk } from './jws/jwk.ts';
export type { JwkSet } from './jws/key-set.ts';
export { publicJwkOf } from './jws/signing-key.ts';
export { TokenError, type TokenFault } from './jws/token-error.ts';
export { type VerifyJwsOptions, verifyJws } from './jws/verify-jws.ts';
export type { ClaimsToIssue, RegisteredClaims } from './jwt/claims.ts';
export { type IssueTokenOptions, issueToken, type TokenIssuer, tokenIssuer } from './jwt/issue-token.ts';
export {
  type TokenVerifier,
  tokenVerifier,
  type VerifiedClaims,
  type VerifyTokenOptions,
  verifyToken,
} from './jwt/verify-token.ts';
export type { ApiKeyOptions, RefreshOptions, TokenCacheOptions, TokenKeysOptions, TokensOptions } from './options.ts';
export type { Rotation } from './ring/key-ring.ts';
export { clearRefreshToken, refreshTokenOf, type SendTokensOptions, sendTokens } from './send-tokens.ts';
export type { Bearer, IssuedPair, IssuedTokens, RevocationTarget, TokenClaims, TokenService } from './service.ts';

/** What the self-test may know of tokens. */
export interface TokenFacts {
  /** Other processes see the same keys, families and revocations. */
  readonly shared: boolean;
  /** Where the public keys are; false for nowhere. */
  readonly jwks: string | false;
}

/** The middleware of tokens, and what the gate needs of it beside. */
export interface TokensMiddleware extends Middleware {
  /** Answers with the public keys (JWKS). */
  readonly endpoint: Handler;
  /** Whom the bearer token of a request speaks for. */
  readonly identify: Identify;
  readonly service: TokenService;
  readonly facts: TokenFacts;
}

const BEARERS = new WeakMap<IncomingMessage, Bearer>();

/**
 * Lets callers identify themselves by bearer tokens: access tokens that this app issues, and API keys.
 *
 * The middleware reads `Authorization: Bearer` and nothing else, verifies once, and keeps the result for `access` and
 * {@link tokenOf}. A token that is not valid is refused on every route, public ones too: whoever sends one means to be
 * known. Keys rotate by themselves, and live encrypted in the store. Alone, it answers with the public keys as well.
 *
 * @param services - what the gate gives; left out where it is used alone
 * @throws ConfigError for options that it cannot have; in production without `encryptionKey`
 * @see RFC 6750, RFC 8725, RFC 9700; ASVS 5.0 9.1, 9.2, 10.4.5; CWE-347, CWE-613
 * @example
 * const bearer = tokens({ issuer, audience: issuer, encryptionKey: config.TOKEN_KEY })
 * app.use(bearer)
 * app.post('/login', async (req, res) => { sendTokens(res, await bearer.service.issue({ sub: user.id }, { refresh: true })) })
 */
export function tokens(options: TokensOptions = {}, services: Services = ALONE): TokensMiddleware {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'tokens');
  const { service, keys, authenticate, isShared } = makeService(resolved, services);
  const endpoint = jwksEndpoint(resolved.jwks, keys);

  function bearer(req: IncomingMessage, res: ServerResponse, next: Next): void {
    beforeHead(req, res, respond);
    let token: string | undefined;
    try {
      token = readBearer(req);
    } catch (error) {
      return next(error);
    }
    if (token === undefined) return next();
    authenticate(token)
      .then((found) => {
        BEARERS.set(req, found);
        next();
      })
      .catch((error: unknown) => next(error));
  }

  function tokensMiddleware(req: IncomingMessage, res: ServerResponse, next: Next): void {
    if (contextOf(req).gate !== undefined) return bearer(req, res, next);
    endpoint(req, res, (error) => (error === undefined ? bearer(req, res, next) : next(error)));
  }

  const identify: Identify = (req) => identityOf(BEARERS.get(req));
  const facts: TokenFacts = { shared: isShared, jwks: resolved.jwks };
  return Object.assign(tokensMiddleware, { response: respond, endpoint, identify, service, facts });
}

/**
 * The bearer token of a request, verified; undefined where it has none.
 *
 * @example const bearer = tokenOf(req); if (bearer?.kind === 'access') audit(bearer.claims.jti)
 */
export function tokenOf(req: IncomingMessage): Bearer | undefined {
  return BEARERS.get(req);
}

/** The user of a token. An API key has its scopes and no role, whatever its owner may do. */
function identityOf(bearer: Bearer | undefined): Identity | undefined {
  if (bearer === undefined) return undefined;
  if (bearer.kind === 'api-key') return { id: bearer.apiKey.owner, roles: [], scopes: bearer.apiKey.scopes };
  const { sub, roles, scope } = bearer.claims as { sub?: unknown; roles?: unknown; scope?: unknown };
  if (typeof sub !== 'string' || sub === '') return undefined;
  const named: readonly unknown[] = Array.isArray(roles) ? roles : [];
  return {
    id: sub,
    roles: named.filter((role) => typeof role === 'string'),
    // RFC 8693 4.2: a token with a scope is limited to it. What is no text limits it to nothing.
    ...(scope === undefined ? {} : { scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [] }),
  };
}

const PRIVATE = /(?:^|,)\s*(?:private|no-store)\b/i;

/**
 * Asks for a token where none was sent (RFC 9110 11.6.1), and keeps caches that several users share away from what a token
 * has opened (RFC 9111 3.5, CWE-525).
 */
function respond(req: IncomingMessage, res: ServerResponse): void {
  if (res.statusCode === 401 && !res.hasHeader('www-authenticate')) res.setHeader('WWW-Authenticate', 'Bearer');
  if (!BEARERS.has(req)) return;
  const vary = String(res.getHeader('vary') ?? '');
  if (!/(?:^|,)\s*(?:authorization|\*)\s*(?:,|$)/i.test(vary)) res.appendHeader('Vary', 'Authorization');
  if (!PRIVATE.test(String(res.getHeader('cache-control') ?? ''))) res.setHeader('Cache-Control', 'private, no-store');
}
