import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEAR_MISSES, PLACEHOLDERS } from './fixtures/samples.ts';
import { judgeSecret, KEY_FLOOR } from './judge-secret.ts';
import { isPlaceholder } from './placeholders.ts';
import { estimateBits } from './strength.ts';

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((content) => new Set(content).size > 16);
const objection = (value: string): string | undefined => judgeSecret(value, KEY_FLOOR)?.problem;

/** As nanoid, pwgen and the like do it: each character drawn from an alphabet. */
function drawn(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
const nanoid = (length: number): string =>
  drawn(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

describe('a known placeholder', () => {
  it('is refused: samples of documentation, of templates, and what people write', () => {
    expect(new Set(PLACEHOLDERS).size).toBe(PLACEHOLDERS.length);
    expect(PLACEHOLDERS.length).toBeGreaterThanOrEqual(90);
    expect(PLACEHOLDERS.filter((value) => !isPlaceholder(value))).toEqual([]);
  });

  it('is refused in capitals, with other separators and with white space around it', () => {
    const words = PLACEHOLDERS.filter((value) => /^[a-z -]+$/.test(value));
    expect(words.length).toBeGreaterThan(20);
    for (const change of [
      (value: string) => value.toUpperCase(),
      (value: string) => value.replace(/[ -]/g, '_'),
      (value: string) => ` ${value}\n`,
      (value: string) => value.replaceAll('e', '3').replaceAll('a', '4'),
    ]) {
      expect(words.map(change).filter((value) => !isPlaceholder(value))).toEqual([]);
    }
  });

  it('is none where random text stands beside it', () => {
    expect(NEAR_MISSES.filter((value) => isPlaceholder(value))).toEqual([]);
    expect(NEAR_MISSES.map(objection).filter(Boolean)).toEqual([]);
  });
});

describe('a secret that was drawn', () => {
  it.each([
    ['openssl rand -hex 32', () => randomBytes(32).toString('hex')],
    ['openssl rand -hex 16', () => randomBytes(16).toString('hex')],
    ['openssl rand -base64 32', () => randomBytes(32).toString('base64')],
    ['in base64url', () => randomBytes(32).toString('base64url')],
    ['two UUIDs', () => randomUUID() + randomUUID()],
    ['two UUIDs with a dash', () => `${randomUUID()}-${randomUUID()}`],
    ['nanoid(32)', () => nanoid(32)],
    ['nanoid(64)', () => nanoid(64)],
    ['letters and digits', () => drawn(32, 'abcdefghijklmnopqrstuvwxyz0123456789')],
    ['letters', () => drawn(32, 'abcdefghijklmnopqrstuvwxyz')],
  ])('passes: %s', (_name, make) => {
    const refused = Array.from({ length: 300 }, make).map((value) => objection(value));
    expect(refused.filter(Boolean)).toEqual([]);
  });

  it('passes whatever its 32 bytes are', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        const buffer = Buffer.from(content);
        for (const encoding of ['hex', 'base64', 'base64url'] as const) {
          expect(objection(buffer.toString(encoding))).toBeUndefined();
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the estimate', () => {
  it.each([
    ['hex', randomBytes(32).toString('hex'), 256, 256],
    ['a UUID', randomUUID(), 122, 122],
    ['a UUID with a time in it', '0190e0a4-7c3e-7b1a-9c55-2f6d1e8a4b77', 0, 20],
    ['the same UUID twice', '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', 122, 122],
    ['one character', 'a'.repeat(64), 0, 0],
    ['two characters', 'ab'.repeat(32), 0, 20],
    ['a sequence', 'abcdefghijklmnopqrstuvwxyz0123456789', 0, 30],
    ['a walk over the keyboard', 'qwertyuiopasdfghjklzxcvbnm1234567890', 0, 45],
    ['random text, repeated', 'k4Jx9QwZ'.repeat(8), 25, 65],
    ['a sentence', 'this is my very long sentence for signing cookies ok', 0, 100],
    ['words in camel case', 'ThisIsMySuperSecretKeyForJwtTokensInMyApp', 0, 100],
    ['words of another language', 'chave_secreta_super_segura_para_o_wizard_2026', 0, 120],
    ['eleven words that were drawn', 'tacit-mango-oboe-frugal-wharf-untie-cameo-quirk-blimp-zesty-ocean', 128, 170],
    ['nothing', '', 0, 0],
  ])('of %s', (_name, value, least, most) => {
    expect(estimateBits(value)).toBeGreaterThanOrEqual(least);
    expect(estimateBits(value)).toBeLessThanOrEqual(most);
  });

  it('does not grow with what was said already, and is bounded in work', () => {
    const part = randomBytes(16).toString('hex');
    expect(estimateBits(part.repeat(4))).toBeLessThan(estimateBits(part) + 16);
    expect(estimateBits(randomBytes(100_000).toString('hex'))).toBe(4096);
  });

  it('says length and bits of what is too weak, and nothing of the value', () => {
    expect(objection('k4Jx9QwZ')).toBe('has 8 characters, and needs 32');
    expect(objection('k4Jx9QwZ'.repeat(4))).toMatch(/^can be guessed: about \d\d bits by estimate, and it needs 128$/);
  });
});
