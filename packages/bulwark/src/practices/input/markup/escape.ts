const SPECIAL = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

/**
 * Escapes text for the content of an element and for an attribute in quotes, with the same references as EJS: what the
 * browser shows, or hands to a script as the attribute's value, is the text. ASVS 5.0 1.2.1, CWE-79.
 *
 * @example escapeText('<b> & "') // '&lt;b&gt; &amp; &#34;'
 */
export function escapeText(text: string): string {
  return text.replace(SPECIAL, (char) => ENTITIES[char] as string);
}

/** Whatever ends a value without quotes, or begins another attribute. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be escaped
const ENDS_BARE_VALUE = /[\u0000-\u0020\u007f&<>"'=`/]/g;

/** Escapes text for an attribute without quotes: white space, quotes, `=`, `/` and backticks are escaped too. */
export function escapeBare(text: string): string {
  return text.replace(ENDS_BARE_VALUE, (char) => `&#${char.charCodeAt(0)};`);
}
