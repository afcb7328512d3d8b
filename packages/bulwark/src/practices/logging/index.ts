import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeHead, contextOf, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import type { SecurityEvent } from '../../events.ts';
import { resolveOptions } from '../../options.ts';
import { cleanText } from './clean-text.ts';
import { describeFailure } from './failure-record.ts';
import { loggedEvent } from './logged-event.ts';
import { makeLogger } from './logger.ts';
import { DEFAULTS, type Logger, type LoggingOptions, schema } from './options.ts';
import { type Begun, lineWriter } from './request-line.ts';

export { cleanText, redactText } from './clean-text.ts';
export { describeFailure, type FailureRecord } from './failure-record.ts';
export type { Logger, LoggingOptions } from './options.ts';

/** The middleware of `logging`, with what writes to the same place. */
export interface LoggingMiddleware extends Middleware {
  readonly logger: Logger;
  /** Writes a security event as a line of its own. */
  readonly logEvent: (event: SecurityEvent) => void;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;

/**
 * Gives every request an id and writes one JSON line for it when its response is over: structured, unforgeable, and
 * without headers, bodies and query strings (CWE-117, CWE-532; ASVS 16.2.1, 16.2.5, 16.4.1).
 *
 * @throws ConfigError for an unknown or unusable setting
 * @example
 * app.use(logging({ headers: ['referer'] })) // first
 */
export function logging(options: LoggingOptions = {}, _services?: Services): LoggingMiddleware {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'logging');
  const logger = makeLogger(resolved);
  const writeLine = resolved.level === false ? undefined : lineWriter(logger, resolved);

  const handler: Handler = function logging(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const context = contextOf(req);
    context.requestId = (resolved.trustRequestId ? sentId(req) : undefined) ?? randomUUID();
    const carrier = req as IncomingMessage & { id?: unknown; originalUrl?: string };
    carrier.id ??= context.requestId;
    if (writeLine !== undefined && !context.selfTest) {
      const begun: Begun = {
        at: performance.now(),
        target: carrier.originalUrl ?? req.url ?? '/',
        method: cleanText(req.method ?? '', 32),
        peer: req.socket?.remoteAddress,
      };
      res.once('close', () => {
        try {
          writeLine(req, res, begun);
        } catch (error) {
          // Thrown in an event listener it would end the process.
          logger.error({ requestId: context.requestId, error: describeFailure(error) }, 'a line could not be written');
        }
      });
    }
    beforeHead(req, res, sayRequestId);
    next();
  };

  return Object.assign(handler, {
    response: sayRequestId,
    logger,
    logEvent(event: SecurityEvent): void {
      const record = loggedEvent(event);
      if (event.level === 'CRITICAL') logger.error(record, 'security event');
      else if (event.level === 'WARN') logger.warn(record, 'security event');
      else logger.info(record, 'security event');
    },
  });
}

function sayRequestId(req: IncomingMessage, res: ServerResponse): void {
  const { requestId } = contextOf(req);
  if (requestId !== undefined) res.setHeader('X-Request-Id', requestId);
}

function sentId(req: IncomingMessage): string | undefined {
  const sent = req.headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : undefined;
}
