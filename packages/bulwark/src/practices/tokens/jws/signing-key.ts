import { createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { factsOf, type JwsAlgorithm } from './algorithms.ts';
import { thumbprintOf } from './generate-key.ts';
import { badKey, bytesOf, type Jwk, type Members, membersOf, readKey } from './jwk.ts';
import { isSignatureOf, signatureOf } from './signature.ts';

/** A private key that was judged, ready to sign. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: JwsAlgorithm;
  readonly key: KeyObject;
}

interface Remembered {
  readonly text: string;
  readonly key: SigningKey;
}

const KNOWN = new WeakMap<object, Remembered>();
const PROBE = 'bulwark';
const PRIVATE: Readonly<Record<string, readonly string[]>> = {
  EC: ['d'],
  OKP: ['d'],
  RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
};

/**
 * Judges a private JWK (or an `oct` one), once: its public half as `readVerifyKey` does, and that the two belong together.
 *
 * Without `kid` its name is its thumbprint (RFC 7638). Without `alg` it signs with EdDSA, ES256, ES384, ES512, RS256 or HS256, as its type and curve are.
 *
 * @param field - where the key is, for the error
 * @throws ConfigError `ERR_TOKEN_KEY`
 */
export function readSigningKey(jwk: Jwk | undefined, field: string): SigningKey {
  const members = membersOf(jwk, field);
  const text = JSON.stringify(members);
  // `membersOf` has thrown for what is no object.
  const owner = jwk as Jwk;
  const known = KNOWN.get(owner);
  if (known?.text === text) return known.key;
  const key = judge(members, field);
  KNOWN.set(owner, { text, key });
  return key;
}

function judge(members: Members, field: string): SigningKey {
  const { kid: given, kty, key, algorithms } = readKey(members, field, 'sign');
  const kid = given ?? nameOf(members, key);
  const preferred = algorithms.has('RS256') ? 'RS256' : [...algorithms][0];
  if (preferred === undefined) throw badKey(field, 'there is no algorithm for it', 'make a new key');
  if (kty === 'oct') return { kid, algorithm: preferred, key };
  const own = importPrivate(members, PRIVATE[kty] ?? [], field);
  if (!isSignatureOf(PROBE, signatureOf(PROBE, own, preferred), key, preferred)) {
    throw badKey(field, 'its private and its public half do not belong together', 'give the key as it was exported');
  }
  return { kid, algorithm: preferred, key: own };
}

/** A name for a key that has none, always the same: its thumbprint, or for a secret a MAC, which tells nothing of it. */
function nameOf(members: Members, key: KeyObject): string {
  if (key.type !== 'secret') return thumbprintOf({ ...members, kty: String(members.kty) });
  return createHmac('sha256', key).update('kid').digest('base64url').slice(0, 22);
}

function importPrivate(members: Members, names: readonly string[], field: string): KeyObject {
  if (members.oth !== undefined) throw badKey(field, 'it has more than two primes', 'make a new key');
  for (const name of names) bytesOf(members, name, field);
  const { kty, crv, x, y, n, e } = members;
  const whole: Record<string, unknown> = { kty, crv, x, y, n, e };
  for (const name of names) whole[name] = members[name];
  try {
    return createPrivateKey({ key: whole, format: 'jwk' });
  } catch {
    throw badKey(field, 'it is no private key', 'give the private key as it was exported, not the public one');
  }
}

/**
 * The public half of a private JWK, as a JWKS endpoint may show it: `kty`, `kid`, `alg`, `use` and the public numbers.
 *
 * @throws ConfigError for an `oct` key, which has none, and for keys that cannot be used
 * @example const jwks = { keys: [publicJwkOf(key)] }
 */
export function publicJwkOf(jwk: Jwk): Jwk {
  const field = 'publicJwkOf()';
  const { kid, algorithm, key } = readSigningKey(jwk, field);
  if (factsOf(algorithm).kty === 'oct')
    throw badKey(field, 'an HMAC key has no public half', 'use EdDSA where others verify');
  const exported = createPublicKey(key).export({ format: 'jwk' });
  return { ...exported, kty: String(exported.kty), kid, alg: algorithm, use: 'sig' };
}
