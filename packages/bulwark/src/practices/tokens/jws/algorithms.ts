import { ConfigError } from '../../../errors.ts';

/** What kind of key an algorithm takes: JWK's `kty`. */
export type KeyType = 'EC' | 'OKP' | 'RSA' | 'oct';

/** The signature algorithms of RFC 7518 3.1 and RFC 8037 (EdDSA with Ed25519); `none` is not among them. */
export const ALGORITHMS = [
  'EdDSA',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'HS256',
  'HS384',
  'HS512',
] as const;

/** A signature algorithm that {@link verifyJws} knows. */
export type JwsAlgorithm = (typeof ALGORITHMS)[number];

/** What an algorithm asks of its key, and how its signature looks. */
export interface AlgorithmFacts {
  readonly kty: KeyType;
  /** JWK's `crv`, where the key has one. */
  readonly crv?: string;
  /** OpenSSL's name of the hash; undefined for EdDSA, which brings its own. */
  readonly hash: string | undefined;
  /** Bytes of the hash: an HMAC key must not be shorter (RFC 7518 3.2). */
  readonly hashBytes: number;
  /** Bytes of the signature; undefined for RSA, where it is as long as the modulus. */
  readonly signatureBytes: number | undefined;
}

const FACTS: Readonly<Record<JwsAlgorithm, AlgorithmFacts>> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: undefined, hashBytes: 64, signatureBytes: 64 },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', hashBytes: 32, signatureBytes: 64 },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384', hashBytes: 48, signatureBytes: 96 },
  ES512: { kty: 'EC', crv: 'P-521', hash: 'sha512', hashBytes: 64, signatureBytes: 132 },
  PS256: { kty: 'RSA', hash: 'sha256', hashBytes: 32, signatureBytes: undefined },
  PS384: { kty: 'RSA', hash: 'sha384', hashBytes: 48, signatureBytes: undefined },
  PS512: { kty: 'RSA', hash: 'sha512', hashBytes: 64, signatureBytes: undefined },
  RS256: { kty: 'RSA', hash: 'sha256', hashBytes: 32, signatureBytes: undefined },
  RS384: { kty: 'RSA', hash: 'sha384', hashBytes: 48, signatureBytes: undefined },
  RS512: { kty: 'RSA', hash: 'sha512', hashBytes: 64, signatureBytes: undefined },
  HS256: { kty: 'oct', hash: 'sha256', hashBytes: 32, signatureBytes: 32 },
  HS384: { kty: 'oct', hash: 'sha384', hashBytes: 48, signatureBytes: 48 },
  HS512: { kty: 'oct', hash: 'sha512', hashBytes: 64, signatureBytes: 64 },
};

/** What is known of an algorithm. */
export function factsOf(algorithm: JwsAlgorithm): AlgorithmFacts {
  return FACTS[algorithm];
}

/** Whether a name is one of {@link ALGORITHMS}, letter by letter: `NONE` and `hs256` are not. */
export function isAlgorithm(name: unknown): name is JwsAlgorithm {
  return typeof name === 'string' && (ALGORITHMS as readonly string[]).includes(name);
}

/**
 * Reads the list of algorithms that a caller allows.
 *
 * @param field - the setting's name, for the error
 * @throws ConfigError where it is no list, empty, or names what is unknown or `none`
 * @example readAlgorithms(['EdDSA'], 'verifyJws().algorithms').has('EdDSA') // true
 */
export function readAlgorithms(given: unknown, field: string): ReadonlySet<JwsAlgorithm> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [];
  const unknown = list.find((name) => !isAlgorithm(name));
  if (list.length > 0 && unknown === undefined) return new Set(list.filter(isAlgorithm));
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: list.length === 0 ? 'it names no algorithm' : 'it names what is no signature algorithm',
    fix: `name the algorithms that you expect, of: ${ALGORITHMS.join(', ')}`,
  });
}
