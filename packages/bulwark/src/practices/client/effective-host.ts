import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../errors.ts';
import { canonicalAddress } from './address.ts';
import { malformed } from './forwarded.ts';
import { type Host, type HostList, isLoopbackHost, parseHost } from './host.ts';

/** How the hosts of one request are judged. */
export interface HostRules {
  readonly hosts: HostList;
  /** The path was named in `dangerouslyAnyHostPaths`. */
  readonly isAnyHost: boolean;
  /** Not in production, and the peer is this machine. */
  readonly servesLoopback: boolean;
}

/**
 * The host that a request means, and why it is refused for it, if it is.
 *
 * @param forwarded - what a declared proxy says, where it is believed in that
 * @throws Refusal `ERR_FORWARDED_INVALID` if what it says is no host
 */
export function findHost(
  req: IncomingMessage,
  forwarded: string | undefined,
  protocol: 'http' | 'https',
  { hosts, isAnyHost, servesLoopback }: HostRules,
): { readonly host: Host; readonly refusal: Refusal | undefined } {
  const raw = rawHost(req);
  const problem = hostProblem(req, raw, protocol);
  // A probe calls by address or without a host, and its path was named for that: direction open, for exactly these paths;
  // the audit shows the setting.
  if (isAnyHost) {
    return {
      host: (problem === undefined ? parseHost(raw ?? '', protocol) : undefined) ?? localHost(req, protocol),
      refusal: undefined,
    };
  }
  if (raw === undefined || problem !== undefined) {
    return { host: localHost(req, protocol), refusal: invalid(problem ?? '', raw) };
  }
  const found = hosts.find(forwarded ?? raw, protocol);
  const own = forwarded === undefined && typeof found === 'object' ? found : parseHost(raw, protocol);
  if (own === undefined)
    return { host: localHost(req, protocol), refusal: invalid('the Host header is not a host', raw) };
  if (found === 'invalid') throw malformed('the forwarded host', 'is not a host');
  if (found !== 'unknown') return { host: found, refusal: undefined };
  const host = parseHost(forwarded ?? raw, protocol) ?? own;
  // A developer's own browser on this machine: direction open, outside production only, and only for a local peer.
  if (servesLoopback && forwarded === undefined && isLoopbackHost(host)) return { host, refusal: undefined };
  const reason = 'the host of this request is in neither origins nor client.hosts';
  return { host, refusal: new Refusal('ERR_HOST_NOT_ALLOWED', { reason, cause: shown(forwarded ?? raw) }) };
}

/** What is wrong with the Host header or with the authority of the target, beyond the host's own form. */
function hostProblem(req: IncomingMessage, raw: string | undefined, protocol: 'http' | 'https'): string | undefined {
  if (raw === undefined) return 'the Host header is missing';
  if (countHosts(req.rawHeaders) > 1) return 'there is more than one Host header';
  return objectionToTarget(targetOf(req), raw, protocol);
}

/**
 * What is wrong with a request target that is no path, or undefined. RFC 9112 3.2.2: the authority of an absolute target
 * counts, not Host. A client sends both the same; where they differ, somebody on the way has read the other one.
 *
 * @param host - the Host header
 * @param protocol - whose default port may be left out; without it, that of the target's own scheme
 * @example objectionToTarget('http://evil.example/', 'shop.example') // 'the request target names another host than Host'
 */
export function objectionToTarget(
  target: string,
  host: string | undefined,
  protocol?: 'http' | 'https',
): string | undefined {
  if (target.startsWith('/') || target === '*') return undefined;
  const [, scheme = '', authority] = /^(https?):\/\/([^/?#]*)/i.exec(target) ?? [];
  const under = protocol ?? (scheme.toLowerCase() === 'https' ? 'https' : 'http');
  const own = authority === undefined ? undefined : parseHost(authority, under);
  if (own === undefined) return 'the request target is neither a path nor a URL with a host';
  if (own.host === parseHost(host ?? '', under)?.host) return undefined;
  return 'the request target names another host than Host';
}

function invalid(reason: string, raw: string | undefined): Refusal {
  return new Refusal('ERR_HOST_INVALID', { reason, cause: shown(raw ?? '') });
}

/** For the log only. */
function shown(host: string): string {
  return JSON.stringify(host.slice(0, 300));
}

/** The Host header as it came in; HTTP/2 calls it `:authority`. */
export function rawHost(req: IncomingMessage): string | undefined {
  const { host } = req.headers;
  if (host !== undefined) return host;
  const authority = req.headers[':authority'];
  return typeof authority === 'string' ? authority : undefined;
}

/** node keeps the first of several Host headers and drops the others. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) count += 1;
  }
  return count;
}

/** The address of this server: where a request does not say, or not readably, whom it wants. */
export function localHost(req: IncomingMessage, protocol: 'http' | 'https'): Host {
  const { localAddress, localPort } = req.socket;
  const address = (localAddress === undefined ? undefined : canonicalAddress(localAddress)) ?? '127.0.0.1';
  const name = address.includes(':') ? `[${address}]` : address;
  const raw = localPort === undefined ? name : `${name}:${localPort}`;
  return parseHost(raw, protocol) ?? { host: name, hostname: name };
}

/** The target as it came in: below a mounted router, Express cuts `req.url`. */
export function targetOf(req: IncomingMessage): string {
  return (req as IncomingMessage & { originalUrl?: string }).originalUrl ?? req.url ?? '/';
}

/** The path of the target, without its query. */
export function pathOf(req: IncomingMessage): string {
  const target = targetOf(req);
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
