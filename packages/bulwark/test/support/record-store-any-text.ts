import { describe, expect, it } from 'vitest';
import type { NewRecord } from '../../src/stores/record-store.ts';
import type { RecordStoreCalls } from './record-store-calls.ts';

/** Names of which any two are different, byte by byte. Databases fold, trim or cut some of them. */
const NAMES = [
  'a',
  'A',
  'á',
  'a\u0301',
  'a ',
  ' a',
  'a\t',
  'a\u0000',
  'a\u0000b',
  'ss',
  'ß',
  'i',
  'ı',
  'ſ',
  's',
  '1',
  '01',
  '1.0',
  '١',
  '',
  ' ',
  '%',
  '_',
  '*',
  '?',
  '$1',
  ':key',
  '{a}',
  '\\',
  "\\'",
  "a'; DROP TABLE bulwark_records; --",
  '"a"',
  '`a`',
  'a\r\nDEL a',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '€',
  '😀',
  '😁',
  '\u{10ffff}',
  '\ufeff',
  'x'.repeat(512),
  `${'x'.repeat(511)}y`,
  '😀'.repeat(128),
] as const;

/** The part of the contract that is about what keys, owners and values may hold. */
export function anyTextContract({ get, insert, replace, remove, list, versionOf }: RecordStoreCalls): void {
  describe('any text', () => {
    it('as a key: any two are different records', async () => {
      for (const key of NAMES) expect(await insert(key, { value: `of ${key}` }), JSON.stringify(key)).toBe(true);
      for (const key of NAMES) expect((await get(key))?.value, JSON.stringify(key)).toBe(`of ${key}`);
      for (const key of NAMES) {
        expect((await replace(key, await versionOf(key), { value: `new ${key}` })).replaced).toBe(true);
      }
      for (const key of NAMES) expect((await remove(key))?.value, JSON.stringify(key)).toBe(`new ${key}`);
    });

    it('as an owner: any two are different owners', async () => {
      for (const [i, owner] of NAMES.entries()) await insert(`${i}`, { owner, value: owner });
      for (const owner of NAMES) {
        const found = await list(owner);
        expect(
          found.map((record) => [record.owner, record.value]),
          JSON.stringify(owner),
        ).toEqual([[owner, owner]]);
      }
    });

    it.each([...NAMES.filter((name) => name.length < 100), `{"a":"\\u0000\u0000"}`, '\u2028', '\r\n'])(
      'as a value: %j',
      async (value) => {
        await insert('a', { value });
        expect((await get('a'))?.value).toBe(value);
      },
    );

    it('as a value of 1 MiB', async () => {
      const mixed = 'é€😀x'.repeat(100_000);
      const exact = mixed + 'x'.repeat(1_048_576 - Buffer.byteLength(mixed));
      expect(Buffer.byteLength(exact)).toBe(1_048_576);
      await insert('a', { value: exact, owner: 'u' });
      expect((await get('a'))?.value === exact).toBe(true);
      expect((await replace('a', await versionOf('a'), { value: exact, owner: 'u' })).replaced).toBe(true);
      expect((await list('u'))[0]?.value === exact).toBe(true);
      expect((await remove('a'))?.value === exact).toBe(true);
    });

    const tooLong = ['x'.repeat(513), 'é'.repeat(257), '😀'.repeat(129), '\ud800', 'a\udc00b'];
    it.each(tooLong.map((name) => [JSON.stringify(name.slice(0, 8)), name.length, name] as const))(
      'but no name that could not be kept as it is: %s, %i units',
      async (_, __, key) => {
        await expect(insert(key)).rejects.toThrow(RangeError);
        await expect(get(key)).rejects.toThrow(RangeError);
        await expect(replace(key, 1)).rejects.toThrow(RangeError);
        await expect(remove(key)).rejects.toThrow(RangeError);
        await expect(list(key)).rejects.toThrow(RangeError);
        await expect(insert('a', { owner: key })).rejects.toThrow(RangeError);
        await insert('a');
        await expect(replace('a', await versionOf('a'), { owner: key })).rejects.toThrow(RangeError);
      },
    );

    it('but no value over 1 MiB, none with an unpaired surrogate, and no ttl that is no time', async () => {
      await insert('there', { value: 'before' });
      const version = await versionOf('there');
      const wrong: Partial<NewRecord>[] = [
        { value: 'x'.repeat(1_048_577) },
        { value: '€'.repeat(349_526) },
        { value: '\ud83d' },
        ...[0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e15].map((ttl) => ({ ttl })),
      ];
      for (const record of wrong) {
        await expect(insert('a', record)).rejects.toThrow(RangeError);
        await expect(replace('there', version, record)).rejects.toThrow(RangeError);
      }
      expect(await get('a')).toBeUndefined();
      expect(await get('there')).toEqual({ value: 'before', version });
    });
  });
}
