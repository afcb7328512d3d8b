import type { IncomingMessage } from 'node:http';

/** What a request says of its body's type. */
export interface BodyType {
  /** `type/subtype` in lower case; undefined without a Content-Type. */
  readonly type?: string;
  /** In lower case; undefined where none is named. */
  readonly charset?: string;
  /** What separates the parts of a multipart body; undefined where none is named. */
  readonly boundary?: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = `(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`;
// Each blank can be matched in one way only, so a long header costs linear time.
const WELL_FORMED = new RegExp(`^${TOKEN}/${TOKEN}[ \\t]*(?:;[ \\t]*(?:${PARAMETER}[ \\t]*)?)*$`);
const EACH_PARAMETER = new RegExp(PARAMETER, 'g');

/**
 * Reads Content-Type strictly: two of them, or one that is malformed, is an objection and not a guess, because the proxy
 * in front, the parser and a validator would each guess differently. RFC 9110 8.3, CWE-436.
 *
 * @returns the type, or an objection
 * @example readBodyType(req) // { type: 'application/json', charset: 'utf-8' }
 */
export function readBodyType(req: IncomingMessage): BodyType | string {
  const value = req.headers['content-type'];
  if (value === undefined) return {};
  if (countHeader(req.rawHeaders, 'content-type') > 1) return 'there is more than one Content-Type header';
  return parseContentType(value);
}

/**
 * Parses the value of one Content-Type header.
 *
 * @returns the type, or an objection
 * @example parseContentType('text/html; charset="UTF-8"') // { type: 'text/html', charset: 'utf-8' }
 */
export function parseContentType(value: string): BodyType | string {
  if (!WELL_FORMED.test(value)) return 'the Content-Type header is malformed';
  const semicolon = value.indexOf(';');
  if (semicolon === -1) return { type: value.trimEnd().toLowerCase() };
  const type = value.slice(0, semicolon).trimEnd().toLowerCase();
  const read: { charset?: string; boundary?: string } = {};
  for (const [, given = '', content = ''] of value.slice(semicolon).matchAll(EACH_PARAMETER)) {
    const name = given.toLowerCase();
    if (name !== 'charset' && name !== 'boundary') continue;
    if (read[name] !== undefined)
      return `the Content-Type header names two ${name === 'charset' ? 'charsets' : 'boundaries'}`;
    const bare = content.replace(/^"|"$/g, '');
    read[name] = name === 'charset' ? bare.toLowerCase() : bare;
  }
  return { type, ...read };
}

function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const raw = rawHeaders[i];
    if (raw?.length === name.length && raw.toLowerCase() === name) count++;
  }
  return count;
}
