import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Middleware, Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import { type InputOptions, resolveInput } from '../options.ts';
import { queryRule } from './query.ts';
import { type ResolvedQueryOptions, type ResolvedUrlOptions, URL_DEFAULTS } from './url-options.ts';

/**
 * Refuses an address that two readers would read differently. It rejects and never normalises: what was normalised here
 * would still be read in another way by the proxy in front, by a guard on a prefix, by the file system behind.
 *
 * The path: `%2f`, `//`, `;`, backslashes, dot segments in any spelling, control characters, encoding twice or without need,
 * bytes that are not UTF-8. The query: prototype keys, names that make objects, too many parameters.
 * RFC 3986 2.1, 3.3, 6; ASVS 1.1.1, 15.3.7; CWE-20, CWE-22, CWE-158, CWE-172, CWE-174, CWE-235.
 *
 * @param options - those of `input()`; only `url` and `query` are read
 * @throws ConfigError for options that it cannot have
 * @example app.use(urlGate({ query: { objects: 'allow' } }))
 */
export function urlGate(options: InputOptions = {}): Middleware {
  const refuseUrl = urlRule(resolveInput(options));

  return function urlGate(req: IncomingMessage, _res: ServerResponse, next: Next): void {
    next(refuseUrl(req));
  };
}

/**
 * The rule of {@link urlGate}, for who has the options already.
 *
 * @returns a function that gives the refusal of a request, or undefined
 * @example urlRule(resolveInput({}))(req)?.code // 'ERR_URL_INVALID' for /a%00b
 */
export function urlRule(options: {
  readonly url: ResolvedUrlOptions;
  readonly query: ResolvedQueryOptions;
}): (req: IncomingMessage) => Refusal | undefined {
  const objectionToQuery = queryRule(options.query);
  return (req) => {
    // Routers cut `url` to what is below them; what came is what another reader sees.
    const url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const toPath = objectionToPath(path, options.url);
    if (toPath !== undefined) return new Refusal('ERR_URL_INVALID', { reason: toPath });
    if (mark === -1) return undefined;
    const query = url.slice(mark + 1);
    if (NOT_IN_AN_ADDRESS.test(query)) return new Refusal('ERR_URL_INVALID', { reason: RAW_CHARACTER });
    const toQuery = objectionToQuery(query);
    return toQuery === undefined ? undefined : new Refusal('ERR_QUERY_INVALID', { reason: toQuery });
  };
}

/** A path without any of these passes after one look; nearly all do. */
const SUSPECT = /[^\x21-\x7e]|[\\;%#]|\/\/|\/\.\.?(?:\/|$)/;
const NOT_IN_AN_ADDRESS = /[^\x21-\x7e]|#/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const ABSOLUTE_FORM = /^https?:\/\/[^/]*/i;
/**
 * Letters, digits and `-._`, percent-encoded: equivalent to the plain ones (RFC 3986 2.3), written by nobody but to get past
 * a comparison. `%7e` is written by old encoders.
 */
const NEEDLESS = /%(?:3\d|[46][1-9a-f]|[57][\da]|2[de]|5f)/i;
const RAW_CHARACTER = 'the address holds a character that must be percent-encoded';

/**
 * What is wrong with the path of a request target, or undefined. In the absolute form (`http://host/path`) the scheme's
 * slashes are none of the path's; that the host is the right one is the `client` practice's to say.
 *
 * @example objectionToPath('/a%00b') // 'the path holds a control character'
 */
export function objectionToPath(target: string, allowed: ResolvedUrlOptions = URL_DEFAULTS): string | undefined {
  if (target.startsWith('/')) return SUSPECT.test(target) ? examine(target, allowed) : undefined;
  if (target === '*' || target === '') return undefined;
  const scheme = ABSOLUTE_FORM.exec(target)?.[0];
  if (scheme === undefined) return 'the address does not begin with a slash';
  return (
    examine(scheme, { ...allowed, dangerouslyAllowDoubleSlash: true }) ?? examine(target.slice(scheme.length), allowed)
  );
}

function examine(path: string, allowed: ResolvedUrlOptions): string | undefined {
  if (CONTROL.test(path)) return 'the path holds a control character';
  if (NOT_IN_AN_ADDRESS.test(path)) return RAW_CHARACTER;
  const once = decode(path);
  if (once === undefined) return 'the percent-encoding of the path cannot be decoded';
  if (CONTROL.test(once)) return 'the path holds a control character';
  if (once.includes('\\')) return 'the path holds a backslash';
  if (path.includes('//') && !allowed.dangerouslyAllowDoubleSlash) return 'the path holds an empty segment (//)';
  if (/%2f/i.test(path) && !allowed.dangerouslyAllowEncodedSlash) return 'the path holds an encoded slash';
  if (once.includes(';') && !allowed.dangerouslyAllowSemicolon) return 'the path holds a semicolon';
  const twice = /%[0-9a-f]{2}/i.test(once);
  if (twice && !allowed.dangerouslyAllowDoubleEncoding) return 'the path is percent-encoded twice';
  // Whatever is allowed, no spelling of a dot segment is.
  if (hasDotSegment(once) || (twice && hasDotSegment(decode(once) ?? ''))) return 'the path holds a dot segment';
  return NEEDLESS.test(path) && !allowed.dangerouslyAllowNeedlessEncoding
    ? 'the path encodes a letter, a digit or a mark that needs no encoding'
    : undefined;
}

function decode(text: string): string | undefined {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    return undefined;
  }
}

/** `.` and `..` as a segment; a parameter (`..;x`) and blanks around it are cut off by some servers. */
function hasDotSegment(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => {
    const name = segment.split(';', 1)[0]?.trim();
    return name === '.' || name === '..';
  });
}
