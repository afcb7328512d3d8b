import type { IncomingMessage } from 'node:http';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import type { MaybePromise, RecordStore } from '../../stores/record-store.ts';
import type { ByteSize, Duration } from '../../units.ts';
import { Secret, type SecretList } from '../secrets/secret.ts';
import { DEFAULT_PREFIX, PREFIX } from './api-keys/format.ts';
import type { Jwk } from './jws/jwk.ts';
import type { ClaimsToIssue } from './jwt/claims.ts';
import { isSchema } from './jwt/verify-options.ts';

/** Where the keys that sign tokens come from. */
export interface TokenKeysOptions {
  /** How old a key becomes before the next one takes its place. Default `'30d'`; from 2 hours to a year. */
  readonly rotateEvery?: Duration;
  /** Tells rings apart that live in one store. Default `'default'`. */
  readonly ring?: string;
  /**
   * A private JWK that the app keeps itself, in place of a ring: nothing is stored and nothing rotates. The one way to have
   * HS256, whose key must be strong.
   */
  readonly signing?: Jwk;
  /** Public JWKs that verify beside `signing`. */
  readonly verifying?: readonly Jwk[];
}

/** How refresh tokens live. */
export interface RefreshOptions {
  /** Not used for so long, it has ended. Default `'7d'`. */
  readonly idle?: Duration;
  /** All that came out of one login has ended then. Default `'30d'`; a year at the most. */
  readonly absolute?: Duration;
  /** So long after its use a token gets the same successor again, for requests that race. Default `'10s'`, a minute at the most; 0 for never. */
  readonly grace?: Duration;
  /**
   * What the next access token says, where roles may have changed since; undefined ends the family. It cannot change `sub`
   * and `sid`. Default: the same again.
   */
  readonly claims?: (claims: ClaimsToIssue) => MaybePromise<ClaimsToIssue | undefined>;
}

/** How API keys are made. */
export interface ApiKeyOptions {
  /** What keys begin with; register it with your secret scanner. Default `'bwk'`; small letters, digits, `_` between. */
  readonly prefix?: string;
  /** How long a key lives at the most, and where nothing is said. Default `'365d'`; 5 years at the most. */
  readonly ttl?: Duration;
}

/** How many tokens are known again without a new look at their signature. */
export interface TokenCacheOptions {
  /** Default 10,000; from 2. */
  readonly maxEntries?: number;
  /** Default `'16mb'`; estimated, and rather too high. */
  readonly maxBytes?: ByteSize;
}

/** Options of {@link tokens}. */
export interface TokensOptions {
  /** `iss`. In a policy, the first origin unless said otherwise. */
  readonly issuer?: string;
  /** `aud`. In a policy, the first origin unless said otherwise. */
  readonly audience?: string | readonly string[];
  /** What the ring's keys sign with. Default `'EdDSA'`; the others are for verifiers that cannot do that. */
  readonly algorithm?: 'EdDSA' | 'ES256' | 'RS256';
  /** Life of an access token. Default `'15m'`; 24 hours at the most. */
  readonly ttl?: Duration;
  /** A Standard Schema of the claims, `sub` and (where used) `sid` among them: at issuing and at verifying. */
  readonly schema?: StandardSchemaV1;
  /** Claims that look like a secret or personal data and go in all the same, each with the reason. */
  readonly dangerouslyAllowClaims?: Readonly<Record<string, string>>;
  /**
   * What the ring is encrypted with in the store, from `env.secret()` or `env.secrets()`: of a list the first encrypts and all
   * decrypt. Obligatory in production. To change it, put the new one behind the old, then in front of it, then take the old away.
   */
  readonly encryptionKey?: Secret | SecretList;
  readonly keys?: TokenKeysOptions;
  readonly refresh?: RefreshOptions;
  /** Takes API keys as bearer tokens too. Default: off. */
  readonly apiKeys?: ApiKeyOptions | false;
  /**
   * Remembers access tokens that were accepted, so that a signature is verified once; revocation, session, times, issuer, audience,
   * type and schema are looked at each time. Default: on, with the bounds of {@link TokenCacheOptions}; `false`: off.
   */
  readonly cache?: TokenCacheOptions | false;
  /** Where the public keys are. Default `/.well-known/jwks.json`; `false`: nowhere. */
  readonly jwks?: string | false;
  /** Where ring, families, revocations and API keys live. Default: the policy's stores, else this process. */
  readonly store?: RecordStore;
  /** Whether the session of this `sid` is alive: tokens of one that is not are refused. In a policy with `sessions`, those. */
  readonly isSessionAlive?: (sid: string) => MaybePromise<boolean>;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** The options with every default in place. */
export interface ResolvedTokensOptions extends TokensOptions {
  readonly algorithm: 'EdDSA' | 'ES256' | 'RS256';
  readonly ttl: Duration;
  readonly keys: TokenKeysOptions & { readonly rotateEvery: Duration; readonly ring: string };
  readonly refresh: RefreshOptions & { readonly idle: Duration; readonly absolute: Duration; readonly grace: Duration };
  readonly apiKeys: ApiKeyOptions | false;
  readonly cache: TokenCacheOptions | false;
  readonly jwks: string | false;
  readonly now: () => number;
}

const duration = z.union([z.number(), z.string()]).optional();
const isFunction = (value: unknown): boolean => typeof value === 'function';

// Issuer, audience and keys are read by hand: names have a message of their own, and an error must not quote a key.
export const schema: z.ZodType = z.strictObject({
  issuer: z.unknown().optional(),
  audience: z.unknown().optional(),
  algorithm: z.enum(['EdDSA', 'ES256', 'RS256']).optional(),
  ttl: duration,
  schema: z.custom(isSchema, 'a Standard Schema is expected').optional(),
  dangerouslyAllowClaims: z.record(z.string(), z.string().regex(/\w.*\w/, 'a reason is expected')).optional(),
  encryptionKey: z
    .custom(isSecretOrList, 'must be a Secret or a list of them: env.secret() or env.secrets()')
    .optional(),
  keys: z
    .strictObject({
      rotateEvery: duration,
      ring: z
        .string()
        .regex(/^[\w.-]{1,64}$/, 'must be a name of letters, digits, ".", "_", "-"')
        .optional(),
      signing: z.unknown().optional(),
      verifying: z.unknown().optional(),
    })
    .optional(),
  refresh: z
    .strictObject({
      idle: duration,
      absolute: duration,
      grace: duration,
      claims: z.custom(isFunction, 'a function is expected').optional(),
    })
    .optional(),
  apiKeys: z
    .union([
      z.literal(false),
      z.strictObject({
        prefix: z.string().max(24).regex(PREFIX, 'must be small letters and digits, with "_" between').optional(),
        ttl: duration,
      }),
    ])
    .optional(),
  cache: z
    .union([
      z.literal(false),
      z.strictObject({
        maxEntries: z.number().int().min(2).max(10_000_000).optional(),
        maxBytes: z.union([z.number(), z.string()]).optional(),
      }),
    ])
    .optional(),
  jwks: z
    .union([z.literal(false), z.string().regex(/^\/(?!\/)[\w./~-]+$/, 'must be a path: "/.well-known/jwks.json"')])
    .optional(),
  store: z.custom(isRecordStore, 'must be a record store with get(), insert(), replace() and remove()').optional(),
  isSessionAlive: z.custom(isFunction, 'a function is expected').optional(),
  now: z.custom(isFunction, 'a function is expected').optional(),
});

export const DEFAULTS: ResolvedTokensOptions = {
  algorithm: 'EdDSA',
  ttl: '15m',
  keys: { rotateEvery: '30d', ring: 'default' },
  refresh: { idle: '7d', absolute: '30d', grace: '10s' },
  apiKeys: false,
  cache: {},
  jwks: '/.well-known/jwks.json',
  now: Date.now,
};

/** The bounds of the cache where nothing is said. */
export const CACHE_DEFAULTS: Required<TokenCacheOptions> = { maxEntries: 10_000, maxBytes: '16mb' };

/** The defaults of what is off unless it is named. */
export const API_KEY_DEFAULTS: Required<ApiKeyOptions> = { prefix: DEFAULT_PREFIX, ttl: '365d' };

function isSecretOrList(value: unknown): boolean {
  if (Secret.is(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { current, all } = value as Partial<SecretList>;
  return Secret.is(current) && Array.isArray(all) && all.length > 0 && all.every(Secret.is);
}

function isRecordStore(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const store = value as Partial<Record<keyof RecordStore, unknown>>;
  return [store.get, store.insert, store.replace, store.remove, store.list].every(isFunction);
}

/** The part of a request that the middleware looks at. */
export type BearerRequest = Pick<IncomingMessage, 'headers' | 'headersDistinct'>;
