import { z } from 'zod';
import { resolveOptions } from '../../../options.ts';
import { type TextTransform, textTransform } from './string-schema.ts';

/** Options of {@link text}. */
export interface TextOptions {
  /** `'one'`: line breaks become spaces, for names and titles; `'many'`: they stay, as `\n`. Default: `'many'`. */
  readonly lines?: 'one' | 'many';
  /** The longest text in code points, counted when it is clean; longer ones are refused. Default: 100,000. */
  readonly max?: number;
  /** Whether white space at both ends goes. Default: true. */
  readonly trim?: boolean;
}

type ResolvedTextOptions = Required<TextOptions>;

const DEFAULTS: ResolvedTextOptions = { lines: 'many', max: 100_000, trim: true };

const schema: z.ZodType = z.strictObject({
  lines: z.enum(['one', 'many']).optional(),
  max: z.int().min(1).max(10_000_000).optional(),
  trim: z.boolean().optional(),
});

/**
 * Makes a normaliser for plain text: what looks the same is the same, and nothing invisible is left.
 *
 * - Unicode NFC; line ends become `\n`; white space at the ends goes
 * - control characters, bidirectional embeddings, overrides and isolates, zero-width and tag characters, noncharacters
 *   and unpaired surrogates are taken out
 * - what a script or an emoji needs stays: ZWNJ and ZWJ between letters of the scripts that join, ZWJ between emoji, one
 *   variation selector after a character, the flags of England, Scotland and Wales, LRM, RLM and ALM
 *
 * It does not make text safe for a page: that is escaping, where it is shown. It does not tell look-alike letters of two
 * scripts apart: it is not made for names of users.
 *
 * @returns a function from text to text that is a Standard Schema too. Called as a function it throws a Refusal
 *   (400 `ERR_VALIDATION`) for a text over `max`
 * @throws ConfigError for options that it cannot have
 * @see https://www.unicode.org/reports/tr36/, ASVS 5.0 2.2.1, CWE-1007, CWE-176
 * @example
 * const title = text({ lines: 'one', max: 120 })
 * title('Cafe\u0301\u202e \r\n') // 'Café'
 * app.post('/notes', validate({ body: v.object({ title: v.pipe(v.string(), v.transform(title)) }) }), create)
 */
export function text(options: TextOptions = {}): TextTransform {
  const { lines, max, trim } = resolveOptions(schema, DEFAULTS, options, 'text()');
  const tooLong = { problem: `is longer than ${max} characters` };
  // Composed, a character has at most a few parts; what is far over the limit needs no work to be refused.
  const hopeless = max * 20;

  return textTransform((dirty) => {
    if (dirty.length > hopeless) return tooLong;
    const visible = normalise(dirty);
    const laid = lines === 'one' ? visible.replace(/[\t\n ]+/g, onOneLine) : visible;
    const value = trim ? laid.trim() : laid;
    return isLonger(value, max) ? tooLong : { value };
  });
}

function onOneLine(space: string): string {
  return space.includes('\n') || space.includes('\t') ? ' ' : space;
}

function isLonger(value: string, max: number): boolean {
  if (value.length <= max) return false;
  let points = 0;
  for (const _ of value) if (++points > max) return true;
  return false;
}

const LINE_END = /\r\n?|[\u0085\u2028\u2029]/g;
/** Never needed: control, bidirectional embeddings, overrides and isolates, soft hyphens, invisible operators, noncharacters. */
const REMOVED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u180e\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\p{Noncharacter_Code_Point}\p{Cs}]/gu;

/** Scripts whose letters join, or form clusters, and that write with ZWJ and ZWNJ which way. */
const JOINING = ['Arab', 'Syrc', 'Mong', 'Nkoo', 'Mand', 'Phag', 'Adlm', 'Rohg']
  .concat(['Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml', 'Telu', 'Knda', 'Mlym', 'Sinh', 'Tibt', 'Mymr', 'Khmr'])
  .map((script) => `\\p{scx=${script}}`)
  .join('');
/** Scripts without spaces between words, where ZWSP says where a line may break. */
const UNSPACED = ['Khmr', 'Thai', 'Laoo', 'Mymr', 'Tibt'].map((script) => `\\p{scx=${script}}`).join('');
const EMOJI = '(?:\\p{Extended_Pictographic}|\\p{Emoji_Modifier})\\ufe0f?';
const tags = (letters: string): string =>
  letters.replace(/./g, (letter) => `\\u{${(0xe0000 + letter.charCodeAt(0)).toString(16)}}`);

/** What is invisible and needed: each alternative looks at its neighbours. The rest of its kind is taken out. */
const NEEDED = [
  `(?<=[${JOINING}])\\u200d`,
  `(?<=[${JOINING}])\\u200c(?=[${JOINING}])`,
  `(?<=${EMOJI})\\u200d(?=\\p{Extended_Pictographic})`,
  `(?<=[${UNSPACED}])\\u200b(?=[${UNSPACED}])`,
  // One after a visible character; more of them can carry any bytes unseen.
  '(?<=[\\p{L}\\p{N}\\p{P}\\p{S}])[\\ufe00-\\ufe0f]',
  '(?<=\\p{scx=Hani})[\\u{e0100}-\\u{e01ef}]',
  `(?<=\\u{1f3f4})(?:${['gbeng', 'gbsct', 'gbwls'].map(tags).join('|')})\\u{e007f}`,
].join('|');
const INVISIBLE = new RegExp(`(${NEEDED})|[\\u200b-\\u200d\\ufe00-\\ufe0f\\u{e0000}-\\u{e0fff}]`, 'gu');

const PLAIN = /^[\n -~]*$/;

/** How often a text is looked through until it stays as it is; more only happens to texts that are made for it. */
const ROUNDS = 4;

function normalise(dirty: string): string {
  const lines = dirty.replace(LINE_END, '\n');
  if (PLAIN.test(lines)) return lines;
  let text = lines.replace(REMOVED, '').normalize('NFC');
  for (let round = 0; round < ROUNDS; round++) {
    // What goes may bring marks together that are then put in another order, and so change what stands before the next.
    const visible = text.replace(INVISIBLE, (_, needed: string | undefined) => needed ?? '').normalize('NFC');
    if (visible === text) return text;
    text = visible;
  }
  return text.replace(INVISIBLE, '').normalize('NFC');
}
