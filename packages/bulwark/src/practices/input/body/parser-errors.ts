import { Refusal, type RefusalCode } from '../../../errors.ts';

/** The `type` of the errors that our own look at the raw body throws through the parser. */
export const NOT_UTF8 = 'bulwark.not-utf8';

const CLOSE: Readonly<Record<string, string>> = { Connection: 'close' };

/** The parser's error types and what they are to us. */
const REFUSALS: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  'charset.unsupported': ['ERR_BODY_TYPE', 'the charset must be utf-8'],
  'encoding.unsupported': ['ERR_BODY_ENCODING', 'this Content-Encoding is not accepted'],
  'entity.parse.failed': ['ERR_BODY_MALFORMED', 'the body is not what its Content-Type says'],
  'parameters.too.many': ['ERR_BODY_TOO_MANY_FIELDS', 'the form has too many fields'],
  'request.aborted': ['ERR_BODY_ABORTED', 'the connection was closed before the body was complete'],
  'request.size.invalid': ['ERR_BODY_ABORTED', 'the body does not have the length that Content-Length says'],
  [NOT_UTF8]: ['ERR_BODY_MALFORMED', 'the body is not valid UTF-8'],
};

/**
 * Makes our own error of one of the parser's. Nothing of the parser's error goes along: its `body` holds the raw body,
 * its message quotes it, and both end in logs (CWE-532).
 *
 * @example next(refusalOf(error))
 */
export function refusalOf(error: unknown): Error {
  const type = (error as { type?: unknown }).type;
  if (type === 'entity.too.large') return tooLarge();
  if (type === 'stream.not.readable' || type === 'stream.encoding.set') {
    return new Error('input: something in front of it has begun to read the request body; mount input before it');
  }
  const known = typeof type === 'string' ? REFUSALS[type] : undefined;
  // What has no type comes from the decompressor.
  const [code, reason] = known ?? ['ERR_BODY_MALFORMED', 'the body cannot be decompressed'];
  return new Refusal(code, { reason });
}

/** The refusal of a body over its limit: the connection is closed, so that the rest need not be read. */
export function tooLarge(): Refusal {
  return new Refusal('ERR_BODY_TOO_LARGE', { reason: 'the body is over the limit of its type', headers: CLOSE });
}
