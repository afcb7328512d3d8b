import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The names that the local CA may sign: those that no public CA issues and no public DNS resolves. A CA key that
 * leaks from a developer's machine can then not be used against any site of the internet.
 */
export const LOCAL_DOMAINS: readonly string[] = ['localhost', 'test', 'local', 'internal', 'home.arpa'];

/** The addresses that the local CA may sign: loopback, link-local and private networks (RFC 1918, RFC 4193). */
export const LOCAL_NETWORKS: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

const networks = LOCAL_NETWORKS.map((network) => ipaddr.parseCIDR(network));

/**
 * True for a name or address that the local CA may sign.
 *
 * @param hostname - without port; an IPv6 address without brackets
 * @example isLocalName('shop.test') // true
 * @example isLocalName('shop.example') // false
 */
export function isLocalName(hostname: string): boolean {
  if (isIP(hostname) !== 0) {
    const address = ipaddr.parse(hostname);
    return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
  const name = hostname.toLowerCase();
  return LOCAL_DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}

/**
 * True for the names by which a machine speaks to itself: `localhost`, `*.localhost`, 127.0.0.0/8, `::1`, `[::1]`.
 *
 * @example isLoopback('127.0.0.9') // true
 */
export function isLoopback(hostname: string): boolean {
  const name = withoutBrackets(hostname).toLowerCase();
  if (isIP(name) !== 0) return ipaddr.process(name).range() === 'loopback';
  return name === 'localhost' || name.endsWith('.localhost');
}

/**
 * The host name of an origin, without port and without the brackets of IPv6.
 *
 * @example hostnameOf('https://[::1]:8443') // '::1'
 */
export function hostnameOf(origin: string): string {
  return withoutBrackets(new URL(origin).hostname);
}

/**
 * An IPv6 address as everything but a URL writes it; other names as they are.
 *
 * @example withoutBrackets('[::1]') // '::1'
 */
export function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
}
