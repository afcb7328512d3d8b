import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, Refusal } from '../../../errors.ts';
import { type TextOptions, text } from './text.ts';

const clean = text();
const e = (...points: number[]): string => String.fromCodePoint(...points);
const show = (value: string): string =>
  JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

describe('text() leaves what is harmless as it is', () => {
  it.each([
    ['nothing', ''],
    ['lines and tabs', 'one\n\ttwo\n\nthree'],
    ['markup, which is text here', '<b>&amp; "x"</b>'],
    ['Persian with ZWNJ', 'می\u200cخواهم نامه\u200cها'],
    ['Arabic with harakat', 'اَلْعَرَبِيَّةُ'],
    ['Hindi with virama and ZWJ', 'क्\u200dष हिन्दी र्\u200d'],
    ['Sinhala with ZWJ', 'ශ්\u200dරී'],
    ['Malayalam with ZWNJ', 'ന്\u200cമ'],
    ['Khmer with ZWSP', 'ភាសា\u200bខ្មែរ'],
    ['Hebrew with RLM', 'שלום\u200f!'],
    ['a family', e(0x1f468, 0x200d, 0x1f469, 0x200d, 0x1f467, 0x200d, 0x1f466)],
    ['a woman who runs, with a skin tone', e(0x1f3c3, 0x1f3fd, 0x200d, 0x2640, 0xfe0f)],
    ['a heart on fire', e(0x2764, 0xfe0f, 0x200d, 0x1f525)],
    ['a keycap', e(0x31, 0xfe0f, 0x20e3)],
    [
      'the flags of England and France',
      e(0x1f3f4, 0xe0067, 0xe0062, 0xe0065, 0xe006e, 0xe0067, 0xe007f, 0x1f1eb, 0x1f1f7),
    ],
    ['a variant of a Han character', e(0x845b, 0xe0100)],
    ['Vietnamese, composed', 'Tiếng Việt'],
    ['mathematics', '∀x∈ℝ: ⌈x⌉ = −⌊−x⌋'],
  ])('%s', (_what, value) => {
    expect(show(clean(value))).toBe(show(value));
  });
});

describe('text() normalises', () => {
  it.each([
    ['composes', 'Cafe\u0301', 'Café'],
    ['makes one kind of line end', 'a\r\nb\rc\u2028d\u2029e\u0085f', 'a\nb\nc\nd\ne\nf'],
    ['trims', ' \t\n a b \u3000\n', 'a b'],
    ['control characters', 'a\u0000b\u0007c\u001b[31md\u007fe\u009bf', 'abc[31mdef'],
    [
      'bidirectional overrides, embeddings, isolates',
      'a\u202eb\u202ac\u202bd\u202ce\u2066f\u2067g\u2068h\u2069i',
      'abcdefghi',
    ],
    ['zero width between Latin letters', 'pay\u200bpal\u200c.\u200dexam\u2060ple\ufeff\u00ad', 'paypal.example'],
    ['tag characters', `a${e(0xe0001, 0xe0041, 0xe0042, 0xe007f)}b`, 'ab'],
    ['tags behind a flag that is none', `${e(0x1f3f4, 0xe0068, 0xe0069, 0xe007f)}`, e(0x1f3f4)],
    ['a run of variation selectors, which carries bytes', `😀${e(0xfe00, 0xfe01, 0xe0101, 0xe0102)}`, `😀${e(0xfe00)}`],
    ['a second ZWJ', 'می\u200c\u200cخ क्\u200d\u200dष', 'میخ क्\u200dष'],
    ['a ZWJ that joins nothing', '\u200d😀\u200d x', '😀 x'],
    ['unpaired surrogates', 'a\ud800b\udc00c😀', 'abc😀'],
    ['noncharacters', 'a\ufffeb\uffffc\ufdd0d', 'abcd'],
  ])('%s', (_what, dirty, wanted) => {
    expect(show(clean(dirty))).toBe(show(wanted));
  });

  it('the same way when it is done again, whatever comes in', () => {
    const character = fc.oneof(
      fc.constantFrom('a', 'é', 'ی', 'ش', 'क', '्', '\u0301', ' ', '\u200b', '\u200c', '\u200d', '\u202e'),
      fc.constantFrom('\ufe0f', '\ufe00', '\u00ad', '\r', '\n', '\t', '\ud800', '\udc00', '\u3000'),
      fc.constantFrom('😀', '🏴', e(0x1f3fd), e(0xe0067), e(0xe007f), e(0xe0100), '葛', 'ក', '\u0327', '\u064b'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
    );
    for (const options of [{}, { lines: 'one' }, { trim: false }] as const) {
      const change = text(options);
      fc.assert(
        fc.property(fc.array(character, { maxLength: 20 }), (characters) => {
          const once = change(characters.join(''));
          expect(show(change(once))).toBe(show(once));
          expect(once.isWellFormed()).toBe(true);
        }),
        { numRuns: 2000 },
      );
    }
  });
});

describe('options of text()', () => {
  it('one line: breaks and tabs become a space', () => {
    expect(text({ lines: 'one' })(' a\r\n b \t c  d ')).toBe('a b c  d');
    expect(text({ lines: 'one' })(`${' '.repeat(50_000)}x`)).toBe('x');
  });

  it('the limit counts code points of the clean text', () => {
    const short = text({ max: 3 });
    expect(short('😀😀😀 ')).toBe('😀😀😀');
    expect(short('e\u0301e\u0301e\u0301')).toBe('ééé');
    expect(() => short('abcd')).toThrow(Refusal);
    expect(() => short('\u0000'.repeat(1_000_000))).toThrow('a text is longer than 3 characters');
  });

  it('white space at the ends can stay', () => {
    expect(text({ trim: false })(' a ')).toBe(' a ');
  });

  it.each<[string, object]>([
    ['an unknown key', { line: 'one' }],
    ['an unknown value', { lines: 'none' }],
    ['a limit of nothing', { max: 0 }],
    ['a limit that is none', { max: Number.POSITIVE_INFINITY }],
  ])('%s is refused', (_what, options) => {
    expect(() => text(options as TextOptions)).toThrow(ConfigError);
  });

  it('as a Standard Schema it gives the text or an issue', () => {
    const { validate } = text({ max: 3 })['~standard'];
    expect(validate(' a ')).toEqual({ value: 'a' });
    expect(validate('abcd')).toEqual({ issues: [{ message: 'is longer than 3 characters' }] });
    expect(validate(['a'])).toEqual({ issues: [{ message: 'must be text' }] });
  });
});
