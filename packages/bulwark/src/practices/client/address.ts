import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Groups, isInNetwork, mappedAddress, networkGroups, readGroups, writeGroups } from './ipv6.ts';

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
  const groups = groupsOf(text);
  return groups === undefined ? undefined : (mappedAddress(groups) ?? writeGroups(groups));
}

function groupsOf(text: string): Groups | undefined {
  if (text.length > LONGEST || !text.includes(':')) return undefined;
  const groups = readGroups(text);
  if (groups !== undefined) return groups;
  const zone = text.indexOf('%');
  if (zone === text.length - 1) return undefined;
  return parseV6(zone === -1 ? text : text.slice(0, zone))?.parts;
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
  // Shedding, limits and the log ask one after another for the same client.
  if (ip === last.ip && ipv6Bits === last.bits) return last.prefix;
  last = { ip, bits: ipv6Bits, prefix: findPrefix(ip, ipv6Bits) };
  return last.prefix;
}

let last = { ip: '', bits: 0, prefix: '' };

function findPrefix(ip: string, ipv6Bits: number): string {
  const groups = groupsOf(ip);
  if (groups === undefined) return ip;
  const mapped = mappedAddress(groups);
  if (mapped !== undefined) return mapped;
  const bits = Math.min(128, Math.max(1, Math.trunc(ipv6Bits)));
  return `${writeGroups(networkGroups(groups, bits))}/${bits}`;
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
 * Makes a test whether a canonical address lies in one of the ranges. It remembers no answers: comparing numbers costs the
 * same for the first client as for the millionth.
 *
 * @example const isPrivate = rangeTest(PRIVATE_RANGES)
 */
export function rangeTest(ranges: readonly Range[]): (address: string) => boolean {
  const spans = ranges.flatMap(({ network, bits }) => (network instanceof ipaddr.IPv4 ? [spanOf(network, bits)] : []));
  const networks = ranges.flatMap(({ network, bits }) =>
    network instanceof ipaddr.IPv6 ? [{ groups: networkGroups(network.parts, bits), bits }] : [],
  );
  return function isInRange(address: string): boolean {
    if (address === UNKNOWN_ADDRESS) return false;
    const value = dottedValue(address);
    if (value !== -1) return isInSpan(value, spans);
    const groups = networks.length === 0 ? undefined : readGroups(address);
    // A mapped address is none in its canonical form; in any other it is in no range.
    if (groups === undefined || mappedAddress(groups) !== undefined) return false;
    return networks.some((network) => isInNetwork(groups, network.groups, network.bits));
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
