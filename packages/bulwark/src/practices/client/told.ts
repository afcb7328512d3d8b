import type { IncomingHttpHeaders } from 'node:http';
import { canonicalAddress } from './address.ts';
import { entryAt, type ForwardedElement, listOf, malformed, nodeAddress, parseForwarded } from './forwarded.ts';
import { parseHost } from './host.ts';
import type { ProxyRules } from './presets.ts';

/** What a declared proxy says of a request. */
export interface Told {
  /** The client's canonical address; undefined where the proxy says none. */
  readonly address: string | undefined;
  readonly protocol: 'http' | 'https' | undefined;
  /** The host as it was written, where the proxy is believed in that. */
  readonly host: string | undefined;
}

const NOTHING: Told = { address: undefined, protocol: undefined, host: undefined };
const PROTOCOLS: ReadonlyMap<string, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
]);

/**
 * Reads what the proxy says; only to be asked where `rules.trusts(peer, 0)`.
 *
 * Entries are taken from the right, where the trusted proxies wrote them, for as long as their sender is trusted. What
 * stands further left is the client's own and is never read. An entry that is read and is no address ends the request:
 * going on with the last good address would put everybody behind that proxy into one client, and give an attacker who
 * can spoil the header the proxy's identity in place of his own.
 *
 * @throws Refusal `ERR_FORWARDED_INVALID`
 */
export function readTold(rules: ProxyRules, headers: IncomingHttpHeaders, peer: string): Told {
  const x = rules.headers === 'forwarded' ? NOTHING : readXForwarded(rules, headers, peer);
  const field = rules.headers === 'x-forwarded' ? undefined : joined(headers.forwarded);
  if (field === undefined) return x;
  const forwarded = readForwarded(rules, parseForwarded(field), peer);
  // One of the two was written by the client, and nothing says which.
  if (!agree(x, forwarded)) throw malformed('Forwarded', 'and X-Forwarded-* contradict each other');
  if (x.address !== undefined) return x;
  return forwarded.address === undefined && x !== NOTHING ? x : forwarded;
}

function agree(x: Told, forwarded: Told): boolean {
  const protocol = x.protocol ?? forwarded.protocol ?? 'https';
  const same = <T>(a: T | undefined, b: T | undefined): boolean => a === undefined || b === undefined || a === b;
  const hostOf = (told: Told): string | undefined =>
    told.host === undefined ? undefined : (parseHost(told.host, protocol)?.host ?? told.host);
  return (
    same(x.address, forwarded.address) && same(x.protocol, forwarded.protocol) && same(hostOf(x), hostOf(forwarded))
  );
}

function readXForwarded(rules: ProxyRules, headers: IncomingHttpHeaders, peer: string): Told {
  const chain = new XForwardedFor(headers);
  const address = walk(rules, peer, chain);
  const protocol = entryOf(headers, rules.protocolHeader, chain.steps);
  const host = rules.host ? entryOf(headers, 'x-forwarded-host', chain.steps) : undefined;
  const port = rules.port && host !== undefined ? entryOf(headers, 'x-forwarded-port', chain.steps) : undefined;
  return {
    address,
    protocol: protocol === undefined ? undefined : readProtocol(protocol, rules.protocolHeader),
    host: port === undefined || host === undefined || /:\d*$/.test(host) ? host : `${host}:${port}`,
  };
}

function readForwarded(rules: ProxyRules, elements: readonly ForwardedElement[], peer: string): Told {
  const chain = new ForwardedFor(elements);
  const address = walk(rules, peer, chain);
  const element = entryAt(elements, chain.steps);
  return {
    address,
    protocol: element?.proto === undefined ? undefined : readProtocol(element.proto, 'Forwarded'),
    host: rules.host ? element?.host : undefined,
  };
}

/** RFC 7239 wants IPv6 in brackets. */
function forwardedAddress(node: string): string | undefined {
  return canonicalAddress(node)?.includes(':') === true ? undefined : nodeAddress(node);
}

/** What the senders of a request tell of each other, read from the right. */
interface Chain {
  /** How many addresses were taken. */
  steps: number;
  /** The next address; undefined where there is no further entry, or it says none. */
  next(): string | undefined;
  /** The address in a header of the proxy's own. */
  ownHeader(name: string): string | undefined;
}

class XForwardedFor implements Chain {
  steps = 0;
  private readonly headers: IncomingHttpHeaders;
  private readonly text: string;
  /** Where the part ends that was not read yet; -1: everything was. Nothing is split: most headers hold one entry. */
  private end: number;

  constructor(headers: IncomingHttpHeaders) {
    const text = joined(headers['x-forwarded-for']);
    this.headers = headers;
    this.text = text ?? '';
    this.end = text === undefined ? -1 : text.length;
  }

  next(): string | undefined {
    if (this.end === -1) return undefined;
    const comma = this.end === 0 ? -1 : this.text.lastIndexOf(',', this.end - 1);
    const entry = this.text.slice(comma + 1, this.end).trim();
    this.end = comma;
    return nodeAddress(entry) ?? refuseEntry('X-Forwarded-For');
  }

  ownHeader(name: string): string | undefined {
    const value = joined(this.headers[name]);
    return value === undefined ? undefined : (canonicalAddress(value.trim()) ?? refuseEntry(name));
  }
}

class ForwardedFor implements Chain {
  steps = 0;
  private readonly elements: readonly ForwardedElement[];

  constructor(elements: readonly ForwardedElement[]) {
    this.elements = elements;
  }

  next(): string | undefined {
    const node = this.elements[this.elements.length - 1 - this.steps]?.for;
    return node === undefined ? undefined : (forwardedAddress(node) ?? refuseEntry('Forwarded'));
  }

  ownHeader(): undefined {
    return undefined;
  }
}

/** Goes from sender to sender, from the right, for as long as they are trusted: gives the last that was told. */
function walk(rules: ProxyRules, peer: string, chain: Chain): string | undefined {
  let sender = peer;
  while (rules.trusts(sender, chain.steps)) {
    const own = rules.addressHeader(sender, chain.steps);
    if (own !== undefined) return chain.ownHeader(own);
    const address = chain.next();
    if (address === undefined) break;
    sender = address;
    chain.steps += 1;
  }
  return chain.steps === 0 ? undefined : sender;
}

function refuseEntry(header: string): never {
  throw malformed(header, 'holds something that is not an address');
}

function readProtocol(value: string, header: string): 'http' | 'https' {
  const protocol = PROTOCOLS.get(value) ?? PROTOCOLS.get(value.toLowerCase());
  if (protocol === undefined) throw malformed(header, 'names neither http nor https');
  return protocol;
}

function entryOf(headers: IncomingHttpHeaders, name: string, steps: number): string | undefined {
  const value = joined(headers[name]);
  if (value === undefined) return undefined;
  return value.includes(',') ? entryAt(listOf(value), steps) : value.trim();
}

function joined(value: string | string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(',') : value;
}
