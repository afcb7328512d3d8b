const PRINTABLE = /^[ -~]*$/;
// Control, format (bidi, zero width, tags), line and paragraph separators, private use, lone surrogates, and what is drawn as
// nothing (fillers, variation selectors).
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Makes text safe to show in a log, a terminal or a page: control characters (ANSI sequences with them), line
 * separators, bidirectional and invisible characters become visible escapes such as `\u202e` (CWE-117, ASVS 16.4.1).
 *
 * @param max - longest result before escaping, in UTF-16 units; more is cut and marked with `…`
 * @example cleanText('a\nb', 100) // 'a\\u000ab'
 */
export function cleanText(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return PRINTABLE.test(cut) ? cut : cut.replace(UNSAFE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

/** What stands in a log where something was taken out. */
export const REDACTED = '[redacted]';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const SLUG = /^(?:[a-z\d]{1,20}(?:[-_.~][a-z\d]{1,20}){2,}|[A-Z\d]{1,20}(?:[-_.~][A-Z\d]{1,20}){2,})$/;
const PATH_RUN = /[\w\-.~=+%:]{32,}/g;
const URL_CREDENTIALS = /:\/\/[^\s/@]{0,200}@/g;
const TEXT_RUN = /[\w\-+=]{32,}/g;

/**
 * The path of a request target, safe to log: without query string and fragment, cleaned, bounded, and without anything
 * that looks like a token: 32 and more characters of hex or base64 (a password-reset link is a credential, CWE-532).
 * UUIDs and slugs in lower case stay.
 *
 * @example loggedPath('/reset/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b?x=1') // '/reset/[redacted]'
 */
export function loggedPath(target: string, max = 1024): string {
  const end = target.search(/[?#]/);
  const cut = cleanText(end === -1 ? target : target.slice(0, end), max);
  const path = cut.includes('://') ? cut.replace(URL_CREDENTIALS, `://${REDACTED}@`) : cut;
  return path.length < 32 ? path : path.replace(PATH_RUN, (run) => (UUID.test(run) || SLUG.test(run) ? run : REDACTED));
}

const WHOLE_HEADER = /\b(set-cookie|cookie|authorization)(["']?\s{0,3}:\s{0,3})[^\n]+/gi;
const SCHEME = /\b(bearer|basic|digest)\s{1,3}[\w\-.~+/=]{6,}/gi;
const SECRET_WORD =
  '(?:pass(?:word|wd|phrase|code)|pwd|secret|token|signature|jwt|csrf|credentials?|cookie|authorization|otp|' +
  '(?:api|access|private|signing|encryption|master)[-_ ]?key|session[-_]?id|card[-_]?number|' +
  '(?:recovery|reset|verification|security)[-_]?code|\\b(?:cvv|cvc|iban|pin|sid|ssn)\\b)';
// A text in quotes up to its end, escaped quotes included (twice, where JSON lies in JSON); a list or an object; a word.
const SECRET_VALUE = [
  String.raw`"(?:\\.|[^"\\\n])*"?`,
  String.raw`\\"(?:[^"\\\n]|\\[^"\n])*(?:\\"|$)`,
  String.raw`'(?:\\.|[^'\\\n])*'?`,
  String.raw`\[[^\]\n]*\]?`,
  String.raw`\{[^}\n]*\}?`,
  String.raw`[^\s,;&)}\]]+`,
].join('|');
const ASSIGNED = new RegExp(
  String.raw`(${SECRET_WORD}[\w-]{0,20}\\?["']?\s{0,3}(?:=>|[=:]|%3[ad])\s{0,3})(?!\[redacted\])(?:${SECRET_VALUE})`,
  'gi',
);
const JWT = /\beyJ[\w-]{5,}\.[\w-]+\.?[\w-]*/g;
/** Too short for a token, and without any character that what is looked for needs, a JWT's first letters apart. */
const PLAIN = /^(?!.*eyJ)[\w.-]{0,31}$/;
const JSON_SNIPPET = /(?:\.\.\.)?"[\s\S]{0,100}"(?:\.\.\.)? is not valid JSON/g;

/**
 * Takes what is known to be secret out of free text, such as an error's message: assignments to names like `password`
 * and `token`, Authorization and Cookie headers, credentials in URLs, JWTs, long tokens, and the snippet of the input
 * that V8 puts into the messages of `JSON.parse`.
 *
 * @example redactText('connect postgres://app:hunter2@db/shop') // 'connect postgres://[redacted]@db/shop'
 */
export function redactText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .replace(JSON_SNIPPET, `${REDACTED} is not valid JSON`)
    .replace(WHOLE_HEADER, `$1$2${REDACTED}`)
    .replace(URL_CREDENTIALS, `://${REDACTED}@`)
    .replace(SCHEME, `$1 ${REDACTED}`)
    .replace(ASSIGNED, `$1${REDACTED}`)
    .replace(JWT, REDACTED)
    .replace(TEXT_RUN, (run) => (!/\d/.test(run) || UUID.test(run) || SLUG.test(run) ? run : REDACTED));
}
