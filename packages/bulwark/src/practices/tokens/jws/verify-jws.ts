import { ConfigError } from '../../../errors.ts';
import { type JwsAlgorithm, readAlgorithms } from './algorithms.ts';
import { verifyCompact } from './compact.ts';
import type { Jwk } from './jwk.ts';
import { type JwkSet, readVerifyKeys } from './key-set.ts';

/** What {@link verifyJws} is told. */
export interface VerifyJwsOptions {
  /** The algorithms that are expected; each key takes those of its type and curve only. */
  readonly algorithms: readonly JwsAlgorithm[];
  /** Longest compact serialisation, in characters; 65536 unless said otherwise. */
  readonly maxLength?: number;
}

const LONGEST = 65_536;

/**
 * Verifies a JWS in compact serialisation (RFC 7515) and gives its payload.
 *
 * Strict beyond the RFC: base64url in its one spelling, no JSON name twice, no `crit`, no key of the sender's (`jwk`, `jku`,
 * `x5c`, `x5u`), the algorithm that the key is for, keys as `readVerifyKey` and `readVerifyKeys` judge them. Keys are judged
 * once and remembered by their object. ASVS 9.1.1, 9.1.2, 9.1.3, CWE-347.
 *
 * @param compact - `header.payload.signature`
 * @param keys - a public JWK, or a set of one type with a `kid` each; `oct` where HMAC is what you want
 * @returns the bytes of the payload
 * @throws TokenError where the JWS is refused; ConfigError where key or options cannot be used
 * @example const payload = await verifyJws(compact, jwks, { algorithms: ['EdDSA'] })
 */
export async function verifyJws(compact: string, keys: Jwk | JwkSet, options: VerifyJwsOptions): Promise<Uint8Array> {
  const { algorithms, maxLength = LONGEST } = options ?? {};
  const rules = { algorithms: readAlgorithms(algorithms, 'verifyJws().algorithms'), maxLength: readLength(maxLength) };
  return new Uint8Array(verifyCompact(compact, readVerifyKeys(keys, 'verifyJws().keys'), rules).payload);
}

function readLength(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'verifyJws().maxLength',
    message: 'it is no number of characters',
    fix: 'write a whole number, such as 65536',
  });
}
