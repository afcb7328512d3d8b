import type { FailureRecord } from '../logging/failure-record.ts';
import type { ErrorDescription } from './describe-error.ts';

/** A problem document (RFC 9457 §3.1), with Bulwark's members. */
export interface Problem {
  /** `urn:bulwark:error:<code>`; `about:blank` for the app's own HTTP errors, which a status says all about. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  /** Names the log line of this request. */
  readonly requestId?: string;
  /** In development only, for a direct client on this machine. */
  readonly debug?: FailureRecord;
  readonly [extension: string]: unknown;
}

const RESERVED: ReadonlySet<string> = new Set(['type', 'title', 'status', 'detail', 'code', 'requestId', 'debug']);

/**
 * Makes the problem document of an error.
 *
 * @example toProblem(describeError(error), '7d1c…', undefined).code // 'ERR_RATE_LIMIT'
 */
export function toProblem(
  description: ErrorDescription,
  requestId: string | undefined,
  debug: FailureRecord | undefined,
): Problem {
  const { code, title, status, detail, extensions } = description;
  const own = Object.entries(extensions).filter(([name]) => !RESERVED.has(name));
  return {
    type: code === undefined ? 'about:blank' : `urn:bulwark:error:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(code === undefined ? {} : { code }),
    ...(requestId === undefined ? {} : { requestId }),
    ...Object.fromEntries(own),
    ...(debug === undefined ? {} : { debug }),
  };
}

/**
 * The document of {@link toProblem} as JSON, without making it; without its extensions where they cannot be written (a
 * cycle, a BigInt).
 *
 * A flood of refused requests is answered here: all but the extensions is put together as text.
 *
 * @example problemText(describeError(error), '7d1c…', undefined) // '{"type":"urn:bulwark:error:ERR_RATE_LIMIT",…}'
 */
export function problemText(
  description: ErrorDescription,
  requestId: string | undefined,
  debug: FailureRecord | undefined,
): string {
  const { code, title, status, detail, extensions } = description;
  const names = Object.keys(extensions);
  // What a refusal that was made in JavaScript holds may be anything, and then `JSON.stringify` knows best.
  const isUsual = detail === undefined || typeof detail === 'string';
  if (debug !== undefined || !isUsual || !names.every(comesLast))
    return toJson(toProblem(description, requestId, debug));
  let text = `{"type":"${code === undefined ? 'about:blank' : `urn:bulwark:error:${code}`}"`;
  text += `,"title":${JSON.stringify(title)},"status":${status}`;
  if (detail !== undefined) text += `,"detail":${JSON.stringify(detail)}`;
  if (code !== undefined) text += `,"code":"${code}"`;
  if (requestId !== undefined) text += `,"requestId":${JSON.stringify(requestId)}`;
  return names.length === 0 ? `${text}}` : text + membersOf(extensions);
}

const NUMBER = /^\d+$/;

/** Whether a member of this name is written behind the others, as itself: a number goes first, `toJSON` replaces them all. */
function comesLast(name: string): boolean {
  return !RESERVED.has(name) && name !== 'toJSON' && !NUMBER.test(name);
}

/** The rest of a document that has members already. */
function membersOf(extensions: object): string {
  try {
    const text = JSON.stringify({ ...extensions });
    return text === '{}' ? '}' : `,${text.slice(1)}`;
  } catch {
    return '}';
  }
}

function toJson(problem: Problem): string {
  try {
    return JSON.stringify(problem);
  } catch {
    return JSON.stringify(Object.fromEntries(Object.entries(problem).filter(([name]) => RESERVED.has(name))));
  }
}
