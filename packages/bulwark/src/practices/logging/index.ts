import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  beforeHead,
  contextOf,
  type Handler,
  type Middleware,
  type Next,
  type Services,
  type Unread,
} from '../../context.ts';
import type { SecurityEvent } from '../../events.ts';
import type { Head } from '../../head.ts';
import { resolveOptions } from '../../options.ts';
import { parseDuration } from '../../units.ts';
import { type AppLogger, appLogger } from './app-logger.ts';
import { openEventLog } from './event-log.ts';
import { describeFailure } from './failure-record.ts';
import { makeLogger } from './logger.ts';
import { DEFAULTS, type Logger, type LoggingOptions, schema } from './options.ts';
import { recordCleaner } from './record-cleaner.ts';
import { countRepeats } from './repeats.ts';
import { type Begun, lineWriter } from './request-line.ts';
import { secretTest } from './secret-names.ts';
import { readTraceparent } from './trace-context.ts';
import { unreadWriter } from './unread.ts';

export { type AppLogger, logOf } from './app-logger.ts';
export { cleanText, redactText } from './clean-text.ts';
export { describeFailure, type FailureRecord } from './failure-record.ts';
export { type MorganLike, morganStream, safeMorgan } from './morgan.ts';
export type { EventsOptions, Logger, LoggingOptions } from './options.ts';
export type { LineStream } from './sink.ts';
export { type TraceContext, traceparent } from './trace-context.ts';
export { type WinstonLike, winstonLogger } from './winston.ts';

/** The middleware of `logging`, with what writes to the same place. */
export interface LoggingMiddleware extends Middleware {
  readonly logger: Logger;
  /** A log for the app, outside of requests: redacted like `req.log`. */
  readonly log: AppLogger;
  /** Writes a security event as a line of its own. */
  readonly logEvent: (event: SecurityEvent) => void;
  /** Writes what never became a request. */
  readonly logUnread: (what: Unread) => void;
  /** Writes what was counted, and waits, two seconds at most, until all that was logged is written. */
  flush(): Promise<void>;
}

/** What loggers hang on a request; pino-http's types speak for one that may not be there. */
interface Carrier {
  id?: unknown;
  log?: unknown;
  readonly originalUrl?: string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;

/**
 * Gives every request an id, a log (`req.log`), and one JSON line when its response is over: structured, unforgeable, and
 * without headers, bodies and query strings (CWE-117, CWE-532; ASVS 16.2.1, 16.2.5, 16.4.1).
 *
 * @throws ConfigError for an unknown or unusable setting
 * @example
 * app.use(logging({ headers: ['referer'] })) // first
 */
export function logging(options: LoggingOptions = {}, _services?: Services): LoggingMiddleware {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'logging');
  const repeat = resolved.repeat && {
    lines: resolved.repeat.lines,
    window: parseDuration(resolved.repeat.window, 'logging.repeat.window'),
  };
  const logger = makeLogger(resolved);
  const isSecret = secretTest(resolved.redact);
  const clean = recordCleaner(isSecret);
  const repeats = repeat
    ? countRepeats(repeat, ({ level, record, message }, counted) =>
        logger[level]({ ...record, ...counted }, `${message}, repeated`),
      )
    : undefined;
  const writeLine = resolved.level === false ? undefined : lineWriter(logger, resolved, isSecret, repeats);
  const events = openEventLog({ events: resolved.events, repeat: repeat || undefined }, clean, logger);
  const appLog = { logger, clean };

  // On the response itself, one for each log: an app may have more than one, and may hand the response to another request.
  const BEGUN = Symbol('bulwark.begun');
  type Begins = ServerResponse & { [BEGUN]?: Begun | undefined };

  // One listener for all responses.
  function sayEnd(this: ServerResponse): void {
    const begun = (this as Begins)[BEGUN];
    if (begun === undefined || writeLine === undefined) return;
    (this as Begins)[BEGUN] = undefined;
    try {
      writeLine(this, begun);
    } catch (error) {
      // Thrown in an event listener it would end the process.
      const { requestId } = contextOf(begun.req);
      logger.error({ requestId, error: describeFailure(error) }, 'a line could not be written');
    }
  }

  const handler: Handler = function logging(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const context = contextOf(req);
    context.requestId = (resolved.trustRequestId ? sentId(req) : undefined) ?? randomUUID();
    const { traceparent } = req.headers;
    if (traceparent !== undefined && resolved.trustTraceContext) context.trace = readTraceparent(traceparent);
    context.log = appLogger(appLog, context);
    const carrier = req as unknown as Carrier;
    carrier.id ??= context.requestId;
    carrier.log ??= context.log;
    if (writeLine !== undefined && !context.selfTest) {
      (res as Begins)[BEGUN] = {
        req,
        at: performance.now(),
        target: carrier.originalUrl ?? req.url ?? '/',
        method: req.method ?? '',
        peer: req.socket?.remoteAddress,
      };
      res.on('close', sayEnd);
    }
    beforeHead(req, res, sayRequestId);
    next();
  };

  return Object.assign(handler, {
    response: sayRequestId,
    logger,
    log: appLogger(appLog),
    logEvent: events.write,
    logUnread: unreadWriter(logger, repeats),
    async flush() {
      repeats?.flush();
      await Promise.all([logger.flush(), events.flush()]);
    },
  });
}

function sayRequestId(req: IncomingMessage, _res: ServerResponse, head: Head): void {
  const { requestId } = contextOf(req);
  if (requestId !== undefined) head.set('X-Request-Id', requestId);
}

function sentId(req: IncomingMessage): string | undefined {
  const sent = req.headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : undefined;
}
