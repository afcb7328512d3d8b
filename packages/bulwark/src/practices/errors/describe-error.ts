import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { ERROR_CODES, Refusal, type RefusalCode } from '../../errors.ts';
import { cleanText } from '../logging/clean-text.ts';
import { parserCode, quotesBody } from './parser-errors.ts';
import { isInstance, readMember, readText } from './read-error.ts';

/** What an error may say in public, and what it is. */
export interface ErrorDescription {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** Bulwark's code; undefined for an HTTP error of the app's own, such as `createError(409)`. */
  readonly code: RefusalCode | undefined;
  /** A short sentence that is the same for all errors of this kind. */
  readonly title: string;
  /** What is particular to this one: the public reason of a Refusal, the message of an error made to be shown. */
  readonly detail: string | undefined;
  /** Headers that the answer must carry, such as `Retry-After` and `Allow`; checked. */
  readonly headers: Readonly<Record<string, string>>;
  /** Public members for the problem document. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** Nobody meant this to happen: it is logged with its stack, and the client learns nothing of it. */
  readonly internal: boolean;
}

/** Headers that an error of the app may bring along; an SDK's error brings those of its own, foreign answer. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'allow',
  'content-range',
  'deprecation',
  'link',
  'proxy-authenticate',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'sunset',
  'www-authenticate',
]);

/** Headers that describe the bytes of the answer, which `errors` writes itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
]);

/** What errors of HTTP clients carry: their `status` is what another server said, not what this one should say. */
const UPSTREAM_MARKS = [
  'response',
  'request',
  'config',
  'raw',
  'rawType',
  '$metadata',
  '$response',
  'requestId',
  'request_id',
  'requestID',
];

/**
 * What errors of the system, of databases and of parsers carry. `createError(400, caught)` marks a caught error as
 * public, whatever its message tells; `send` does so with the path of a missing file.
 */
const CAUGHT_MARKS = [
  'errno',
  'syscall',
  'path',
  'dest',
  'body',
  'sql',
  'sqlMessage',
  'query',
  'constraint',
  'original',
  'keyPattern',
  'clientVersion',
];

const BUILT_IN_NAMES: ReadonlySet<string> = new Set([
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

const MAX_DETAIL = 300;
const EMPTY = Object.freeze({});

const INTERNAL: ErrorDescription = {
  status: 500,
  code: 'ERR_INTERNAL',
  title: ERROR_CODES.ERR_INTERNAL.title,
  detail: undefined,
  headers: EMPTY,
  extensions: EMPTY,
  internal: true,
};

/**
 * Says what an error may say in public. Takes anything that can be thrown, and never throws.
 *
 * - a {@link Refusal}: everything it holds but its cause
 * - errors of body parsers and of URL decoding: a code of Bulwark's; their messages quote the request, so never those
 * - an error with a `status` or `statusCode` of 400 to 599: that status; its message only if `expose` is true, the
 *   status is below 500, and it was written by hand (`createError(404, 'No such note')`)
 * - everything else: 500 and nothing more (CWE-209, ASVS 16.5.1)
 *
 * @param exposeMessages - false: messages of errors that are not refusals are never shown
 * @example describeError(createError(404, 'No such note')).detail // 'No such note'
 */
export function describeError(error: unknown, exposeMessages = true): ErrorDescription {
  try {
    if (isInstance(error, Refusal)) return describeRefusal(error);
    const code = parserCode(error);
    if (code !== undefined) return { ...INTERNAL, ...titleOf(code), internal: false };
    return describeForeign(error, exposeMessages);
  } catch {
    return INTERNAL;
  }
}

/**
 * The title of a status: RFC 9110's phrase.
 *
 * @example statusTitle(404) // 'Not Found'
 */
export function statusTitle(status: number): string {
  return STATUS_CODES[status] ?? (status < 500 ? 'The request was refused' : ERROR_CODES.ERR_INTERNAL.title);
}

/** Whether a refusal with this code is a failure of the server. */
export function isInternalCode(code: RefusalCode): boolean {
  return code === 'ERR_INTERNAL' || code === 'ERR_RESPONSE_INVALID';
}

function titleOf(code: RefusalCode): Pick<ErrorDescription, 'code' | 'status' | 'title'> {
  return { code, status: ERROR_CODES[code].status, title: ERROR_CODES[code].title };
}

function describeRefusal(refusal: Refusal): ErrorDescription {
  const { code } = refusal;
  const { status, title } = ERROR_CODES[code];
  return {
    status,
    code,
    title,
    detail: refusal.reason,
    headers: usableHeaders(refusal.headers, isForeignHeader),
    extensions: refusal.extensions,
    internal: isInternalCode(code),
  };
}

function describeForeign(error: unknown, exposeMessages: boolean): ErrorDescription {
  const status = statusOf(error);
  if (status === undefined) return INTERNAL;
  const isExposed = readMember(error, 'expose') === true;
  if (!isExposed && UPSTREAM_MARKS.some((mark) => readMember(error, mark) !== undefined)) return INTERNAL;
  const headers = usableHeaders(readMember(error, 'headers'), isPublicHeader);
  if (status === 500) return { ...INTERNAL, headers };
  const title = statusTitle(status);
  const code = status === 503 ? 'ERR_UNAVAILABLE' : undefined;
  if (status > 500) return { ...INTERNAL, status, title, code, headers };
  const detail = isExposed && exposeMessages && isWrittenByHand(error) ? messageOf(error) : undefined;
  return { ...INTERNAL, status, title, code, headers, internal: false, detail: detail === title ? undefined : detail };
}

function statusOf(error: unknown): number | undefined {
  return [readMember(error, 'status'), readMember(error, 'statusCode')].find(
    (status): status is number =>
      typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599,
  );
}

function isWrittenByHand(error: unknown): boolean {
  if (quotesBody(error) || CAUGHT_MARKS.some((mark) => readMember(error, mark) !== undefined)) return false;
  return !BUILT_IN_NAMES.has(readText(error, 'name') ?? 'TypeError');
}

function messageOf(error: unknown): string | undefined {
  const message = readText(error, 'message');
  return message === undefined || message === '' ? undefined : cleanText(message, MAX_DETAIL);
}

const isForeignHeader = (name: string): boolean => !OWN_HEADERS.has(name);
const isPublicHeader = (name: string): boolean => PUBLIC_HEADERS.has(name);

function usableHeaders(given: unknown, isWanted: (name: string) => boolean): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null) return EMPTY;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!isWanted(name.toLowerCase()) || (typeof value !== 'string' && typeof value !== 'number')) continue;
    try {
      validateHeaderName(name);
      validateHeaderValue(name, String(value));
      headers[name] = String(value);
    } catch {
      // A header that cannot be sent must not cost the client the answer.
    }
  }
  return headers;
}
