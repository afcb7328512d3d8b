import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What stands for an address that is not known any more: the connection is gone. Trusted by no setting. */
export const UNKNOWN_ADDRESS = '0.0.0.0';

const DOTTED = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const MAPPED = '::ffff:';
const CACHE_LIMIT = 1024;
/** An address with a zone, in characters. */
const LONGEST = 64;

/**
 * The one spelling of an IP address: IPv4 dotted, IPv6 compressed in lower case (RFC 5952) and without its zone.
 * An IPv4-mapped IPv6 address becomes the IPv4 address in whichever notation it comes, so that nobody has two.
 *
 * IPv4 is taken in four decimal parts only: `010.0.0.1`, `0x7f.1` and `2130706433` mean different addresses to
 * different programs.
 *
 * @returns undefined for anything that is not an address, or has a port or brackets
 * @see https://www.rfc-editor.org/rfc/rfc5952
 * @example canonicalAddress('::FFFF:7f00:1') // '127.0.0.1'
 */
export function canonicalAddress(text: string): string | undefined {
  if (DOTTED.test(text)) return text;
  if (text.length > LONGEST || !text.includes(':')) return undefined;
  const zone = text.indexOf('%');
  const address = parseV6(zone === -1 ? text : text.slice(0, zone));
  if (address === undefined || zone === text.length - 1) return undefined;
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

function parseV6(text: string): ipaddr.IPv6 | undefined {
  // ipaddr.js also reads `::1.2.3.4` as a mapped address and tolerates zeros in front; neither is written by a proxy,
  // and what two readers understand differently is not an address to act on.
  if (!/^[0-9a-f:.]+$/i.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const quad = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : undefined;
  if (quad !== undefined && !DOTTED.test(quad)) return undefined;
  return ipaddr.IPv6.parse(quad === undefined ? text : withoutQuad(text, quad));
}

function withoutQuad(text: string, quad: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
  const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return text.slice(0, -quad.length) + hex;
}

const seen = new Map<string, string>();

/**
 * The canonical address of the other end of a socket. A Unix socket's other end is a process of this machine, so it
 * counts as 127.0.0.1; a connection that is gone gives {@link UNKNOWN_ADDRESS}.
 *
 * @example socketAddress(req.socket) // '203.0.113.9'
 */
export function socketAddress(socket: Socket): string {
  const raw = socket.remoteAddress;
  if (raw === undefined) return isUnixSocket(socket) ? '127.0.0.1' : UNKNOWN_ADDRESS;
  // What the kernel gives is canonical already, except for mapped addresses and zones.
  if (!raw.includes(':')) return raw;
  if (raw.startsWith(MAPPED) && raw.includes('.')) return raw.slice(MAPPED.length);
  const known = seen.get(raw);
  if (known !== undefined) return known;
  const address = canonicalAddress(raw) ?? UNKNOWN_ADDRESS;
  // Emptying it now and then is cheaper than keeping an order, and no sender can make it grow beyond this.
  if (seen.size >= CACHE_LIMIT) seen.clear();
  seen.set(raw, address);
  return address;
}

function isUnixSocket(socket: Socket & { readonly server?: { address?: () => unknown } }): boolean {
  return !socket.destroyed && typeof socket.server?.address?.() === 'string';
}

/**
 * The key under which a limit is kept: an IPv4 address whole, an IPv6 address as its network of `ipv6Bits` bits,
 * because a single subscriber is given a whole network to draw addresses from.
 *
 * @param ip - an address; a mapped one counts as IPv4, what is no address is returned as it is
 * @param ipv6Bits - 1 to 128
 * @example ipPrefix('2001:db8:1:2:3:4:5:6', 56) // '2001:db8:1::/56'
 */
export function ipPrefix(ip: string, ipv6Bits: number): string {
  if (!ip.includes(':') || ip.length > LONGEST) return ip;
  const wanted = `${ip}/${ipv6Bits}`;
  const known = prefixes.get(wanted);
  if (known !== undefined) return known;
  const prefix = findPrefix(ip, ipv6Bits);
  if (prefixes.size >= CACHE_LIMIT) prefixes.clear();
  prefixes.set(wanted, prefix);
  return prefix;
}

const prefixes = new Map<string, string>();

function findPrefix(ip: string, ipv6Bits: number): string {
  const address = canonicalAddress(ip);
  if (address === undefined || !address.includes(':')) return address ?? ip;
  const bits = Math.min(128, Math.max(1, Math.trunc(ipv6Bits)));
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`;
}

/** A range of addresses, ready to be compared. */
export interface Range {
  readonly network: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/**
 * Reads a range or a single address. A range of mapped IPv6 addresses becomes the IPv4 range that it stands for.
 *
 * @returns undefined for what is neither
 * @example parseRange('10.0.0.0/8')
 */
export function parseRange(text: string): Range | undefined {
  const [head = '', tail, rest] = text.split('/');
  if (rest !== undefined || (tail !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(tail))) return undefined;
  const isV4 = DOTTED.test(head);
  const address = isV4 ? ipaddr.IPv4.parse(head) : parseV6(head);
  const width = isV4 ? 32 : 128;
  const bits = tail === undefined ? width : Number(tail);
  if (address === undefined || bits > width) return undefined;
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
    return { network: address.toIPv4Address(), bits: bits - 96 };
  }
  return { network: address, bits };
}

/** The first address of a range, in CIDR notation. */
export function networkOf(range: Range): string {
  const text = `${range.network.toString()}/${range.bits}`;
  const network =
    range.network instanceof ipaddr.IPv4
      ? ipaddr.IPv4.networkAddressFromCIDR(text)
      : ipaddr.IPv6.networkAddressFromCIDR(text);
  return `${network.toString()}/${range.bits}`;
}

/**
 * Makes a test whether a canonical address lies in one of the ranges. It remembers its last answers: behind a proxy the
 * same few addresses come again and again.
 *
 * @example const isPrivate = rangeTest(PRIVATE_RANGES)
 */
export function rangeTest(ranges: readonly Range[]): (address: string) => boolean {
  const answers = new Map<string, boolean>();
  return function isInRange(address: string): boolean {
    const known = answers.get(address);
    if (known !== undefined) return known;
    const isMember = address !== UNKNOWN_ADDRESS && isIn(address, ranges);
    if (answers.size >= CACHE_LIMIT) answers.clear();
    answers.set(address, isMember);
    return isMember;
  };
}

function isIn(address: string, ranges: readonly Range[]): boolean {
  const parsed = parseRange(address)?.network;
  if (parsed === undefined) return false;
  return ranges.some(({ network, bits }) => {
    if (parsed instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && parsed.match(network, bits);
    return network instanceof ipaddr.IPv6 && parsed.match(network, bits);
  });
}
