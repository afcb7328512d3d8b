import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { contextOf } from '../../context.ts';

const NONCE_BYTES = 16;
const pool = Buffer.allocUnsafe(NONCE_BYTES * 256);
let used = pool.length;

/** A fresh nonce: 128 bits from the system's generator, base64url. Asks the system once for 256 of them. */
export function newNonce(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const nonce = pool.toString('base64url', used, used + NONCE_BYTES);
  used += NONCE_BYTES;
  return nonce;
}

/**
 * The nonce of this response, for the `nonce` attribute of inline scripts and styles. Asking for it puts it into the
 * response's policy; a response that nobody asks for carries none. Ask before the response's head is sent: later, the
 * browser refuses what carries it.
 *
 * On a page with a nonce every `<script>` needs it, those with a `src` too: `'strict-dynamic'` replaces `'self'`.
 * Such a page is never stored by a cache, so no two responses share a nonce.
 *
 * @returns 22 characters of base64url: 128 bits (CSP3 §7.1; ASVS 3.4.3, CWE-330)
 * @example res.end(`<script nonce="${nonceOf(req)}">start()</script>`)
 */
export function nonceOf(req: IncomingMessage): string {
  const context = contextOf(req);
  context.nonce ??= newNonce();
  return context.nonce;
}
