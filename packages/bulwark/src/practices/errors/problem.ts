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

/** The document as JSON; without its extensions where they cannot be written (a cycle, a BigInt). */
export function toJson(problem: Problem): string {
  try {
    return JSON.stringify(problem);
  } catch {
    return JSON.stringify(Object.fromEntries(Object.entries(problem).filter(([name]) => RESERVED.has(name))));
  }
}
