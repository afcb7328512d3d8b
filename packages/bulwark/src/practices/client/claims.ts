import type { IncomingHttpHeaders } from 'node:http';
import type { Client } from './index.ts';

const ADDRESS_CLAIMS = [
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-pseudo-ipv4',
  'fly-client-ip',
  'fastly-client-ip',
  'x-original-forwarded-for',
];
const OTHER_CLAIMS = [
  'forwarded',
  'x-forwarded-port',
  'x-forwarded-ssl',
  'x-forwarded-scheme',
  'x-forwarded-protocol',
  'x-forwarded-server',
  'x-forwarded-by',
  'x-original-host',
  'x-url-scheme',
  'front-end-https',
  'fly-forwarded-proto',
  'fly-forwarded-port',
  'fly-forwarded-ssl',
  'cf-visitor',
];
const CLAIMS: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  ...ADDRESS_CLAIMS,
  ...OTHER_CLAIMS,
]);
const ADDRESSES: ReadonlySet<string> = new Set(ADDRESS_CLAIMS);

/**
 * Leaves in `req.headers` only what is believed of who is calling: handlers and libraries that read X-Forwarded-Host or
 * X-Real-IP themselves then find the truth, or nothing (ASVS 4.1.3). `req.rawHeaders` keeps what was sent.
 *
 * @param forwardedHost - the believed host came from a forwarding header
 */
export function settleClaims(headers: IncomingHttpHeaders, client: Client, forwardedHost: boolean): void {
  for (const name in headers) {
    if (!CLAIMS.has(name)) continue;
    const believed = believedOf(name, client, forwardedHost);
    // Taking a field out makes a slow dictionary of the whole object, for everybody who reads a header after this.
    if (believed === undefined) delete headers[name];
    else headers[name] = believed;
  }
  if (!client.forwarded) return;
  headers['x-forwarded-for'] ??= client.ip;
  headers['x-forwarded-proto'] ??= client.protocol;
  if (forwardedHost) headers['x-forwarded-host'] ??= client.host;
}

/** What a claim must say to be true; undefined where nothing is known of it. */
function believedOf(name: string, client: Client, forwardedHost: boolean): string | undefined {
  if (!client.forwarded) return undefined;
  if (name === 'x-forwarded-for') return client.ip;
  if (name === 'x-forwarded-proto') return client.protocol;
  if (name === 'x-forwarded-host') return forwardedHost ? client.host : undefined;
  return ADDRESSES.has(name) ? client.ip : undefined;
}

/** Whether a request claims to have come through a proxy. */
export function claimsProxy(headers: IncomingHttpHeaders): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
}
