import { randomUUID } from 'node:crypto';
import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { memoryRecordStore } from '../../stores/memory-records.ts';
import type { MaybePromise } from '../../stores/record-store.ts';
import { parseByteSize } from '../../units.ts';
import { accessTokens } from './access-tokens.ts';
import { createApiKeys } from './api-keys/api-keys.ts';
import { looksLikeApiKey } from './api-keys/format.ts';
import { failClosed } from './fail-closed.ts';
import { TokenError } from './jws/token-error.ts';
import { ACCESS_TOKEN, type ClaimsToIssue, LONGEST_LIFE, readAudience, readName } from './jwt/claims.ts';
import { tokenIssuer } from './jwt/issue-token.ts';
import { tokenReader } from './jwt/verify-token.ts';
import { between, keySource } from './key-source.ts';
import { API_KEY_DEFAULTS, CACHE_DEFAULTS, type ResolvedTokensOptions, type TokenCacheOptions } from './options.ts';
import { createFamilies, OWN_SESSION } from './refresh/families.ts';
import { readRefreshToken } from './refresh/refresh-token.ts';
import { createRevocations } from './revocations.ts';
import type { KeySource, KeyView } from './ring/key-ring.ts';
import { type Bearer, type IssuedPair, type IssuedTokens, noApiKeys, type TokenService } from './service.ts';
import { CLOCK_TOLERANCE } from './tolerance.ts';
import { type CacheBounds, verifiedTokens } from './verified-tokens.ts';

/** The service, and what the middleware needs of it beside. */
export interface MadeService {
  readonly service: TokenService;
  readonly keys: KeySource;
  /** Whom a bearer token speaks for. */
  authenticate(token: string): Promise<Bearer>;
  /** Other processes see the same keys, families and revocations. */
  readonly isShared: boolean;
}

const DAY = 86_400_000;
/** Claims that make a token less, so that a schema must not lose one without a word. */
const LIMITS = [
  ['sid', 'the token would not end with its session'],
  ['scope', 'the token would not be limited to it'],
  ['nbf', 'the token would be valid before it'],
] as const;

/** Makes the service from options that have every default. */
export function makeService(options: ResolvedTokensOptions, services: Services): MadeService {
  const { now, isSessionAlive } = options;
  const { emit } = services;
  const store = options.store ?? services.stores?.records ?? memoryRecordStore();
  const records = failClosed(store);
  const life = between(options.ttl, 'ttl', 1000, LONGEST_LIFE);
  const rules = {
    idle: between(options.refresh.idle, 'refresh.idle', 1000, 366 * DAY),
    absolute: between(options.refresh.absolute, 'refresh.absolute', 1000, 366 * DAY),
    grace: between(options.refresh.grace, 'refresh.grace', 0, 60_000),
  };
  const keys = keySource(options, records, life, services);
  let view: KeyView | undefined;
  const current = (): KeyView => {
    if (view === undefined) throw new Error('keys are loaded first');
    return view;
  };
  const take = (loaded: KeyView): void => {
    view = loaded;
  };
  const load = (): MaybePromise<void> => {
    const loading = keys.load();
    return loading instanceof Promise ? loading.then(take) : take(loading);
  };

  const naming = {
    issuer: readName(options.issuer, 'tokens.issuer'),
    audience: readAudience(options.audience, 'tokens.audience'),
    now,
    ...(options.schema === undefined ? {} : { schema: options.schema }),
  };
  const allowed = options.dangerouslyAllowClaims;
  const sign = tokenIssuer({
    ...naming,
    key: () => current().signing,
    ttl: life,
    typ: ACCESS_TOKEN,
    ...(allowed === undefined ? {} : { dangerouslyAllowClaims: allowed }),
  });

  const revocations = createRevocations(records, CLOCK_TOLERANCE, now);
  const { verify, verifySigned } = accessTokens({
    reader: tokenReader({ ...naming, keys: () => current().verifying, clockTolerance: CLOCK_TOLERANCE }),
    load,
    current,
    lookAgain: keys.lookAgain,
    revocations,
    isSessionAlive,
    cache: options.cache === false ? undefined : verifiedTokens(boundsOf(options.cache, life), now),
  });
  const longest = life + 2 * CLOCK_TOLERANCE;
  const longestOfSession = Math.max(longest, rules.absolute);
  const families = createFamilies({
    records,
    rules,
    revocations,
    endAccess: (sid) => revocations.add('sid', sid, longestOfSession),
    isSessionAlive,
    renew: options.refresh.claims ?? ((claims) => claims),
    emit,
    now,
  });
  const keyOptions = options.apiKeys === false ? undefined : { ...API_KEY_DEFAULTS, ...options.apiKeys };
  const apiKeys =
    keyOptions &&
    createApiKeys({
      records,
      prefix: keyOptions.prefix,
      ttl: between(keyOptions.ttl, 'apiKeys.ttl', 60_000, 5 * 366 * DAY),
      emit,
      now,
    });

  async function issueAccess(claims: ClaimsToIssue): Promise<IssuedTokens> {
    await load();
    const accessToken = await sign(claims);
    const said = payloadOf(accessToken);
    for (const [name, harm] of LIMITS) {
      if (JSON.stringify(said[name]) === JSON.stringify(claims[name])) continue;
      throw new ConfigError('ERR_TOKEN_CLAIM', {
        field: 'tokens.schema',
        message: `it drops or changes ${name}, and ${harm}`,
        fix: `add ${name} to the schema: ${name}: z.${name === 'nbf' ? 'number' : 'string'}().optional()`,
      });
    }
    return {
      accessToken,
      tokenType: 'Bearer',
      expiresIn: Math.floor(life / 1000),
      jti: String(said.jti),
      sid: claims.sid,
    };
  }

  async function issue(
    given: ClaimsToIssue,
    { refresh = false }: { readonly refresh?: boolean } = {},
  ): Promise<IssuedTokens> {
    if (typeof given?.sid === 'string' && given.sid.startsWith(OWN_SESSION)) {
      throw new ConfigError('ERR_TOKEN_CLAIM', {
        field: 'tokens.issue().sid',
        message: 'it looks like one that is made here, for tokens without a session',
        fix: 'give the id of the session that the tokens end with, or none',
      });
    }
    if (!refresh) return issueAccess(given);
    const claims = { ...given, sid: given.sid ?? `${OWN_SESSION}${randomUUID()}` };
    const access = await issueAccess(claims);
    const refreshToken = await families.begin(claims);
    emit({
      event: 'authn_token_created',
      level: 'INFO',
      practice: 'tokens',
      description: 'a family of refresh tokens begins',
      details: { user: claims.sub, endsWith: claims.sid },
    });
    return { ...access, refreshToken };
  }

  async function revokeToken(token: string): Promise<boolean> {
    if (readRefreshToken(token) !== undefined) return families.end(token);
    try {
      if (keyOptions !== undefined && apiKeys !== undefined && looksLikeApiKey(token, keyOptions.prefix)) {
        return await apiKeys.revoke((await apiKeys.verify(token)).id);
      }
      const { jti, exp } = await verifySigned(token);
      if (jti === undefined) return false;
      await revocations.add('jti', jti, exp * 1000 - now() + 2 * CLOCK_TOLERANCE);
      return true;
    } catch (error) {
      // What is not valid has ended already (RFC 7009 2.2).
      if (error instanceof TokenError) return false;
      throw error;
    }
  }

  const service: TokenService = {
    issue: issue as TokenService['issue'],
    async refresh(refreshToken) {
      const { token, issued } = await families.renew(refreshToken, issueAccess);
      return { ...issued, refreshToken: token } as IssuedPair;
    },
    verify,
    async revoke(target) {
      const done = 'token' in target ? await revokeToken(target.token) : await revokeBy(target);
      if (done) {
        emit({
          event: 'authn_token_revoked',
          level: 'INFO',
          practice: 'tokens',
          description: 'tokens were revoked',
          details: shown(target),
        });
      }
      return done;
    },
    async jwks() {
      return (await keys.load()).published;
    },
    rotate: ({ compromised = false } = {}) => keys.rotate({ compromised }),
    ready: async () => load(),
    get apiKeys() {
      if (apiKeys === undefined) throw noApiKeys();
      return apiKeys;
    },
  };

  async function revokeBy(
    target:
      | { readonly jti: string; readonly exp?: number }
      | { readonly sid: string }
      | { readonly sub: string; readonly except?: string },
  ): Promise<true> {
    if ('jti' in target) {
      const ttl = target.exp === undefined ? longest : readTime(target.exp) * 1000 - now() + 2 * CLOCK_TOLERANCE;
      await revocations.add('jti', readName(target.jti, 'tokens.revoke().jti'), Math.min(ttl, LONGEST_LIFE + longest));
    } else if ('sid' in target) {
      await revocations.add('sid', readName(target.sid, 'tokens.revoke().sid'), longestOfSession);
    } else {
      await revocations.add('sub', readName(target.sub, 'tokens.revoke().sub'), longestOfSession, target.except);
    }
    return true;
  }

  return {
    service,
    keys,
    isShared: store.shared === true,
    async authenticate(token) {
      if (keyOptions !== undefined && apiKeys !== undefined && looksLikeApiKey(token, keyOptions.prefix)) {
        return { kind: 'api-key', apiKey: await apiKeys.verify(token) };
      }
      return { kind: 'access', claims: await verify(token) };
    },
  };
}

function boundsOf(given: TokenCacheOptions, idle: number): CacheBounds {
  const { maxEntries, maxBytes } = { ...CACHE_DEFAULTS, ...given };
  return { maxEntries, maxBytes: parseByteSize(maxBytes, 'tokens.cache.maxBytes'), idle };
}

function readTime(exp: unknown): number {
  if (typeof exp === 'number' && Number.isFinite(exp)) return exp;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'tokens.revoke().exp',
    message: 'it is no time',
    fix: 'write seconds since 1970, as the claim exp of the token has them, or leave it out',
  });
}

/** Of a token that was just signed here. */
function payloadOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
}

/** A token itself is never told of. */
function shown(target: object): Readonly<Record<string, unknown>> {
  return 'token' in target ? { by: 'token' } : { ...target };
}
