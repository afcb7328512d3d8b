import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Schemes that a browser answers by itself once the user has typed a password, also for another site's request. */
const RESENT = /^(?:basic|digest|negotiate|ntlm)(?:\s|$)/i;

/**
 * The credential that a browser would add to anybody's request, in words for the reason; undefined where there is none.
 *
 * A bearer token is not one: a page must have it to send it.
 *
 * @example ambientCredential(req) // 'a Cookie header'
 */
export function ambientCredential(req: IncomingMessage): string | undefined {
  const { cookie, authorization } = req.headers;
  if (cookie !== undefined && cookie.trim() !== '') return 'a Cookie header';
  if (authorization !== undefined && RESENT.test(authorization)) {
    return 'an Authorization header that browsers repeat by themselves';
  }
  return hasClientCertificate(req) ? 'a client certificate' : undefined;
}

function hasClientCertificate(req: IncomingMessage): boolean {
  const socket = req.socket as Partial<TLSSocket>;
  if (socket.encrypted !== true || typeof socket.getPeerCertificate !== 'function') return false;
  // Empty where the client sent none; null once the socket is destroyed.
  const certificate = socket.getPeerCertificate() as object | null;
  return certificate !== null && Object.keys(certificate).length > 0;
}
