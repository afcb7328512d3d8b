import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../errors.ts';
import { entryAt, nodeAddress, parseForwarded } from './forwarded.ts';

describe('parseForwarded', () => {
  it.each([
    ['for=192.0.2.43', [{ for: '192.0.2.43' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
    ['for=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
    ['for=_gazonk', [{ for: '_gazonk' }]],
    ['for="_mdn"', [{ for: '_mdn' }]],
    ['for=unknown;host="a\\"b"', [{ for: 'unknown', host: 'a"b' }]],
    ['for="a,b;c=d"', [{ for: 'a,b;c=d' }]],
    ['for=1.2.3.4 ; proto=https', [{ for: '1.2.3.4', proto: 'https' }]],
    ['for=1.2.3.4;', [{ for: '1.2.3.4' }]],
    ['', [{}]],
    ['for=1.2.3.4,,for=5.6.7.8', [{ for: '1.2.3.4' }, {}, { for: '5.6.7.8' }]],
  ])('%s', (text, expected) => {
    expect(parseForwarded(text).map((element) => ({ ...element }))).toEqual(expected);
  });

  it.each([
    'for=[::1]',
    'for=1.2.3.4:80',
    'for',
    'for=',
    'for =1.2.3.4',
    'for="1.2.3.4',
    'for="6.6.6.6, for=203.0.113.9',
    'for=1.2.3.4;for=5.6.7.8',
    'for=1.2.3.4;FOR=5.6.7.8',
    'for=1.2.3.4 for=5.6.7.8',
    'for="x"y',
    '=x',
    'for=a\u0000',
    'for="\\',
  ])('refuses %j', (text) => {
    expect(() => parseForwarded(text)).toThrow(Refusal);
  });

  it('never reads a parameter out of a name that objects have', () => {
    expect(parseForwarded('for=1.2.3.4')[0]?.constructor).toBeUndefined();
    expect(Object.keys(parseForwarded('__proto__=x;for=1.2.3.4')[0] ?? {})).toEqual(['__proto__', 'for']);
  });

  it('ends, whatever comes, in elements or in a refusal', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[for=,;" \\[\]:.0-9a]{0,40}$/), (text) => {
        try {
          expect(parseForwarded(text).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_FORWARDED_INVALID', status: 400 });
        }
      }),
    );
  });
});

it.each([
  ['203.0.113.9', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['[2001:DB8::1]', '2001:db8::1'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['[::ffff:203.0.113.9]:1', '203.0.113.9'],
  ['[203.0.113.9]', undefined],
  ['[2001:db8::1', undefined],
  ['2001:db8::1]:80', undefined],
  ['203.0.113.9:', undefined],
  ['203.0.113.9:x', undefined],
  ['unknown', undefined],
  ['_secret', undefined],
  ['unix:', undefined],
  ['"203.0.113.9"', undefined],
])('nodeAddress(%s) is %s', (text, expected) => {
  expect(nodeAddress(text)).toBe(expected);
});

it('entryAt takes the entry of the proxy that told the address', () => {
  expect(entryAt(['http', 'https'], 1)).toBe('https');
  expect(entryAt(['http', 'https'], 2)).toBe('http');
  expect(entryAt(['https'], 3)).toBe('https');
  expect(entryAt(['a', 'b'], 0)).toBe('b');
  expect(entryAt([], 1)).toBeUndefined();
});
