import type { IncomingMessage } from 'node:http';
import { contextOf, type RequestContext } from '../../context.ts';
import { isInstance } from '../errors/read-error.ts';
import { cleanText, redactText } from './clean-text.ts';
import { describeFailure } from './failure-record.ts';
import type { Logger } from './options.ts';
import type { RecordCleaner } from './record-cleaner.ts';

/**
 * A log for the app itself. Records are redacted by name at any depth, text is cleaned, errors are described, requests
 * and streams are not walked: what a developer logs in a hurry leaks no password (CWE-532, ASVS 16.2.5).
 *
 * The order of the arguments is pino's, `(record, message)`; winston's, `(message, record)`, is understood too.
 *
 * @example req.log.info({ body: req.body }, 'sign-in') // … "body":{"user":"ann","password":"[redacted]"} …
 */
export interface AppLogger {
  info(record: unknown, message?: unknown): void;
  warn(record: unknown, message?: unknown): void;
  error(record: unknown, message?: unknown): void;
}

/** Members of a line that only Bulwark and the logger write: a record's own go by another name. */
const RESERVED: ReadonlySet<string> = new Set([
  'level',
  'message',
  'msg',
  'parentId',
  'requestId',
  'severity',
  // With `method` and `headers` beside it pino takes a record for a request, and writes nothing else of it.
  'socket',
  'stack',
  'time',
  'timestamp',
  'traceId',
]);

const MAX_MESSAGE = 1000;

/** What the loggers of all requests share. */
export interface AppLog {
  readonly logger: Logger;
  readonly clean: RecordCleaner;
}

const nothing = (): void => undefined;

/** For where `logging` is off, and for the probes of the self-test. */
export const SILENT: AppLogger & Logger = { info: nothing, warn: nothing, error: nothing };

/** The log of one request, or of the app as a whole. */
class ContextLogger implements AppLogger {
  readonly #log: AppLog;
  readonly #context: RequestContext | undefined;

  constructor(log: AppLog, context: RequestContext | undefined) {
    this.#log = log;
    this.#context = context;
  }

  info(record: unknown, message?: unknown): void {
    this.#write('info', record, message);
  }

  warn(record: unknown, message?: unknown): void {
    this.#write('warn', record, message);
  }

  error(record: unknown, message?: unknown): void {
    this.#write('error', record, message);
  }

  #write(level: keyof Logger, first: unknown, second: unknown): void {
    const [text, given] = typeof first === 'string' ? [first, second] : [second, first];
    const own = given === undefined ? {} : recordOf(this.#log.clean, given);
    const message = typeof text === 'string' ? cleanText(redactText(text.slice(0, MAX_MESSAGE)), MAX_MESSAGE) : '';
    this.#log.logger[level]({ ...own, ...idsOf(this.#context) }, message);
  }
}

/** Makes a log of the app: of one request, where a context is given. */
export function appLogger(log: AppLog, context?: RequestContext): AppLogger {
  return context?.selfTest === true ? SILENT : new ContextLogger(log, context);
}

/**
 * The log of a request: its records carry the request's id, and are redacted. Bulwark's own, even where another logger
 * has taken `req.log`; silent where `logging` is off.
 *
 * @example logOf(req).warn({ order: order.id }, 'out of stock')
 */
export function logOf(req: IncomingMessage): AppLogger {
  return contextOf(req).log ?? SILENT;
}

function recordOf(clean: RecordCleaner, given: unknown): Record<string, unknown> {
  if (isInstance(given, Error)) return { error: describeFailure(given) };
  const cleaned = clean(given);
  // Lists, dates and what is named instead of walked have no members of their own.
  if (typeof cleaned !== 'object' || cleaned === null || Array.isArray(cleaned)) return { value: cleaned };
  const entries = Object.entries(cleaned);
  if (!entries.some(([name]) => RESERVED.has(name))) return cleaned as Record<string, unknown>;
  return Object.fromEntries(entries.map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]));
}

function idsOf(context: RequestContext | undefined): Record<string, string> {
  const { requestId, trace } = context ?? {};
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(trace === undefined ? {} : { traceId: trace.traceId }),
  };
}
