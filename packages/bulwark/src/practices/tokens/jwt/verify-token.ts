import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../../../units.ts';
import type { JwsAlgorithm } from '../jws/algorithms.ts';
import type { Jwk, JwkSet } from '../jws/jwk.ts';
import { TokenError } from '../jws/token-error.ts';
import type { RegisteredClaims } from './claims.ts';

/** What a token is held to. */
export interface VerifyTokenOptions<Schema extends StandardSchemaV1 = StandardSchemaV1> {
  /** Public keys of the issuer; a function is asked each time, for keys that rotate. */
  readonly keys: Jwk | JwkSet | (() => Jwk | JwkSet);
  /** `iss`, exactly. */
  readonly issuer: string;
  /** `aud` must be it, or hold one of them. */
  readonly audience: string | readonly string[];
  /** The header's `typ`; `at+jwt` unless said otherwise (RFC 9068). */
  readonly typ?: string;
  /** A Standard Schema of the claims; it sees all of them, `iss` and `exp` among them. */
  readonly schema?: Schema;
  /** EdDSA, ES256, RS256 and HS256 unless said otherwise; each key takes those of its type only. */
  readonly algorithms?: readonly JwsAlgorithm[];
  /** How far clocks may differ: 5 s unless said otherwise, 2 minutes at the most. */
  readonly clockTolerance?: Duration;
  /** Longest life (`exp - iat`) that is accepted; 24 h unless said otherwise. */
  readonly maxLifetime?: Duration;
  /** The clock, in milliseconds since 1970; `Date.now` unless said otherwise. */
  readonly now?: () => number;
}

/** The claims of a verified token: as the schema gave them, and beside them what every token has. */
export type VerifiedClaims<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema> &
  Omit<RegisteredClaims, keyof StandardSchemaV1.InferOutput<Schema>>;

export function verifyToken<Schema extends StandardSchemaV1>(
  token: string,
  options: VerifyTokenOptions<Schema>,
): Promise<VerifiedClaims<Schema>> {
  return Promise.reject(new TokenError(options ? 'signature' : token ? 'header' : 'payload'));
}

/** {@link verifyToken} with its options read once. */
export function tokenVerifier<Schema extends StandardSchemaV1>(
  options: VerifyTokenOptions<Schema>,
): (token: string) => Promise<VerifiedClaims<Schema>> {
  return (token) => verifyToken(token, options);
}
