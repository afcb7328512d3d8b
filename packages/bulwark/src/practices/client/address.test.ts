import type { Socket } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import {
  canonicalAddress,
  ipPrefix,
  networkOf,
  parseRange,
  rangeTest,
  socketAddress,
  UNKNOWN_ADDRESS,
} from './address.ts';

const V4_SPELLINGS = [
  '::ffff:127.0.0.1',
  '::FFFF:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:7F00:0001',
  '0:0:0:0:0:ffff:7f00:1',
  '0000:0000:0000:0000:0000:ffff:7f00:0001',
  '0:0:0:0:0:ffff:127.0.0.1',
  '::ffff:127.0.0.1%eth0',
];

describe('canonicalAddress', () => {
  it.each(V4_SPELLINGS)('%s is 127.0.0.1', (text) => {
    expect(canonicalAddress(text)).toBe('127.0.0.1');
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['FE80::1%25en0', 'fe80::1'],
    ['::', '::'],
    // The quad is only a way of writing: these are ordinary IPv6 addresses.
    ['::1.2.3.4', '::102:304'],
    ['2001:db8:1234:5678::1.2.3.4', '2001:db8:1234:5678::102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalAddress(text)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    'localhost',
    '1',
    '1.2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '01.2.3.4',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '2130706433',
    '256.1.1.1',
    '1.2.3.4:80',
    '[::1]',
    '[::1]:80',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '00001::1',
    '::ffff:1.2.3.256',
    '::ffff:01.2.3.4',
    'fe80::1%',
    ' ::1',
    '::1 ',
    '::g',
    '1.2.3.4, 5.6.7.8',
    `${'0:'.repeat(40)}1`,
  ])('%j is no address', (text) => {
    expect(canonicalAddress(text)).toBeUndefined();
  });

  it('gives every spelling of an address the same text', () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((n) => n.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const short = groups.map((n) => n.toString(16)).join(':');
        const canonical = canonicalAddress(short);
        expect(canonicalAddress(long)).toBe(canonical);
        expect(canonicalAddress(canonical ?? '')).toBe(canonical);
      }),
    );
  });
});

describe('an IPv4 address', () => {
  const DOTTED = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

  it('is four decimal parts without zeros in front, and nothing else', () => {
    const part = fc.oneof(
      fc.nat(300).map(String),
      fc.constantFrom('', '0', '00', '01', '+1', '1e1', '0x7', ' 1', '\u0661'),
    );
    const parts = fc.array(part, { minLength: 1, maxLength: 6 }).map((list) => list.join('.'));
    const noise = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '.', '\n'), maxLength: 16 });
    const good = fc.ipV4();
    fc.assert(
      fc.property(fc.oneof(parts, noise, good), (text) => {
        expect(canonicalAddress(text)).toBe(DOTTED.test(text) ? text : undefined);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('socketAddress', () => {
  const at = (remoteAddress: string | undefined, rest: object = {}): Socket => ({ remoteAddress, ...rest }) as Socket;

  it('takes what the kernel gives, again and again', () => {
    for (const _ of [1, 2]) {
      expect(socketAddress(at('203.0.113.9'))).toBe('203.0.113.9');
      expect(socketAddress(at('::ffff:203.0.113.9'))).toBe('203.0.113.9');
      expect(socketAddress(at('fe80::1%eth0'))).toBe('fe80::1');
    }
  });

  it('stays right when thousands of addresses pass', () => {
    for (let i = 0; i < 3000; i++) expect(socketAddress(at(`2001:db8::${i.toString(16)}`))).toMatch(/^2001:db8::/);
    expect(socketAddress(at('2001:db8::1'))).toBe('2001:db8::1');
  });

  it('knows a Unix socket from a connection that is gone', () => {
    expect(socketAddress(at(undefined, { destroyed: false, server: { address: () => '/run/app.sock' } }))).toBe(
      '127.0.0.1',
    );
    expect(socketAddress(at(undefined, { destroyed: true, server: { address: () => '/run/app.sock' } }))).toBe(
      UNKNOWN_ADDRESS,
    );
    expect(socketAddress(at(undefined, { destroyed: false, server: { address: () => ({ port: 1 }) } }))).toBe(
      UNKNOWN_ADDRESS,
    );
  });
});

describe('ipPrefix', () => {
  it.each([
    ['203.0.113.9', 56, '203.0.113.9'],
    ['::ffff:1.2.3.4', 56, '1.2.3.4'],
    ['::ffff:102:304', 56, '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', 56, '2001:db8:1::/56'],
    ['2001:db8:1:ff:3:4:5:6', 64, '2001:db8:1:ff::/64'],
    ['2001:db8:1:2:3:4:5:6', 48, '2001:db8:1::/48'],
    ['2001:DB8::1', 128, '2001:db8::1/128'],
    ['2001:db8:1234:5678::1.2.3.4', 56, '2001:db8:1234:5600::/56'],
    ['64:ff9b::1.2.3.4', 56, '64:ff9b::/56'],
    ['not:an:address', 56, 'not:an:address'],
  ])('%s / %i is %s', (ip, bits, expected) => {
    expect(ipPrefix(ip, bits)).toBe(expected);
  });

  it('gives one subscriber one key, and his neighbour another', () => {
    expect(ipPrefix('2001:db8:1:200::1', 56)).toBe(ipPrefix('2001:db8:1:2ff:ffff::1', 56));
    expect(ipPrefix('2001:db8:1:200::1', 56)).not.toBe(ipPrefix('2001:db8:1:300::1', 56));
  });
});

describe('ipPrefix, asked again', () => {
  it('never gives one address or width the answer of another', () => {
    const asked: [string, number, string][] = [
      ['2001:db8:1:200::1', 56, '2001:db8:1:200::/56'],
      ['2001:db8:1:200::1', 48, '2001:db8:1::/48'],
      ['2001:db8:2:200::1', 48, '2001:db8:2::/48'],
      ['2001:db8:2:200::1', 56, '2001:db8:2:200::/56'],
      ['::ffff:203.0.113.9', 56, '203.0.113.9'],
      ['203.0.113.8', 56, '203.0.113.8'],
      ['x:y', 56, 'x:y'],
    ];
    for (const [ip, bits, prefix] of asked) {
      for (const [before, width] of asked) {
        ipPrefix(before, width);
        expect(ipPrefix(ip, bits)).toBe(prefix);
        expect(ipPrefix(ip, bits)).toBe(prefix);
      }
    }
  });
});

describe('ranges', () => {
  const isIn = (address: string, ...ranges: string[]): boolean =>
    rangeTest(ranges.flatMap((range) => parseRange(range) ?? []))(address);

  it('compares within a family', () => {
    expect(isIn('10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(isIn('11.1.2.3', '10.0.0.0/8')).toBe(false);
    expect(isIn('2001:db8::7', '2001:db8::/32')).toBe(true);
    expect(isIn('10.1.2.3', '::/16')).toBe(false);
    expect(isIn('203.0.113.9', '203.0.113.9')).toBe(true);
    expect(isIn('203.0.113.90', '203.0.113.9')).toBe(false);
    expect(isIn(UNKNOWN_ADDRESS, '0.0.0.0/8')).toBe(false);
  });

  it('compares IPv4 addresses as ipaddr.js does, at the ends of each range too', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const quad = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(quad, quad, fc.integer({ min: 0, max: 32 }), fc.boolean(), (address, base, bits, isAtEnd) => {
        const ends = [
          ipaddr.IPv4.networkAddressFromCIDR(`${base}/${bits}`).toString(),
          ipaddr.IPv4.broadcastAddressFromCIDR(`${base}/${bits}`).toString(),
        ];
        for (const asked of isAtEnd ? ends : [address]) {
          fc.pre(asked !== UNKNOWN_ADDRESS);
          const expected = ipaddr.IPv4.parse(asked).match(ipaddr.IPv4.parse(base), bits);
          expect(isIn(asked, `${base}/${bits}`)).toBe(expected);
        }
      }),
      { numRuns: 1000 },
    );
    expect(isIn('10.255.255.255', '10.0.0.0/8')).toBe(true);
    expect(isIn('9.255.255.255', '10.0.0.0/8')).toBe(false);
    expect(isIn('255.255.255.255', '255.255.255.255')).toBe(true);
  });

  it('reads a mapped range as the IPv4 range that it is', () => {
    expect(isIn('10.1.2.3', '::ffff:10.0.0.0/104')).toBe(true);
    expect(networkOf(parseRange('::ffff:0:0/96') ?? expect.fail())).toBe('0.0.0.0/0');
  });

  it.each(['10.0.0.0/33', '10/8', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/08', '::/129', 'x', '10.0.0.0/-1', ''])(
    'refuses %s',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );
});
