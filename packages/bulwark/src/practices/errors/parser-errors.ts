import type { RefusalCode } from '../../errors.ts';
import { isInstance, readMember, readText } from './read-error.ts';

/**
 * The `type` of body-parser's and raw-body's errors that are the sender's fault, with what Bulwark calls them.
 * `stream.encoding.set` and `stream.not.readable` are missing: those are bugs of the app.
 */
const PARSER_TYPES: ReadonlyMap<string, RefusalCode> = new Map([
  ['charset.unsupported', 'ERR_BODY_TYPE'],
  ['encoding.unsupported', 'ERR_BODY_ENCODING'],
  ['entity.parse.failed', 'ERR_BODY_MALFORMED'],
  ['entity.too.large', 'ERR_BODY_TOO_LARGE'],
  ['parameters.too.many', 'ERR_BODY_TOO_MANY_FIELDS'],
  ['querystring.parse.rangeError', 'ERR_BODY_MALFORMED'],
  ['request.aborted', 'ERR_BODY_ABORTED'],
  ['request.size.invalid', 'ERR_BODY_ABORTED'],
]);

/**
 * The code of an error that a body parser or the router's URL decoding made, or undefined.
 *
 * @example parserCode(Object.assign(new SyntaxError('…'), { status: 400, type: 'entity.parse.failed' })) // 'ERR_BODY_MALFORMED'
 */
export function parserCode(error: unknown): RefusalCode | undefined {
  const type = readText(error, 'type');
  const code = type === undefined ? undefined : PARSER_TYPES.get(type);
  if (code !== undefined) return code;
  if (readMember(error, 'status') !== 400) return undefined;
  // Express's router gives its URIError the status; one that an app's own decodeURIComponent threw has none.
  if (isInstance(error, URIError)) return 'ERR_URL_INVALID';
  // body-parser passes on what zlib threw about a broken compressed body, with a status and without a type.
  const isZlib = typeof readMember(error, 'errno') === 'number' && readMember(error, 'syscall') === undefined;
  return isZlib ? 'ERR_BODY_MALFORMED' : undefined;
}

/**
 * Whether an error's message quotes, or the error carries, what the client sent: body-parser puts the raw body into
 * `err.body`, and V8's JSON messages show a piece of the text.
 */
export function quotesBody(error: unknown): boolean {
  if (parserCode(error) !== undefined) return true;
  if (readMember(error, 'body') !== undefined && readMember(error, 'status') !== undefined) return true;
  return readText(error, 'name') === 'SyntaxError' && / JSON\b/.test(readText(error, 'message') ?? '');
}
