import { z } from 'zod';
import type { Duration } from '../../units.ts';
import type { LineStream } from './sink.ts';

/** What Bulwark writes its lines to: pino, or anything with these three methods. */
export interface Logger {
  info(record: object, message: string): void;
  warn(record: object, message: string): void;
  error(record: object, message: string): void;
}

/** Options of the `logging` practice. */
export interface LoggingOptions {
  /**
   * Where the lines go: pino, `winstonLogger(winston)`, or anything with `info`, `warn` and `error` of
   * `(record, message)`. Default: JSON lines to stdout.
   */
  readonly logger?: Logger;
  /**
   * Where Bulwark's own pino writes, a JSON line each: a Writable (a file, a rotating one) or anything with `write(line)`.
   * It gets each line by itself, at once. Default: stdout, synchronously, by the end of a turn of the event loop.
   */
  readonly stream?: LineStream;
  /** The least level that is written; `false`: no lines, and request ids all the same. Default `'info'`. */
  readonly level?: 'info' | 'warn' | 'error' | false;
  /**
   * Whether a client's `X-Request-Id` is taken over, if it is 8 to 128 characters of `A-Za-z0-9._-`: for services behind
   * a gateway that sets it. Default false: every request gets an id of its own.
   */
  readonly trustRequestId?: boolean;
  /**
   * Whether a well-formed `traceparent` (W3C Trace Context) is taken over into the lines, beside the request id that stays
   * Bulwark's own. `false` restarts the trace at each request. Default true.
   */
  readonly trustTraceContext?: boolean;
  /**
   * `'names'`: logs the names of query parameters, never their values. `'redacted'`: the values too, but for those that
   * name or shape give away as secret; a short token under a harmless name is shown. Default false.
   */
  readonly query?: false | 'names' | 'redacted';
  /**
   * Request headers to log, by name. Values of headers that carry secrets (Authorization, Cookie, X-Api-Key and whatever
   * is called token, secret, session …) are always `[redacted]`. Default: none.
   */
  readonly headers?: readonly string[];
  /**
   * Names whose values are redacted too, in what the app logs, in headers and in details of events: `'email'` at any
   * depth and in any spelling, `'user.email'` where the two follow each other. Default: none beyond Bulwark's own.
   */
  readonly redact?: readonly string[];
  /**
   * Where security events are written: `{ stream }` gets JSON lines in OWASP's words, `{ logger }` records; `false`: nowhere,
   * and listeners of the gate hear them all the same. Default: between the lines of requests.
   */
  readonly events?: EventsOptions | false;
  /**
   * How many lines of the same kind are written of one client in a window; further refusals, aborted requests and events
   * are counted, and one line with their number ends the window. `false`: all are written.
   * Default `{ lines: 20, window: '1m' }`.
   */
  readonly repeat?: { readonly lines?: number; readonly window?: Duration } | false;
}

/** Where security events go. */
export interface EventsOptions {
  readonly stream?: LineStream;
  readonly logger?: Logger;
  /** The app's name in the events, OWASP's `appid`; with `stream`. */
  readonly appId?: string;
}

/** The options with every default in place. */
export interface ResolvedLoggingOptions {
  readonly logger: Logger | undefined;
  readonly stream: LineStream | undefined;
  readonly level: 'info' | 'warn' | 'error' | false;
  readonly trustRequestId: boolean;
  readonly trustTraceContext: boolean;
  readonly query: false | 'names' | 'redacted';
  readonly headers: readonly string[];
  readonly redact: readonly string[];
  readonly events: EventsOptions | false | undefined;
  readonly repeat: { readonly lines: number; readonly window: Duration } | false;
}

const HEADER_NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
const NAME_OR_PATH = /^[^.\s]+(?:\.[^.\s]+)*$/;

const logger = z.custom<Logger>(isLogger, 'must have the methods info, warn and error');
const stream = z.custom<LineStream>((value) => hasMethods(value, ['write']), 'must have a method write(line)');

/** What a user may write. */
export const schema: z.ZodType = z.strictObject({
  logger: logger.optional(),
  stream: stream.optional(),
  level: z.union([z.enum(['info', 'warn', 'error']), z.literal(false)]).optional(),
  trustRequestId: z.boolean().optional(),
  trustTraceContext: z.boolean().optional(),
  query: z.union([z.literal(false), z.enum(['names', 'redacted'])]).optional(),
  headers: z.array(z.string().regex(HEADER_NAME, 'must be a header name')).optional(),
  redact: z.array(z.string().regex(NAME_OR_PATH, 'must be a name, or names with dots between them')).optional(),
  events: z
    .union([
      z.literal(false),
      z
        .strictObject({ stream: stream.optional(), logger: logger.optional(), appId: z.string().min(1).optional() })
        .refine(
          (events) => (events.stream === undefined) !== (events.logger === undefined),
          'must name one place: either stream or logger',
        ),
    ])
    .optional(),
  repeat: z
    .union([
      z.literal(false),
      z.strictObject({
        lines: z.int().min(1).max(1_000_000).optional(),
        window: z.union([z.string(), z.number()]).optional(),
      }),
    ])
    .optional(),
});

/** The defaults of 2026-11. */
export const DEFAULTS: ResolvedLoggingOptions = {
  logger: undefined,
  stream: undefined,
  level: 'info',
  trustRequestId: false,
  trustTraceContext: true,
  query: false,
  headers: [],
  redact: [],
  events: undefined,
  repeat: { lines: 20, window: '1m' },
};

function isLogger(value: unknown): boolean {
  return hasMethods(value, ['info', 'warn', 'error']);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
