import { describe, expect, it } from 'vitest';
import { accountKey } from './account.ts';

describe('the key of an account', () => {
  it.each([
    'Alice@Example.com',
    ' alice@example.com ',
    'ALICE@EXAMPLE.COM',
    'ａlice@example.com',
    'álice@example.com',
    'a\u0301lice@example.com',
    'al\u00adice@example.com',
    'alice\u200b@example.com',
    'alice@example.com\u0000',
    'alice @example.com',
  ])('is one for every spelling by which a database may find the same user: %j', (name) => {
    expect(accountKey(name)).toBe(accountKey('alice@example.com'));
    expect(accountKey([name])).toBe(accountKey('alice@example.com'));
  });

  it('is one for ß and ss, ſ and s, K (the unit) and k', () => {
    expect(accountKey('straße')).toBe(accountKey('STRASSE'));
    expect(accountKey('ſam')).toBe(accountKey('sam'));
    expect(accountKey('\u212Aai')).toBe(accountKey('kai'));
  });

  it('differs for different names', () => {
    const keys = ['alice@example.com', 'alice@example.org', 'alicf@example.com', 'alice', '', '0'].map(accountKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([undefined, null, {}, { toString: () => 'alice' }, true, [], [{}], Symbol('x')])(
    'of what is no name (%#) is that of no name',
    (value) => {
      expect(accountKey(value)).toBe(accountKey(''));
    },
  );

  it('is one for all names that are too long, so that what is put before a name makes no further ones', () => {
    const padded = Array.from({ length: 9 }, (_, n) => accountKey(`${'\u200b'.repeat(1015 + n)}alice`));
    expect(new Set(padded)).toEqual(new Set([accountKey('alice'), accountKey('')]));
  });

  it('shows nothing of the name, and is short, however long that is', () => {
    expect(accountKey('alice')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(accountKey('a'.repeat(5_000_000))).toHaveLength(22);
  });
});
