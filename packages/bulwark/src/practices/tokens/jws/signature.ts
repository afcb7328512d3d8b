import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { factsOf, type JwsAlgorithm } from './algorithms.ts';

const ENCODING = 'ieee-p1363';

/** OpenSSL's parameters of an RSA algorithm: PSS with a salt as long as the hash (RFC 7518 3.5), or PKCS #1 v1.5. */
function rsaOptions(algorithm: JwsAlgorithm): { readonly padding: number; readonly saltLength?: number } {
  return algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: factsOf(algorithm).hashBytes }
    : { padding: constants.RSA_PKCS1_PADDING };
}

/**
 * Whether a signature is one of this key for these bytes. Synchronous: what waits for libuv's pool waits behind every
 * password that is being hashed (docs/decisions/0020-tokens.md).
 *
 * @param data - ASCII: header and payload, as they came
 */
export function isSignatureOf(data: string, signature: Buffer, key: KeyObject, algorithm: JwsAlgorithm): boolean {
  const { hash, kty, signatureBytes } = factsOf(algorithm);
  if (signatureBytes !== undefined && signature.length !== signatureBytes) return false;
  if (kty === 'oct')
    return timingSafeEqual(
      createHmac(hash ?? '', key)
        .update(data)
        .digest(),
      signature,
    );
  try {
    const bytes = Buffer.from(data, 'latin1');
    if (kty === 'OKP') return verify(null, bytes, key, signature);
    if (kty === 'EC') return verify(hash, bytes, { key, dsaEncoding: ENCODING }, signature);
    return verify(hash, bytes, { key, ...rsaOptions(algorithm) }, signature);
  } catch {
    // What OpenSSL cannot read as a signature is none.
    return false;
  }
}

/** Signs ASCII. */
export function signatureOf(data: string, key: KeyObject, algorithm: JwsAlgorithm): Buffer {
  const { hash, kty } = factsOf(algorithm);
  if (kty === 'oct')
    return createHmac(hash ?? '', key)
      .update(data)
      .digest();
  const bytes = Buffer.from(data, 'latin1');
  if (kty === 'OKP') return sign(null, bytes, key);
  if (kty === 'EC') return sign(hash, bytes, { key, dsaEncoding: ENCODING });
  return sign(hash, bytes, { key, ...rsaOptions(algorithm) });
}
