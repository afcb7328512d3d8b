import { fold } from './blocklist/spellings.ts';
import { lengthOf } from './text.ts';

const SHORTEST_WORD = 4;
const MOST_WORDS = 64;
const MOST_UNITS = 320;

/**
 * The words that an attacker who knows whom he attacks tries first: `Ann-Marie Smith` and `a.smith@shop.example` give
 * `marie`, `smith`, `shop`, `example`. Parts of fewer than four characters are left: they are in half of all passphrases.
 */
export function wordsOf(texts: readonly unknown[]): readonly string[] {
  const words = texts
    .filter((text) => typeof text === 'string')
    .slice(0, MOST_WORDS)
    .flatMap((text) => fold(text.slice(0, MOST_UNITS)).split(/[^\p{L}\p{N}]+/u))
    .filter((word) => lengthOf(word) >= SHORTEST_WORD);
  return [...new Set(words)].sort((a, b) => b.length - a.length).slice(0, MOST_WORDS);
}

/** A text with each of the words as one character. */
export function withoutWords(folded: string, words: readonly string[]): string {
  return words.reduce((text, word) => text.replaceAll(word, '\u{FFFC}'), folded);
}
