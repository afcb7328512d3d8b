import type { StandardSchemaV1 } from '@standard-schema/spec';
import { cleanText } from '../../logging/clean-text.ts';
import { isContainer, valueAt } from './containers.ts';
import type { Part } from './schemas.ts';

/** What is wrong, by field: `address.street`, `items[2].name`, `query.page`. Both are cleaned and bounded. */
export type Fields = Map<string, string>;

const MOST_FIELDS = 50;
const LONGEST_KEY = 64;
const MOST_KEYS = 12;
const LONGEST_TEXT = 200;

/** What is said of a field that no schema declares. */
export const UNKNOWN = 'unknown field';
const NOT_VALID = 'is not valid';

/**
 * Adds a field, unless there are enough of them already.
 *
 * @example addField(fields, 'body', ['items', 2, 'name'], 'unknown field') // items[2].name
 */
export function addField(fields: Fields, part: Part | 'response', path: readonly PropertyKey[], text: string): void {
  const name = nameOf(part, path);
  if (fields.size < MOST_FIELDS && !fields.has(name)) fields.set(name, text);
}

function nameOf(part: Part | 'response', path: readonly PropertyKey[]): string {
  // The body is what most requests are about; the others say where they are.
  const start = part === 'body' || part === 'response' ? '' : part;
  const name = path.slice(0, MOST_KEYS).reduce<string>((before, key) => {
    if (/^\d{1,9}$/.test(String(key))) return `${before}[${String(key)}]`;
    const text = cleanText(String(key), LONGEST_KEY);
    return before === '' ? text : `${before}.${text}`;
  }, start);
  return name === '' ? part : name;
}

/** What the issues of some libraries say beside what the standard asks for. */
interface VendorIssue extends StandardSchemaV1.Issue {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly keys?: unknown;
  readonly expected?: unknown;
  readonly received?: unknown;
}

/**
 * Turns the issues of a schema into fields with texts. A text of the library's or of the schema's author goes on only if
 * it holds nothing of what was sent: valibot and ArkType quote the value, and an answer may end in a log, a screenshot
 * or a page (CWE-209, CWE-532).
 *
 * @param input - what was validated
 * @example addIssues(fields, 'body', 'zod', issues, req.body)
 */
export function addIssues(
  fields: Fields,
  part: Part | 'response',
  vendor: string,
  issues: readonly StandardSchemaV1.Issue[],
  input: unknown,
): void {
  const said = issues.slice(0, MOST_FIELDS).map((issue: VendorIssue) => ({
    issue,
    // Not `map`: ArkType's paths are arrays of a class of its own, which `map` would make another one of.
    path: Array.from(issue.path ?? [], (segment) => (typeof segment === 'object' ? segment.key : segment)),
    text: isUnknownKey(vendor, issue) ? UNKNOWN : textOf(vendor, issue).slice(0, LONGEST_TEXT),
  }));
  const quoting = quotingTexts(
    said.map(({ text }) => text),
    input,
  );
  for (const { issue, path, text } of said) {
    if (issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)) {
      for (const key of issue.keys as readonly unknown[]) addField(fields, part, [...path, String(key)], UNKNOWN);
    } else
      addField(fields, part, path, text !== UNKNOWN && quoting.has(text) ? NOT_VALID : cleanText(text, LONGEST_TEXT));
  }
}

function isUnknownKey(vendor: string, { type, code, expected }: VendorIssue): boolean {
  if (vendor === 'valibot') return expected === 'never' && typeof type === 'string' && type.startsWith('strict_');
  return vendor === 'arktype' && code === 'predicate' && expected === 'removed';
}

function textOf(vendor: string, { message, expected, received }: VendorIssue): string {
  if (typeof message !== 'string' || message === '') return NOT_VALID;
  if (vendor === 'arktype') return typeof expected === 'string' ? `must be ${expected}` : NOT_VALID;
  if (vendor !== 'valibot' || typeof received !== 'string' || !message.includes(`eceived ${received}`)) return message;
  if (received === 'undefined') return 'is missing';
  return typeof expected === 'string' ? `must be ${expected}` : NOT_VALID;
}

/** Shorter texts are in any sentence by accident, and are no secret; longer ones are looked for in pieces. */
const SHORTEST = 3;
const PIECE = 12;
/** What is cut off is cut off at the end, so the beginning of a value gives it away sooner. */
const HEAD = 6;
/** How much of a long value is looked at. */
const LOOKED_AT = 2000;
/** How much is looked at in all, a value counting as 20 characters at least; with more, every text counts as a quotation. */
const BUDGET = 20_000;

/** The values of an input, in the forms in which they are looked for. */
interface Values {
  /** Letters and digits only. */
  readonly plain: Set<string>;
  /** Those that have hardly any. */
  readonly raw: Set<string>;
  budget: number;
}

/**
 * Those of some texts that quote a value of the input: as a whole or in pieces, whatever quotation marks, escapes and
 * capitals it has. The work is that of one look at each value, however many texts there are.
 */
function quotingTexts(texts: readonly string[], input: unknown): ReadonlySet<string> {
  const values: Values = { plain: new Set(), raw: new Set(), budget: BUDGET };
  collect(input, values, new Set());
  if (values.budget < 0) return new Set(texts);
  const quoting = new Set<string>();
  const byPiece = new Map<string, string[]>();
  for (const text of new Set(texts)) {
    const plain = lettersOf(text);
    for (let i = 0; i + PIECE <= plain.length; i++) {
      const piece = plain.slice(i, i + PIECE);
      byPiece.set(piece, [...(byPiece.get(piece) ?? []), text]);
    }
    for (const value of values.raw) if (text.includes(value)) quoting.add(text);
    for (const value of values.plain) if (plain.includes(value.slice(0, HEAD))) quoting.add(text);
  }
  for (const value of values.plain) {
    for (let i = 0; i + PIECE <= value.length; i++) {
      for (const text of byPiece.get(value.slice(i, i + PIECE)) ?? NONE) quoting.add(text);
    }
  }
  return quoting;
}

const NONE: readonly string[] = [];

function collect(value: unknown, values: Values, seen: Set<object>): void {
  if (values.budget < 0) return;
  if (isContainer(value)) {
    if (seen.has(value)) return;
    seen.add(value);
    for (const key of Object.keys(value)) collect(valueAt(value, key), values, seen);
    return;
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return;
  const text = String(value).slice(0, LOOKED_AT);
  if (text.length < SHORTEST) return;
  const letters = lettersOf(text);
  values.budget -= Math.max(20, letters.length);
  if (letters.length >= SHORTEST) values.plain.add(letters);
  else values.raw.add(text);
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
