import type { IncomingMessage } from 'node:http';

/** Any of these says that somebody stands between: the client is not on this machine, whatever the socket says. */
const FORWARDING: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'x-azure-clientip',
]);

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$/i;
const LOOPBACK_HOST = /^(?:localhost|[a-z\d-]{1,63}\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a request comes straight from this machine: a loopback peer that asks for a loopback host, and no header of a
 * proxy. The host keeps out a page of another site whose name was rebound to 127.0.0.1, and tunnels that add no header.
 */
export function isLocalRequest(req: IncomingMessage): boolean {
  if (!LOOPBACK_ADDRESS.test(req.socket?.remoteAddress ?? '')) return false;
  if (!LOOPBACK_HOST.test(req.headers.host ?? '')) return false;
  // The raw list: the client practice takes what it does not believe out of `req.headers`.
  return !req.rawHeaders.some((name, i) => i % 2 === 0 && FORWARDING.has(name.toLowerCase()));
}
