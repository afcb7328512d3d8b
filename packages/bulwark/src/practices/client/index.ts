import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { ALONE, contextOf, type Middleware, type Services } from '../../context.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { socketAddress } from './address.ts';
import { claimsProxy, settleClaims } from './claims.ts';
import { findHost, localHost, pathOf, rawHost } from './effective-host.ts';
import { compileHosts, type Host, parseHost } from './host.ts';
import { type Mismatch, proxyNotices } from './notices.ts';
import { type ClientOptions, DEFAULTS, schema } from './options.ts';
import type { ProxyRules } from './presets.ts';
import { readProxy } from './proxy.ts';
import { readTold, type Told } from './told.ts';

export { ipPrefix } from './address.ts';
export type { ClientOptions } from './options.ts';
export type { PresetName } from './presets.ts';
export type { ProxyCidrs, ProxyHeaders, ProxyHops, ProxySetting } from './proxy.ts';
export { trustProxyFunction } from './trust-express.ts';

/** Who is calling, and where he believes to be. */
export interface Client {
  /** IPv4 dotted, IPv6 compressed in lower case without a zone; a mapped IPv6 address is given as IPv4. */
  readonly ip: string;
  /** The other end of the socket, in the same form: the client, or the last proxy. */
  readonly peer: string;
  readonly protocol: 'http' | 'https';
  /** Lower case, punycode, without the protocol's default port or a final dot: `shop.example`, `shop.example:8443`. */
  readonly host: string;
  /** The host without its port; IPv6 in brackets. */
  readonly hostname: string;
  /** `protocol://host`, as the URL standard serialises an origin. */
  readonly origin: string;
  /** True if a declared proxy told any of this. */
  readonly forwarded: boolean;
}

/**
 * Finds out who is calling, and refuses hosts that are not served.
 *
 * `X-Forwarded-*` and `Forwarded` count only if the policy declares a proxy and that proxy sent them. The answer is in
 * {@link clientOf}; in `req.headers` only what is believed is left.
 *
 * @param options.origins - origins of the app; their hosts are served
 * @param options.proxy - `'none'` (default), a preset, `{ hops }` or `{ cidrs }`
 * @throws ConfigError `ERR_CONFIG_TRUST_PROXY`, `ERR_CONFIG_ORIGIN`, `ERR_CONFIG_VALUE`, `ERR_CONFIG_UNKNOWN_KEY`
 * @see CWE-348, CWE-290, CWE-644; ASVS 4.1.3, 15.3.4
 * @example app.use(client({ origins: ['https://shop.example'], proxy: 'nginx' }))
 */
export function client(options: ClientOptions = {}, services: Services = ALONE): Middleware {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'client');
  if (Array.isArray(resolved.origins) && resolved.origins.length === 0) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'origins',
      message: 'the list is empty, so no host would be served',
      fix: "name at least one: ['https://shop.example']",
    });
  }
  const rules = readProxy(resolved.proxy);
  const hosts = compileHosts(resolved.origins, resolved.hosts);
  const anyHostPaths: ReadonlySet<string> = new Set(resolved.dangerouslyAnyHostPaths);
  const notice = proxyNotices(services.emit, rules.name);
  const servesLoopback = services.mode !== 'production';

  return function identifyClient(req, _res, next) {
    const context = contextOf(req);
    if (context.client !== undefined) return next();
    const peer = socketAddress(req.socket);
    const isAnyHost = anyHostPaths.size > 0 && anyHostPaths.has(pathOf(req));
    const noticeOf = isAnyHost || context.selfTest ? undefined : notice;
    try {
      const told = listen(rules, req, peer, noticeOf);
      const protocol = told.protocol ?? socketProtocol(req);
      const host = findHost(req, told.host, protocol, {
        hosts,
        isAnyHost,
        servesLoopback: servesLoopback && isLoopback(peer),
      });
      context.client = makeClient(told, peer, protocol, host.host);
      settleClaims(req.headers, context.client, told.host !== undefined);
      if (host.refusal !== undefined) return next(host.refusal);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // In monitor mode the request goes on: as what the socket alone says of it.
      context.client = clientOf(req);
      settleClaims(req.headers, context.client, false);
      return next(error);
    }
    next();
  };
}

/**
 * Who is calling. Where the `client` practice has not run, this is what the socket alone says: no header but `Host` is read.
 *
 * @example clientOf(req).ip // '203.0.113.9'
 */
export function clientOf(req: IncomingMessage): Client {
  const { client: known } = contextOf(req);
  if (known !== undefined) return known;
  const protocol = socketProtocol(req);
  const raw = rawHost(req);
  const host = (raw === undefined ? undefined : parseHost(raw, protocol)) ?? localHost(req, protocol);
  return makeClient(UNTOLD, socketAddress(req.socket), protocol, host);
}

const UNTOLD: Told = { address: undefined, protocol: undefined, host: undefined };

function listen(
  rules: ProxyRules,
  req: IncomingMessage,
  peer: string,
  notice: ((kind: Mismatch, peer: string) => void) | undefined,
): Told {
  if (rules.name === 'none') {
    if (claimsProxy(req.headers)) notice?.('undeclared', peer);
    return UNTOLD;
  }
  if (!rules.trusts(peer, 0)) {
    notice?.('direct', peer);
    return UNTOLD;
  }
  const told = readTold(rules, req.headers, peer);
  if (told.address === undefined) notice?.('silent', peer);
  else if (told.protocol === undefined && socketProtocol(req) === 'http') notice?.('protocol', peer);
  return told;
}

function makeClient(told: Told, peer: string, protocol: 'http' | 'https', { host, hostname }: Host): Client {
  return {
    ip: told.address ?? peer,
    peer,
    protocol,
    host,
    hostname,
    origin: `${protocol}://${host}`,
    forwarded: told.address !== undefined || told.protocol !== undefined || told.host !== undefined,
  };
}

function socketProtocol(req: IncomingMessage): 'http' | 'https' {
  return (req.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
