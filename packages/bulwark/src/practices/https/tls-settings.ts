import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** Forward secrecy and AEAD only: no CBC, no static RSA (ASVS 12.1.2, CWE-327; RFC 9325 §4.2). */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

const CLASSIC_GROUPS = 'X25519:prime256v1:secp384r1';
const HYBRID_GROUPS = `X25519MLKEM768:${CLASSIC_GROUPS}`;

/**
 * The TLS settings of the server: TLS 1.2 and 1.3, AEAD suites with forward secrecy in the server's order, no
 * renegotiation, and the hybrid post-quantum key exchange first where this OpenSSL has it (3.5).
 *
 * @returns options for `createServer` and, with a certificate, for `setSecureContext`, which forgets the old ones
 * @see ASVS 12.1.1, 12.1.2; RFC 9325
 * @example https.createServer({ ...tlsSettings(), cert, key })
 */
export function tlsSettings(): SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    ecdhCurve: takes(HYBRID_GROUPS) ? HYBRID_GROUPS : CLASSIC_GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** An OpenSSL that does not know a group throws at its name, so there is no other way to ask. */
function takes(ecdhCurve: string): boolean {
  try {
    createSecureContext({ ecdhCurve });
    return true;
  } catch {
    return false;
  }
}
