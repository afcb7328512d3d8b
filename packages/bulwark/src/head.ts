import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';

/** Header lines that are the same for many responses, checked and put together once. */
export interface HeaderLines {
  readonly entries: readonly (readonly [name: string, value: string])[];
  /** The lines as they are sent, each with its line end. */
  readonly text: string;
}

/** Where a response hook puts its headers. */
export interface Head {
  /** Sets a header, in place of what the response has under this name. */
  set(name: string, value: string): void;
  /** Sets headers that the response has not: what it had under their names was removed. */
  add(lines: HeaderLines): void;
}

/**
 * Prepares header lines.
 *
 * @throws TypeError for a name or a value that no header can have, as `res.setHeader` does
 * @example headerLines([['X-Content-Type-Options', 'nosniff']])
 */
export function headerLines(entries: HeaderLines['entries']): HeaderLines {
  for (const [name, value] of entries) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return { entries, text: entries.map(([name, value]) => `${name}: ${value}\r\n`).join('') };
}

/** The head of a response whose lines node puts together: used where a practice works alone, and on HTTP/2. */
export function plainHead(res: ServerResponse): Head {
  return {
    set: (name, value) => void res.setHeader(name, value),
    add({ entries }) {
      for (const [name, value] of entries) res.setHeader(name, value);
    },
  };
}

const INVALID = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Gathers headers as text, which the response gate puts behind the status line: node checks, copies and joins each header
 * that is set singly, and that is most of what twenty headers cost.
 */
export class TextHead implements Head {
  readonly #res: ServerResponse;
  text = '';

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  set(name: string, value: string): void {
    // A line break would end the header, and begin another one (CWE-113).
    if (INVALID.test(value)) validateHeaderValue(name, value);
    if (this.#res.hasHeader(name)) this.#res.removeHeader(name);
    this.text += `${name}: ${value}\r\n`;
  }

  add(lines: HeaderLines): void {
    this.text += lines.text;
  }
}

/** The headers in a text of lines, by their names in lower case. */
export function headersIn(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 2));
  }
  return headers;
}
