import { ByteSize } from '../../units.ts';
import { ClaimsToIssue } from './jwt/claims.ts';
import { Duration } from '../../units.ts';
import { Jwk } from './jws/jwk.ts';
import { MaybePromise } from '../../stores/record-store.ts';
import { RecordStore } from '../../stores/record-store.ts';
import { Secret } from '../secrets/secret.ts';
import { SecretList } from '../secrets/secret.ts';
import { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
export interface TokenKeysOptions {
    readonly rotateEvery?: Duration;
    readonly ring?: string;
    readonly signing?: Jwk;
    readonly verifying?: readonly Jwk[];
}
export interface RefreshOptions {
    readonly idle?: Duration;
    readonly absolute?: Duration;
    readonly grace?: Duration;
    readonly claims?: (claims: ClaimsToIssue) => MaybePromise<ClaimsToIssue | undefined>;
}
export interface ApiKeyOptions {
    readonly prefix?: string;
    readonly ttl?: Duration;
}
export interface TokenCacheOptions {
    readonly maxEntries?: number;
    readonly maxBytes?: ByteSize;
}
export interface TokensOptions {
    readonly issuer?: string;
    readonly audience?: string | readonly string[];
    readonly algorithm?: 'EdDSA' | 'ES256' | 'RS256';
    readonly ttl?: Duration;
    readonly schema?: StandardSchemaV1;
    readonly dangerouslyAllowClaims?: Readonly<Record<string, string>>;
    readonly encryptionKey?: Secret | SecretList;
    readonly keys?: TokenKeysOptions;
    readonly refresh?: RefreshOptions;
    readonly apiKeys?: ApiKeyOptions | false;
    readonly cache?: TokenCacheOptions | false;
    readonly jwks?: string | false;
    readonly store?: RecordStore;
    readonly isSessionAlive?: (sid: string) => MaybePromise<boolean>;
    readonly now?: () => number;
}
export declare const schema: z.ZodType;
