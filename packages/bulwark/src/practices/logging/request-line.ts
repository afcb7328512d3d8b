import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { describeError } from '../errors/describe-error.ts';
import { isInstance } from '../errors/read-error.ts';
import { cleanText, loggedPath } from './clean-text.ts';
import { describeFailure, isConnectionLoss } from './failure-record.ts';
import { headerReader } from './logged-headers.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';

const MAX_USER_AGENT = 256;
const MAX_HOST = 255;
const MAX_QUERY_NAMES = 20;

/** What must be remembered from the start of a request: later it is changed, or gone. */
export interface Begun {
  readonly at: number;
  /** The request target; routers shorten `req.url` while they walk. */
  readonly target: string;
  readonly method: string;
  /** The peer's address; a closed socket has none. */
  readonly peer: string | undefined;
}

/** Makes the function that writes the line of a request, when its response is over. */
export function lineWriter(
  logger: Logger,
  options: ResolvedLoggingOptions,
): (req: IncomingMessage, res: ServerResponse, begun: Begun) => void {
  const readHeaders = headerReader(options.headers);

  return function writeLine(req, res, begun) {
    const { requestId, client, failure } = contextOf(req);
    const aborted = !res.writableFinished;
    const userAgent = req.headers['user-agent'];
    const host = client?.host ?? req.headers.host;
    const isBodyless = begun.method === 'HEAD' || res.statusCode === 304;
    const bytes = isBodyless ? Number.NaN : Number(res.getHeader('content-length') ?? Number.NaN);
    const record = {
      requestId,
      method: begun.method,
      path: loggedPath(begun.target),
      ...(options.query === 'names' ? { query: queryNames(begun.target) } : {}),
      ...(aborted && !res.headersSent ? {} : { status: res.statusCode }),
      durationMs: Math.round((performance.now() - begun.at) * 1000) / 1000,
      ...(Number.isFinite(bytes) ? { bytes } : {}),
      ip: client?.ip ?? begun.peer,
      ...(host === undefined ? {} : { host: cleanText(host, MAX_HOST) }),
      ...(userAgent === undefined ? {} : { userAgent: cleanText(userAgent, MAX_USER_AGENT) }),
      ...(readHeaders === undefined ? {} : { headers: readHeaders(req.headers) }),
      ...(aborted ? { aborted } : {}),
    };
    if (failure === undefined) {
      if (!aborted && res.statusCode >= 500) logger.error(record, 'request failed');
      else logger.info(record, aborted ? 'request aborted' : 'request');
    } else if (aborted && isConnectionLoss(failure)) logger.info(record, 'request aborted');
    else writeFailure(logger, record, failure);
  };
}

function writeFailure(logger: Logger, record: object, failure: unknown): void {
  const { code, detail, internal } = describeError(failure);
  if (internal) return logger.error({ ...record, code, error: describeFailure(failure) }, 'request failed');
  if (!isInstance(failure, Refusal)) {
    const { stack: _stack, ...error } = describeFailure(failure);
    return logger.warn({ ...record, code, error }, 'request refused');
  }
  const cause = failure.cause === undefined ? {} : { cause: describeFailure(failure.cause) };
  const line = { ...record, code, ...(detail === undefined ? {} : { reason: cleanText(detail, 500) }), ...cause };
  // A wrong address is everybody's daily bread; what a protection refused is worth a look.
  if (code === 'ERR_NOT_FOUND') logger.info(line, 'request refused');
  else logger.warn(line, 'request refused');
}

/** The names of the query's parameters, as sent. */
function queryNames(target: string): readonly string[] {
  const at = target.indexOf('?');
  if (at === -1) return [];
  const pairs = target.slice(at + 1, at + 1 + 2048).split('&', MAX_QUERY_NAMES);
  return pairs.filter((pair) => pair !== '').map((pair) => loggedPath(pair.split('=', 1)[0] ?? '', 64));
}
