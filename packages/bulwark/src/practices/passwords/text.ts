/** What is longer than this (UTF-16 units) is no password, and is refused before anything is computed from it. */
const MOST_UNITS = 4096;

/**
 * Whether a value can be hashed at all: text, not empty, whole characters. A lone surrogate has no UTF-8: every one of them
 * would be hashed as the same replacement character.
 */
export function isUsable(password: unknown): password is string {
  return typeof password === 'string' && password !== '' && password.length <= MOST_UNITS && password.isWellFormed();
}

/** The one spelling that Bulwark hashes: `é` is one code point, whichever keyboard it was typed on (NFC). */
export function normalize(password: string): string {
  return password.normalize('NFC');
}

/** The spellings that a hash of another system may have been made of, the normalised one first. */
export function spellings(password: string): readonly string[] {
  const normal = normalize(password);
  return normal === password ? [normal] : [normal, password];
}

/** How many characters a person would count, nearly: code points. */
export function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
