import { patternAt, squeeze, unleet, wordAt } from './predictable.ts';

const WORD_SHAPE = /^(?:\p{Lu}?[\p{Ll}\p{M}]{1,13}|\p{Lu}{2,14})$/u;
/** What is looked at of a value; what is longer is as strong as this part of it. */
const LOOKED_AT = 1024;
/** Shorter repetitions, sequences and words turn up in random text by chance. */
const LEAST = 4;
/** Chance repeats a little of any random text: what costs less than this share of it, or one word, is left uncounted. */
const CHANCE = 0.25;
const ONE_WORD = LEAST - 2;
/** A version 4 UUID has 122 random bits; one of another version holds a time, and is guessed from the others. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** A word of a phrase is drawn from thousands at most: 12.9 bits for five letters and a space. */
const BITS_IN_A_PHRASE = 2.5;

/**
 * Estimates, from below, how many bits an attacker has to guess.
 *
 * Length times the bits of one character, drawn from the smallest usual alphabet that holds them all (digits, hex,
 * base32, base64, …). Before that, what can be told from what stands before it is counted as two characters: runs,
 * sequences, walks over the keyboard, known words, repetitions. A phrase of words counts 2.5 bits a character.
 *
 * It cannot know that a value was published or derived from something known. A random value is never estimated below
 * what it has by more than its alphabet allows: see the property tests.
 *
 * @returns bits, a whole number
 * @example estimateBits(randomBytes(32).toString('hex')) // 256
 */
export function estimateBits(value: string): number {
  const looked = value.slice(0, LOOKED_AT).replace(/=+$/, '');
  const uuids = [...looked.matchAll(UUID)];
  if (uuids.length > 0) {
    const bits = new Map(uuids.map(([text, version]) => [text.toLowerCase(), version === '4' ? 122 : 14]));
    const rest = looked.replace(UUID, '');
    return [...bits.values()].reduce((sum, count) => sum + count, 0) + estimateBits(rest);
  }
  return Math.floor(effectiveLength(looked) * bitsPerCharacter(looked));
}

/** The number of characters, less what can be told from the others. */
function effectiveLength(value: string): number {
  const text = value.normalize('NFKC').toLowerCase();
  const spelt = unleet(text);
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const word = Math.max(wordAt(text, at), wordAt(spelt, at));
    const length = Math.max(patternAt(text, at), word, repetitionAt(text, at));
    if (length < LEAST) {
      count++;
      at++;
    } else {
      count += 2;
      at += length;
    }
  }
  return text.length - count <= Math.max(ONE_WORD, text.length * CHANCE) ? text.length : count;
}

/** The length of what has stood before, from here on. */
function repetitionAt(text: string, at: number): number {
  let length = LEAST - 1;
  while (at + length < text.length && text.indexOf(text.slice(at, at + length + 1)) < at) length++;
  return length < LEAST ? 0 : length;
}

const ALPHABETS: readonly (readonly [alphabet: RegExp, size: number])[] = [
  [/^\d*$/, 10],
  [/^[\da-f]*$/, 16],
  [/^[\dA-F]*$/, 16],
  [/^[a-z]*$/, 26],
  [/^[A-Z]*$/, 26],
  [/^[A-Z2-7=]*$/, 32],
  [/^[\da-z]*$/, 36],
  [/^[\dA-Z]*$/, 36],
  [/^[A-Za-z]*$/, 52],
  [/^[\dA-Za-z]*$/, 62],
  [/^[\w+/=-]*$/, 64],
  [/^[ -~]*$/, 95],
];

function bitsPerCharacter(value: string): number {
  const separated = value.replace(/[\s_.:-]/g, '');
  const size = ALPHABETS.find(([alphabet]) => alphabet.test(separated))?.[1] ?? 128;
  const distinct = new Set(value).size;
  // Of `size` symbols, so many turn up in a random text of this length; with far fewer, it was drawn from fewer.
  const expected = size * (1 - (1 - 1 / size) ** value.length);
  const drawn = distinct < expected * 0.6 ? distinct : size;
  const bits = Math.log2(Math.max(drawn, 1));
  return isPhrase(value) ? Math.min(bits, BITS_IN_A_PHRASE) : bits;
}

/** Whether most of a value is words: three or more that are written as words are. */
function isPhrase(value: string): boolean {
  const parts = value.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').split(/[\s_.,;:!?'"/+-]+/);
  const words = parts.filter((part) => WORD_SHAPE.test(part) && !/^[b-df-hj-np-tv-xz]+$/i.test(part));
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  return words.length >= 3 && letters >= squeeze(value).length * 0.8;
}
