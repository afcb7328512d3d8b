import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, ipPrefix, parseRange, rangeTest } from './address.ts';
import { mappedAddress, networkGroups, readGroups, writeGroups } from './ipv6.ts';

const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.constant(0xffff), fc.nat(0xffff));
const groups = fc.array(group, { minLength: 8, maxLength: 8 });
/** Right and wrong spellings alike: one gap, two, none, too many groups, zeros in front, capitals. */
const part = fc.oneof(
  fc.constantFrom('', '0', '0000', '00000', 'FFFF', 'g', '1', 'aBc', '٣', 'Ł'),
  fc.stringMatching(/^[0-9a-fA-F]{1,4}$/),
);
const spelling = fc.oneof(
  fc.array(part, { minLength: 1, maxLength: 10 }).map((parts) => parts.join(':')),
  fc.string({ unit: fc.constantFrom('0', '1', 'f', 'A', ':', ':', '::'), maxLength: 24 }),
  fc.ipV6(),
);

describe('IPv6 addresses, against ipaddr.js', () => {
  it('readGroups takes only what is an address, and reads it the same', () => {
    fc.assert(
      fc.property(spelling, (text) => {
        const read = readGroups(text);
        if (read !== undefined) {
          expect(ipaddr.IPv6.isValid(text)).toBe(true);
          expect(read).toEqual(ipaddr.IPv6.parse(text).parts);
        } else if (/^[0-9a-f:]*$/i.test(text)) {
          expect(ipaddr.IPv6.isValid(text)).toBe(false);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('writeGroups writes the same, and what it writes is read as the same', () => {
    fc.assert(
      fc.property(groups, (list) => {
        const text = writeGroups(list);
        expect(text).toBe(new ipaddr.IPv6(list).toString());
        expect(readGroups(text)).toEqual(list);
      }),
      { numRuns: 2000 },
    );
  });

  it('mappedAddress knows the mapped ones', () => {
    const low = fc.tuple(fc.nat(0xffff), fc.nat(0xffff));
    const mapped = low.map(([a, b]) => [0, 0, 0, 0, 0, 0xffff, a, b]);
    fc.assert(
      fc.property(fc.oneof(groups, mapped), (list) => {
        const address = new ipaddr.IPv6(list);
        expect(mappedAddress(list)).toBe(
          address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : undefined,
        );
      }),
    );
  });

  it('networkGroups and ipPrefix find the same network', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 128 }), (list, bits) => {
        fc.pre(mappedAddress(list) === undefined);
        const network = ipaddr.IPv6.networkAddressFromCIDR(`${writeGroups(list)}/${bits}`);
        expect(networkGroups(list, bits)).toEqual(network.parts);
        expect(ipPrefix(writeGroups(list), bits)).toBe(`${network.toString()}/${bits}`);
      }),
      { numRuns: 1000 },
    );
    expect(networkGroups([1, 2, 3, 4, 5, 6, 7, 8], 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('rangeTest finds the same members, also at the ends', () => {
    fc.assert(
      fc.property(groups, groups, fc.integer({ min: 0, max: 128 }), fc.boolean(), (asked, base, bits, isNear) => {
        const network = [...networkGroups(base, bits)];
        // Near: the network's own groups, then one's own, so that the border runs through the address.
        const address = isNear ? network.map((value, i) => (i * 16 < bits ? value : (asked[i] ?? 0))) : asked;
        fc.pre(mappedAddress(address) === undefined && mappedAddress(network) === undefined);
        const range = parseRange(`${writeGroups(network)}/${bits}`) ?? expect.fail();
        const expected = new ipaddr.IPv6(address).match(new ipaddr.IPv6(network), bits);
        expect(rangeTest([range])(writeGroups(address))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
    const isIn = rangeTest([parseRange('2001:db8:1:100::/56') ?? expect.fail(), parseRange('::/8') ?? expect.fail()]);
    expect(isIn('2001:db8:1:1ff:ffff:ffff:ffff:ffff')).toBe(true);
    expect(isIn('2001:db8:1:200::')).toBe(false);
    expect(isIn('2001:db8:1:ff:ffff:ffff:ffff:ffff')).toBe(false);
    // Not canonical: nothing that was not read by canonicalAddress is trusted.
    expect(isIn('::ffff:7f00:1')).toBe(false);
    expect(isIn('2001:db8:1:100::1%eth0')).toBe(false);
  });

  it.each(['', ':', ':::', '1:', ':1', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2:3:4:5:6:7:8', '::%eth0'])(
    '%j has no groups',
    (text) => {
      expect(readGroups(text)).toBeUndefined();
    },
  );

  it('one address has one spelling', () => {
    for (const text of ['2001:DB8::7', '2001:0db8:0:0::7', '2001:db8:0000:0:0:0:0:0007', '2001:db8::7%eth0']) {
      expect(canonicalAddress(text)).toBe('2001:db8::7');
    }
  });
});
