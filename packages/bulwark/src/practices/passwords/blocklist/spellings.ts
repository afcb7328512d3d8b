import { lengthOf, normalize } from '../text.ts';

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** The shortest password that anybody may have, and so the shortest that the lists hold. */
export const SHORTEST = 8;
/** From here on a password is looked for in the list of long ones. */
export const LONG = 15;
/** What is more than this around a word is no decoration any more. */
const MOST_DECORATION = 8;

const NO_LETTERS_BEFORE = /^[^\p{L}]+/u;
const NO_LETTERS_BEHIND = /[^\p{L}]+$/u;
const SEPARATORS = /[\s._-]+/gu;

/** As the lists have it: one case, one spelling of each character. */
export function fold(text: string): string {
  return normalize(text.toLowerCase());
}

/** `p@ssw0rd` as the word that it is. */
export function withoutLeet(text: string): string {
  return text.replace(/[013457@$!]/g, (sign) => LEET[sign] ?? sign);
}

/** `2024password!!` as `password`; as it is, where there is more around it than people put there. */
export function core(folded: string): string {
  const inner = folded.replace(NO_LETTERS_BEFORE, '').replace(NO_LETTERS_BEHIND, '');
  return inner === '' || folded.length - inner.length > MOST_DECORATION ? folded : inner;
}

/** What attackers try besides the password of the list itself: each is looked for too. */
export function commonSpellings(password: string): readonly string[] {
  const folded = fold(password);
  const inner = core(folded);
  // `$unshine2024`: the sign in front is a letter.
  const behind = folded.replace(NO_LETTERS_BEHIND, '');
  const tail = folded.length - behind.length > MOST_DECORATION ? folded : behind;
  const joined = folded.replace(SEPARATORS, '');
  const all = [folded, withoutLeet(folded), inner, withoutLeet(inner), withoutLeet(tail), joined, core(joined)];
  return [...new Set(all)].filter((spelling) => lengthOf(spelling) >= SHORTEST);
}
