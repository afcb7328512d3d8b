import { Refusal } from '../../errors.ts';
import { canonicalAddress } from './address.ts';

/** One element of RFC 7239's `Forwarded`, its parameters by lower-case name, quotes taken off. */
export type ForwardedElement = Readonly<Record<string, string>>;

/** Refuses a request for a forwarding header that a trusted sender cannot have meant. */
export function malformed(header: string, what: string): Refusal {
  return new Refusal('ERR_FORWARDED_INVALID', { reason: `${header} ${what}` });
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"/y;
const SPACE = /[ \t]*/y;

/**
 * Parses a `Forwarded` header, all its lines joined by commas.
 *
 * The header is read as a whole or not at all: a quote that a client leaves open swallows what the proxy appends, and only
 * a strict reader notices.
 *
 * @throws Refusal `ERR_FORWARDED_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc7239#section-4
 * @example parseForwarded('for="[2001:db8::1]:4711";proto=https, for=10.0.0.1')
 */
export function parseForwarded(text: string): ForwardedElement[] {
  const elements: ForwardedElement[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    const element: Record<string, string> = Object.create(null) as Record<string, string>;
    do {
      take(SPACE);
      const name = take(TOKEN)?.[0].toLowerCase();
      // `;` may stand at the end of an element, and an element may be empty: RFC 9110 tolerates both in lists.
      if (name === undefined) continue;
      if (text[at++] !== '=' || name in element) throw malformed('Forwarded', 'is not as RFC 7239 has it');
      const value = take(TOKEN)?.[0] ?? take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1');
      if (value === undefined) throw malformed('Forwarded', 'is not as RFC 7239 has it');
      element[name] = value;
      take(SPACE);
    } while (text[at] === ';' && ++at);
    elements.push(element);
    if (at >= text.length) return elements;
    if (text[at++] !== ',') throw malformed('Forwarded', 'is not as RFC 7239 has it');
  }
}

/**
 * The address in an entry of X-Forwarded-For or in a `for` parameter: alone, with a port, or in brackets.
 *
 * @returns undefined for `unknown`, for an obfuscated `_name`, and for what is no address
 * @example nodeAddress('[2001:DB8::1]:4711') // '2001:db8::1'
 */
export function nodeAddress(text: string): string | undefined {
  const bare = canonicalAddress(text);
  if (bare !== undefined) return bare;
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return bracketed.includes(':') ? canonicalAddress(bracketed) : undefined;
  const dotted = /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return dotted === undefined ? undefined : canonicalAddress(dotted);
}

/** The entries of a comma-separated header; an empty entry stays, because what counts is the place from the right. */
export function listOf(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}

/**
 * The entry that belongs to the proxy which told the client's address: each proxy appends one, or all but one overwrite.
 *
 * @param steps - how many addresses were taken from the right
 */
export function entryAt<T>(list: readonly T[], steps: number): T | undefined {
  return list[Math.max(0, list.length - Math.max(1, steps))];
}
