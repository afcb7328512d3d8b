import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What stands for an address that is not known any more: the connection is gone. Trusted by no setting. */
export const UNKNOWN_ADDRESS = '0.0.0.0';

/** A dot, counted from the digit 0. */
const DOT = '.'.charCodeAt(0) - 48;
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
  if (dottedValue(text) !== -1) return text;
  if (text.length > LONGEST || !text.includes(':')) return undefined;
  const zone = text.indexOf('%');
  const address = parseV6(zone === -1 ? text : text.slice(0, zone));
  if (address === undefined || zone === text.length - 1) return undefined;
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

/** An IPv4 address in four decimal parts as a number of 32 bits; -1 for anything else, a zero in front included. */
function dottedValue(text: string): number {
  if (text.length < 7 || text.length > 15) return -1;
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit === DOT) {
      if (part === -1 || ++dots > 3) return -1;
      value = value * 256 + part;
      part = -1;
    } else {
      if (digit < 0 || digit > 9 || part === 0) return -1;
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    }
  }
  return part === -1 || dots !== 3 ? -1 : value * 256 + part;
}

function parseV6(text: string): ipaddr.IPv6 | undefined {
  // ipaddr.js also reads `::1.2.3.4` as a mapped address and tolerates zeros in front; neither is written by a proxy,
  // and what two readers understand differently is not an address to act on.
  if (!/^[0-9a-f:.]+$/i.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const quad = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : undefined;
  if (quad !== undefined && dottedValue(quad) === -1) return undefined;
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
  const isV4 = dottedValue(head) !== -1;
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
 * Makes a test whether a canonical address lies in one of the ranges. IPv4 addresses are compared as numbers; for IPv6 it
 * remembers its last answers.
 *
 * @example const isPrivate = rangeTest(PRIVATE_RANGES)
 */
export function rangeTest(ranges: readonly Range[]): (address: string) => boolean {
  const spans = ranges.flatMap(({ network, bits }) => (network instanceof ipaddr.IPv4 ? [spanOf(network, bits)] : []));
  const answers = new Map<string, boolean>();
  return function isInRange(address: string): boolean {
    if (address === UNKNOWN_ADDRESS) return false;
    const value = dottedValue(address);
    if (value !== -1) return isInSpan(value, spans);
    const known = answers.get(address);
    if (known !== undefined) return known;
    const isMember = isIn(address, ranges, spans);
    if (answers.size >= CACHE_LIMIT) answers.clear();
    answers.set(address, isMember);
    return isMember;
  };
}

/** The first and the last address of an IPv4 range, as numbers. */
interface Span {
  readonly first: number;
  readonly last: number;
}

function spanOf(network: ipaddr.IPv4, bits: number): Span {
  const size = 2 ** (32 - bits);
  const value = dottedValue(network.toString());
  const first = value - (value % size);
  return { first, last: first + size - 1 };
}

function isInSpan(value: number, spans: readonly Span[]): boolean {
  for (const { first, last } of spans) {
    if (value >= first && value <= last) return true;
  }
  return false;
}

function isIn(address: string, ranges: readonly Range[], spans: readonly Span[]): boolean {
  const parsed = parseRange(address)?.network;
  if (parsed === undefined) return false;
  if (parsed instanceof ipaddr.IPv4) return isInSpan(dottedValue(parsed.toString()), spans);
  return ranges.some(({ network, bits }) => network instanceof ipaddr.IPv6 && parsed.match(network, bits));
}
