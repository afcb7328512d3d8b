import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from './address.ts';
import { settleClaims } from './claims.ts';
import { nodeAddress } from './forwarded.ts';
import type { Client } from './index.ts';
import { PRESET_NAMES, type ProxyRules } from './presets.ts';
import { type ProxySetting, readProxy } from './proxy.ts';
import { readTold, type Told } from './told.ts';

const REFUSED = 'refused';

/** The same reading in the plainest way: every header is split as a whole, then counted from the right. */
function readBySplitting(rules: ProxyRules, headers: IncomingHttpHeaders, peer: string): Told | typeof REFUSED {
  const listOf = (name: string): string[] | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : undefined;
  };
  const entries = listOf('x-forwarded-for') ?? [];
  let sender: string | undefined = peer;
  let address: string | undefined;
  let steps = 0;
  while (sender !== undefined && rules.trusts(sender, steps)) {
    const own = rules.addressHeader(sender, steps);
    if (own !== undefined) {
      const value = headers[own];
      address = typeof value === 'string' ? canonicalAddress(value.trim()) : undefined;
      if (value !== undefined && address === undefined) return REFUSED;
      break;
    }
    const entry = entries[entries.length - 1 - steps];
    if (entry === undefined) break;
    sender = nodeAddress(entry);
    if (sender === undefined) return REFUSED;
    address = sender;
    steps += 1;
  }
  const entryOf = (name: string): string | undefined => {
    const list = listOf(name);
    return list?.[Math.max(0, list.length - Math.max(1, steps))];
  };
  const said = entryOf(rules.protocolHeader)?.toLowerCase();
  if (said !== undefined && !['http', 'https', 'ws', 'wss'].includes(said)) return REFUSED;
  const host = rules.host ? entryOf('x-forwarded-host') : undefined;
  const port = rules.port && host !== undefined && !/:\d*$/.test(host) ? entryOf('x-forwarded-port') : undefined;
  return {
    address,
    protocol: said === undefined ? undefined : said === 'http' || said === 'ws' ? 'http' : 'https',
    host: port === undefined ? host : `${host}:${port}`,
  };
}

const SETTINGS: readonly ProxySetting[] = [
  ...PRESET_NAMES,
  { hops: 1 },
  { hops: 3, host: true },
  { cidrs: ['10.0.0.0/8', 'fc00::/7'], host: true },
  { cidrs: ['10.0.0.2'] },
];
const PEERS = ['10.0.0.2', '127.0.0.1', 'fd00::2', '172.64.7.7', '203.0.113.66'];
const ADDRESSES = [...PEERS, '10.0.0.3', '6.6.6.6', '::ffff:6.6.6.6', '[2001:DB8::7]:4711', '203.0.113.7:80'];
const HOSTILE = ['', ' ', 'unknown', '_hidden', '010.0.0.2', '10.0.0.2.', '10.0.0.2 6.6.6.6', '٦.6.6.6', '1.2.3.256'];
const PADDED = fc.tuple(fc.constantFrom('', ' ', '\t', '\u00a0'), fc.constantFrom('', ' ', ' \t'));

function listOf(...values: readonly string[]): fc.Arbitrary<string> {
  const entry = fc
    .tuple(fc.constantFrom(...values), PADDED)
    .map(([value, [before, behind]]) => before + value + behind);
  return fc.array(entry, { minLength: 1, maxLength: 5 }).map((entries) => entries.join(','));
}

const addresses = fc.oneof({ weight: 4, arbitrary: listOf(...ADDRESSES) }, listOf(...ADDRESSES, ...HOSTILE));
const protocols = fc.oneof(fc.constant('https'), listOf('http', 'https', 'HTTPS', 'wss', '', 'gopher', '__proto__'));
const hosts = listOf('shop.example', 'shop.example:8443', 'evil.example', '', '[::1]');
const claims = fc.record(
  {
    'x-forwarded-for': addresses,
    'x-forwarded-proto': protocols,
    'x-forwarded-host': hosts,
    'x-forwarded-port': listOf('443', '8443', 'x'),
    'fly-client-ip': addresses,
    'fly-forwarded-proto': protocols,
    'cf-connecting-ip': addresses,
  },
  { requiredKeys: [] },
);

describe('readTold reads the proxies as who splits every header, whatever stands in it', () => {
  it.each(SETTINGS.map((setting) => [setting]))('%j', (setting) => {
    const rules = readProxy(setting);
    fc.assert(
      fc.property(claims, fc.constantFrom(...PEERS), (headers, peer) => {
        // It is asked of trusted peers only.
        fc.pre(rules.trusts(peer, 0));
        expect(told(rules, headers, peer)).toEqual(readBySplitting(rules, headers, peer));
      }),
      { numRuns: 500 },
    );
  });

  it('asks of each sender whether it is trusted, also where the header has one entry', () => {
    const asked: [string, number][] = [];
    const rules: ProxyRules = {
      ...readProxy({ hops: 1 }),
      trusts: (address, hop) => asked.push([address, hop]) > 0,
    };
    readTold(rules, { 'x-forwarded-for': '203.0.113.9' }, '10.0.0.2');
    expect(asked).toEqual([
      ['10.0.0.2', 0],
      ['203.0.113.9', 1],
    ]);
  });
});

describe('settleClaims leaves what taking all claims out and putting the truth in would leave', () => {
  const NAMES = ['x-real-ip', 'x-client-ip', 'forwarded', 'x-forwarded-ssl', 'cf-visitor', 'host', 'accept', 'via'];
  const sent = fc.record({
    claims,
    rest: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom('6.6.6.6', 'evil')),
  });
  it.each([
    { forwarded: false, host: false },
    { forwarded: true, host: false },
    { forwarded: true, host: true },
  ])('%j', ({ forwarded, host }) => {
    const client: Client = {
      ip: '203.0.113.9',
      peer: '10.0.0.2',
      protocol: 'https',
      host: 'shop.example',
      hostname: 'shop.example',
      origin: 'https://shop.example',
      forwarded,
    };
    const truth: Record<string, string> = {};
    if (forwarded) Object.assign(truth, { 'x-forwarded-for': client.ip, 'x-forwarded-proto': client.protocol });
    if (host) truth['x-forwarded-host'] = client.host;
    fc.assert(
      fc.property(sent, ({ claims, rest }) => {
        const headers: IncomingHttpHeaders = { ...rest, ...claims };
        const expected: Record<string, string> = { ...truth };
        for (const name of ['host', 'accept', 'via']) if (rest[name] !== undefined) expected[name] = rest[name];
        for (const name of ['x-real-ip', 'x-client-ip', 'cf-connecting-ip', 'fly-client-ip']) {
          if (forwarded && headers[name] !== undefined) expected[name] = client.ip;
        }
        settleClaims(headers, client, host);
        expect(headers).toStrictEqual(expected);
      }),
    );
  });
});

function told(rules: ProxyRules, headers: IncomingHttpHeaders, peer: string): Told | typeof REFUSED {
  try {
    return readTold(rules, headers, peer);
  } catch {
    return REFUSED;
  }
}
