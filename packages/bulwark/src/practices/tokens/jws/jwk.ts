/**
 * A JSON Web Key (RFC 7517). Which members it may have, and what is refused, says `readVerifyKey`.
 */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: readonly string[];
  readonly [member: string]: unknown;
}

/** A JSON Web Key Set (RFC 7517 5). */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}
