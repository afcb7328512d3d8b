import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { nearest, toConfigError } from '../../options.ts';
import { networkOf, parseRange, type Range, rangeTest } from './address.ts';
import { isPrivate, PRESET_NAMES, PRESETS, type PresetName, type ProxyRules } from './presets.ts';

/**
 * Which proxy stands in front of the app, and so whose word about the client is believed.
 *
 * - `'none'`: nobody's; the client is the other end of the socket
 * - a name: what that proxy is known to do (see the practice's README)
 * - {@link ProxyHops}: so many proxies, one behind the other, and no way around them
 * - {@link ProxyCidrs}: the proxies at these addresses. The safest, where they are known
 */
export type ProxySetting = 'none' | PresetName | ProxyHops | ProxyCidrs;

/** So many proxies, one behind the other. */
export interface ProxyHops extends ProxyHeaders {
  /** 1 to 10: how many proxies a request passes. */
  readonly hops: number;
  /**
   * Addresses of the last proxy, beyond loopback, private, link-local and unique local ones, which are always taken.
   * From elsewhere, forwarding headers are ignored: a count says nothing about who sent the request.
   */
  readonly peers?: readonly string[];
  /**
   * Takes the last proxy's word wherever it calls from. Then whoever reaches the app directly can name any address as
   * his own, so nobody must be able to.
   */
  readonly dangerouslyTrustAnyPeer?: boolean;
}

/** The proxies at these addresses, however many follow each other. */
export interface ProxyCidrs extends ProxyHeaders {
  /** Networks and single addresses: `['10.1.0.0/16', '2001:db8::7']`. */
  readonly cidrs: readonly string[];
}

/** What is read of a declared proxy. */
export interface ProxyHeaders {
  /**
   * `'x-forwarded'`: X-Forwarded-For and -Proto; `'forwarded'`: RFC 7239; `'any'`: whichever comes, and if both come they
   * must agree. Default `'any'`.
   */
  readonly headers?: 'x-forwarded' | 'forwarded' | 'any';
  /** True if the proxy overwrites a client's X-Forwarded-Host (many pass it on). Default false: `Host` counts. */
  readonly host?: boolean;
}

const headerFields = { headers: z.enum(['x-forwarded', 'forwarded', 'any']).optional(), host: z.boolean().optional() };
const hopsSchema = z.strictObject({
  hops: z.unknown(),
  peers: z.array(z.string()).optional(),
  dangerouslyTrustAnyPeer: z.boolean().optional(),
  ...headerFields,
});
const cidrsSchema = z.strictObject({ cidrs: z.unknown(), ...headerFields });

const NONE: ProxyRules = {
  name: 'none',
  trusts: () => false,
  addressHeader: () => undefined,
  headers: 'any',
  protocolHeader: 'x-forwarded-proto',
  host: false,
  port: false,
};

const EXAMPLES =
  "name your proxy ('nginx'), count them ({ hops: 1 }), or list their addresses ({ cidrs: ['10.0.0.0/8'] })";

/**
 * Reads the proxy setting.
 *
 * @throws ConfigError `ERR_CONFIG_TRUST_PROXY` for whatever would trust any sender, with the setting to write instead
 * @example readProxy({ hops: 1 })
 */
export function readProxy(setting: ProxySetting): ProxyRules {
  const value: unknown = setting;
  if (value === 'none') return NONE;
  if (value === true) throw refuse('true would believe whoever connects', EXAMPLES);
  if (value === false || value === null)
    throw refuse(`${String(value)} is not a setting`, "write 'none' if no proxy stands in front");
  if (typeof value === 'number') {
    throw refuse(
      'a bare number would count hops from any sender',
      isHops(value) ? `write { hops: ${value} }` : EXAMPLES,
    );
  }
  if (typeof value === 'string') return readName(value);
  if (Array.isArray(value)) throw refuse('a bare list is not a setting', `write { cidrs: ${JSON.stringify(value)} }`);
  if (typeof value !== 'object') throw refuse(`a ${typeof value} is not a setting`, EXAMPLES);
  if ('hops' in value && 'cidrs' in value) {
    throw refuse('hops and cidrs exclude each other', 'keep cidrs if you know the addresses of every proxy, else hops');
  }
  if ('hops' in value) return readHops(value);
  if ('cidrs' in value) return readCidrs(value);
  throw refuse('the object names neither hops nor cidrs', EXAMPLES);
}

function readName(name: string): ProxyRules {
  const preset = PRESET_NAMES.find((known) => known === name);
  if (preset !== undefined) return { name, ...PRESETS[preset] };
  if (name === '*') throw refuse('"*" would believe whoever connects', EXAMPLES);
  if (parseRange(name) !== undefined) throw refuse('a bare address is not a setting', `write { cidrs: ['${name}'] }`);
  if (/^\d+$/.test(name) && isHops(Number(name)))
    throw refuse('a bare number is not a setting', `write { hops: ${name} }`);
  const near = nearest(name, PRESET_NAMES);
  throw refuse(
    `there is no proxy of the name ${JSON.stringify(name)}${near === undefined ? '' : ` (did you mean '${near}'?)`}`,
    `use 'none', ${PRESET_NAMES.map((known) => `'${known}'`).join(', ')}, { hops: n } or { cidrs: [...] }`,
  );
}

function readHops(value: object): ProxyRules {
  const parsed = hopsSchema.safeParse(value);
  if (!parsed.success) throw toConfigError(hopsSchema, parsed.error, value, 'proxy');
  const { hops, peers, dangerouslyTrustAnyPeer: anyPeer, headers, host } = parsed.data;
  if (!isHops(hops)) {
    throw refuse(
      `${JSON.stringify(hops) ?? String(hops)} is not a number of proxies`,
      'write how many there are, 1 to 10: { hops: 1 }',
      'proxy.hops',
    );
  }
  const isListed = rangeTest(readRanges(peers ?? [], 'proxy.peers'));
  return {
    ...NONE,
    name: `{ hops: ${hops} }`,
    trusts: (address, hop) => (hop === 0 ? anyPeer === true || isPrivate(address) || isListed(address) : hop < hops),
    headers: headers ?? 'any',
    host: host ?? false,
    port: host ?? false,
  };
}

function readCidrs(value: object): ProxyRules {
  const parsed = cidrsSchema.safeParse(value);
  if (!parsed.success) throw toConfigError(cidrsSchema, parsed.error, value, 'proxy');
  const { cidrs, headers, host } = parsed.data;
  if (!Array.isArray(cidrs) || cidrs.length === 0) {
    throw refuse(
      'it must be a list of at least one address',
      "write { cidrs: ['10.0.0.0/8'] }, or 'none'",
      'proxy.cidrs',
    );
  }
  const isListed = rangeTest(readRanges(cidrs, 'proxy.cidrs'));
  return {
    ...NONE,
    name: '{ cidrs }',
    trusts: (address) => isListed(address),
    headers: headers ?? 'any',
    host: host ?? false,
    port: host ?? false,
  };
}

function isHops(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10;
}

function readRanges(list: readonly unknown[], field: string): Range[] {
  return list.map((entry, i) => {
    const at = `${field}[${i}]`;
    const range = typeof entry === 'string' ? parseRange(entry) : undefined;
    if (range === undefined) {
      const shown = JSON.stringify(entry) ?? String(entry);
      throw refuse(`${shown} is not an address or a network`, "write one such as '10.1.0.0/16' or '2001:db8::7'", at);
    }
    if (isTooWide(range)) {
      throw refuse(
        `${String(entry)} holds a large part of the internet`,
        'list the networks that your proxies are in',
        at,
      );
    }
    if (networkOf(range) !== `${range.network.toString()}/${range.bits}`) {
      throw refuse(
        `${String(entry)} is an address inside a network`,
        `write '${networkOf(range)}', or the address alone`,
        at,
      );
    }
    return range;
  });
}

/** Nobody's proxies fill an IPv4 /7; in IPv6 only the ranges that are private anyway are this large. */
function isTooWide({ network, bits }: Range): boolean {
  if (network.kind() === 'ipv4') return bits < 8;
  return bits < 16 && !(isPrivate(network.toString()) && bits >= 7);
}

function refuse(message: string, fix: string, field = 'proxy'): ConfigError {
  return new ConfigError('ERR_CONFIG_TRUST_PROXY', { field, message, fix });
}
