import { escapeBare, escapeText } from './escape.ts';
import type { Place } from './place.ts';
import { SafeHtml } from './safe-html.ts';
import { BLOCKED, isScriptAddress } from './url-in-attribute.ts';

/** Attributes whose value is an address that is followed or loaded. */
const ADDRESSES: ReadonlySet<string> = new Set(['action', 'data', 'formaction', 'href', 'src', 'xlink:href']);

/** Whether a text is an address that would run as a script, in a place where it would be followed or loaded. */
export function isScriptAt(place: Place, text: string): boolean {
  return place.first && ADDRESSES.has(place.attribute) && isScriptAddress(text);
}

/**
 * Escapes text for its place. An address that would run as a script becomes an empty page.
 *
 * @example escapeAt({ in: 'text', attribute: '', first: false }, '<b>') // '&lt;b&gt;'
 */
export function escapeAt(place: Place, text: string): string {
  return escapeOnly(place, isScriptAt(place, text) ? BLOCKED : text);
}

/** Escapes text for its place, whatever it does there. */
export function escapeOnly(place: Place, text: string): string {
  if (text === '') return place.empty ?? '';
  return place.in === 'bare' ? escapeBare(text) : escapeText(text);
}

/**
 * The markup of a value that is safe, or of a list of such values; undefined for every other value.
 *
 * JSON and sanitised HTML are markup between tags only: their quotes would end an attribute, so there they are escaped,
 * and sanitised HTML within a script.
 */
export function safeAt(place: Place, value: unknown): string | undefined {
  const safe = SafeHtml.read(value);
  if (safe !== undefined) {
    const inTag = place.in === 'quoted' || place.in === 'bare';
    const misplaced = safe.kind !== 'markup' && (inTag || (place.in === 'script' && safe.kind === 'sanitized'));
    return misplaced || safe.html === '' ? escapeAt(place, safe.html) : safe.html;
  }
  if (!Array.isArray(value)) return undefined;
  const parts: string[] = [];
  for (const item of value as unknown[]) {
    const part = safeAt(withinList(place), item);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.join('') || escapeOnly(place, '');
}

/** The place of one item of a list: whether all of them together are empty is seen at the end. */
export function withinList(place: Place): Place {
  return place.empty === undefined ? place : { ...place, empty: '' };
}

/** What a template prints for a value, whatever it is: nothing for null and undefined. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const printed: { toString(): string } = value;
  return String(printed);
}
