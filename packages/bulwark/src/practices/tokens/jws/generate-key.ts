import { createHash, generateKeyPair, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { factsOf, isAlgorithm, type JwsAlgorithm } from './algorithms.ts';
import { badKey, type Jwk } from './jwk.ts';

const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options?: object,
) => Promise<{ readonly privateKey: KeyObject }>;

const RSA_BITS = 3072;

/**
 * Makes a private JWK to sign tokens with. Its `kid` is the thumbprint of its public half (RFC 7638); that of an HMAC key is
 * random, since a name must tell nothing of a secret.
 *
 * @param algorithm - EdDSA unless said otherwise; RSA keys have 3072 bits
 * @returns a secret: it belongs where secrets are kept
 * @example const key = await generateTokenKey()
 */
export async function generateTokenKey(algorithm: JwsAlgorithm = 'EdDSA'): Promise<Jwk> {
  if (!isAlgorithm(algorithm)) throw badKey('generateTokenKey()', 'there is no such algorithm', 'use "EdDSA"');
  const { kty, crv, hashBytes } = factsOf(algorithm);
  if (kty === 'oct') {
    return { kty, kid: randomUUID(), alg: algorithm, use: 'sig', k: randomBytes(hashBytes).toString('base64url') };
  }
  const { privateKey } =
    kty === 'RSA'
      ? await generate('rsa', { modulusLength: RSA_BITS })
      : await (kty === 'OKP' ? generate('ed25519') : generate('ec', { namedCurve: crv }));
  const jwk = privateKey.export({ format: 'jwk' });
  return { ...jwk, kty, kid: thumbprintOf({ ...jwk, kty }), alg: algorithm, use: 'sig' };
}

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/**
 * The thumbprint of a public or private JWK: SHA-256 of its required public members in order, as base64url (RFC 7638 3).
 *
 * @throws ConfigError for an `oct` key: its thumbprint would be a hash of the secret
 */
export function thumbprintOf(jwk: Jwk): string {
  const names = REQUIRED[jwk.kty];
  if (names === undefined) throw badKey('thumbprintOf()', 'such a key has no public half', 'give its kid another way');
  const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(text).digest('base64url');
}
