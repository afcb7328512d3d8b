import { z } from 'zod';

/** What Bulwark writes its lines to: pino, or anything with these three methods. */
export interface Logger {
  info(record: object, message: string): void;
  warn(record: object, message: string): void;
  error(record: object, message: string): void;
}

/** Options of the `logging` practice. */
export interface LoggingOptions {
  /** Where the lines go: pino, or anything with `info`, `warn` and `error` of `(record, message)`. Default: pino to stdout. */
  readonly logger?: Logger;
  /** Where Bulwark's own pino writes, a JSON line each. Default: stdout, synchronously, so no line is lost at exit. */
  readonly stream?: { write(line: string): unknown };
  /** The least level that is written; `false`: no lines, and request ids all the same. Default `'info'`. */
  readonly level?: 'info' | 'warn' | 'error' | false;
  /**
   * Whether a client's `X-Request-Id` is taken over, if it is 8 to 128 characters of `A-Za-z0-9._-`: for services behind
   * a gateway that sets it. Default false: every request gets an id of its own.
   */
  readonly trustRequestId?: boolean;
  /** `'names'`: logs the names of query parameters, never their values. Default false. */
  readonly query?: false | 'names';
  /**
   * Request headers to log, by name. Values of headers that carry secrets (Authorization, Cookie, X-Api-Key and whatever
   * is called token, secret, session …) are always `[redacted]`. Default: none.
   */
  readonly headers?: readonly string[];
}

/** The options with every default in place. */
export interface ResolvedLoggingOptions {
  readonly logger: Logger | undefined;
  readonly stream: { write(line: string): unknown } | undefined;
  readonly level: 'info' | 'warn' | 'error' | false;
  readonly trustRequestId: boolean;
  readonly query: false | 'names';
  readonly headers: readonly string[];
}

const HEADER_NAME = /^[\w!#$%&'*+\-.^`|~]+$/;

/** What a user may write. */
export const schema: z.ZodType = z.strictObject({
  logger: z.custom<Logger>(isLogger, 'must have the methods info, warn and error').optional(),
  stream: z.custom((value) => hasMethods(value, ['write']), 'must have a method write(line)').optional(),
  level: z.union([z.enum(['info', 'warn', 'error']), z.literal(false)]).optional(),
  trustRequestId: z.boolean().optional(),
  query: z.union([z.literal(false), z.literal('names')]).optional(),
  headers: z.array(z.string().regex(HEADER_NAME, 'must be a header name')).optional(),
});

/** The defaults of 2026-11. */
export const DEFAULTS: ResolvedLoggingOptions = {
  logger: undefined,
  stream: undefined,
  level: 'info',
  trustRequestId: false,
  query: false,
  headers: [],
};

function isLogger(value: unknown): boolean {
  return hasMethods(value, ['info', 'warn', 'error']);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
