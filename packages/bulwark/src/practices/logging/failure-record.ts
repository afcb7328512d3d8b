import { quotesBody } from '../errors/parser-errors.ts';
import { readMember, readText } from '../errors/read-error.ts';
import { cleanText, redactText } from './clean-text.ts';

/** What is logged of an error: these members and no others, however many the error has. */
export interface FailureRecord {
  /** The error's name, or what kind of value was thrown: `string`. */
  readonly type: string;
  readonly message?: string;
  /** A code such as `ER_DUP_ENTRY` or `ECONNREFUSED`. */
  readonly code?: string | number;
  /** Its frames, one a line, without the message. */
  readonly stack?: string;
  readonly cause?: FailureRecord;
  /** The first members of an AggregateError. */
  readonly errors?: readonly FailureRecord[];
}

const MAX_MESSAGE = 1000;
const MAX_FRAMES = 30;
const MAX_FRAME = 300;
const MAX_DEPTH = 3;
const MAX_ERRORS = 3;

/**
 * Turns anything that was thrown into a record that is safe to log. Never throws.
 *
 * `err.body`, `err.raw`, `err.config`, `err.sql` and whatever else hangs on an error stay out of it, and where the
 * message quotes the body of a request, the message does too. What remains is cleaned and redacted.
 *
 * @param depth - how many causes deep
 * @example describeFailure(new Error('connect postgres://app:hunter2@db')) // { type: 'Error', message: 'connect postgres://[redacted]@db', stack: 'at …' }
 */
export function describeFailure(error: unknown, depth: number = MAX_DEPTH): FailureRecord {
  try {
    return recordOf(error, depth);
  } catch {
    return { type: 'unreadable' };
  }
}

function recordOf(error: unknown, depth: number): FailureRecord {
  if ((typeof error !== 'object' && typeof error !== 'function') || error === null) {
    return { type: error === null ? 'null' : typeof error, ...primitiveMessage(error) };
  }
  const message = quotesBody(error) ? undefined : readText(error, 'message');
  const code = loggedCode(readMember(error, 'code'));
  const stack = framesOf(error);
  const cause = readMember(error, 'cause');
  const errors = errorsOf(error, depth);
  return {
    type: typeOf(error),
    ...(message === undefined || message === '' ? {} : { message: safeMessage(message) }),
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
    ...(depth <= 0 || cause === undefined || cause === null ? {} : { cause: describeFailure(cause, depth - 1) }),
    ...(errors.length === 0 ? {} : { errors }),
  };
}

/** Whether an error only says that the other side went away. */
export function isConnectionLoss(error: unknown): boolean {
  const code = readText(error, 'code');
  return (code !== undefined && LOST.has(code)) || readText(error, 'type') === 'request.aborted';
}

const LOST: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_BODY_ABORTED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_UNABLE_TO_PIPE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

function safeMessage(message: string): string {
  // Redaction looks at lines, so it comes before line breaks are escaped; the cut bounds its work.
  return cleanText(redactText(message.slice(0, MAX_MESSAGE)), MAX_MESSAGE);
}

function primitiveMessage(value: unknown): { message?: string } {
  return typeof value === 'string' ? { message: safeMessage(value) } : {};
}

function typeOf(error: unknown): string {
  const name = readText(error, 'name') ?? readText(readMember(error, 'constructor'), 'name') ?? 'object';
  return cleanText(name === '' ? 'Error' : name, 100);
}

function loggedCode(code: unknown): string | number | undefined {
  if (typeof code === 'number' && Number.isFinite(code)) return code;
  return typeof code === 'string' && code !== '' ? cleanText(redactText(code.slice(0, 64)), 64) : undefined;
}

/** The frames alone: the head of a stack is the message, which may have any number of lines. */
function framesOf(error: unknown): string | undefined {
  const stack = readText(error, 'stack');
  if (stack === undefined) return undefined;
  const message = readText(error, 'message') ?? '';
  const at = message === '' ? -1 : stack.indexOf(message);
  const body = at === -1 ? stack : stack.slice(at + message.length);
  const frames = body
    .slice(0, MAX_FRAMES * MAX_FRAME)
    .split('\n')
    .filter((line) => /^\s{1,8}at \S/.test(line))
    .slice(0, MAX_FRAMES);
  return frames.length === 0 ? undefined : frames.map((frame) => cleanText(frame.trim(), MAX_FRAME)).join('\n');
}

function errorsOf(error: unknown, depth: number): readonly FailureRecord[] {
  const errors = readMember(error, 'errors');
  if (depth <= 0 || readText(error, 'name') !== 'AggregateError' || !Array.isArray(errors)) return [];
  return errors.slice(0, MAX_ERRORS).map((inner) => describeFailure(inner, depth - 1));
}
