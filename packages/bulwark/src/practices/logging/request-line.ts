import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { describeError } from '../errors/describe-error.ts';
import { isInstance } from '../errors/read-error.ts';
import { cleanText, loggedPath } from './clean-text.ts';
import { describeFailure, isConnectionLoss } from './failure-record.ts';
import { headerReader } from './logged-headers.ts';
import { queryReader } from './logged-query.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';
import type { LineKind, Repeats } from './repeats.ts';
import type { SecretTest } from './secret-names.ts';

const MAX_USER_AGENT = 256;
const MAX_HOST = 255;

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
  options: Pick<ResolvedLoggingOptions, 'headers' | 'query'>,
  isSecret: SecretTest,
  repeats: Repeats | undefined,
): (req: IncomingMessage, res: ServerResponse, begun: Begun) => void {
  const readHeaders = headerReader(options.headers, isSecret);
  const readQuery = queryReader(options.query, isSecret);

  return function writeLine(req, res, begun) {
    const { requestId, client, failure, trace } = contextOf(req);
    const aborted = !res.writableFinished;
    const ip = client?.ip ?? begun.peer;
    const verdict = judge(failure, aborted, res.statusCode);
    const { kind } = verdict;
    // Before the record is made: a flood of refusals shall cost as little as possible.
    if (kind !== undefined && repeats !== undefined && !repeats.admit(ip, kind.key, kind)) return;
    const userAgent = req.headers['user-agent'];
    const host = client?.host ?? req.headers.host;
    const isBodyless = begun.method === 'HEAD' || res.statusCode === 304;
    const bytes = isBodyless ? Number.NaN : Number(res.getHeader('content-length') ?? Number.NaN);
    // One after the other: spreading what may be absent is measurably slower.
    const record: Record<string, unknown> = { requestId };
    if (trace !== undefined) record.traceId = trace.traceId;
    if (trace?.parentId !== undefined) record.parentId = trace.parentId;
    record.method = begun.method;
    record.path = loggedPath(begun.target);
    if (readQuery !== undefined) record.query = readQuery(begun.target);
    if (!aborted || res.headersSent) record.status = res.statusCode;
    record.durationMs = Math.round((performance.now() - begun.at) * 1000) / 1000;
    if (Number.isFinite(bytes)) record.bytes = bytes;
    record.ip = ip;
    if (host !== undefined) record.host = cleanText(host, MAX_HOST);
    if (userAgent !== undefined) record.userAgent = cleanText(userAgent, MAX_USER_AGENT);
    if (readHeaders !== undefined) record.headers = readHeaders(req.headers);
    if (aborted) record.aborted = true;
    if (verdict.about !== undefined) Object.assign(record, verdict.about());
    logger[verdict.level](record, verdict.message);
  };
}

/** How a request ended. */
interface Verdict {
  readonly level: keyof Logger;
  readonly message: string;
  /** What the line says beyond the request itself. */
  readonly about?: () => Record<string, unknown>;
  /** For lines that come in floods: which are the same. */
  readonly kind?: LineKind & { readonly key: string };
}

const OK: Verdict = { level: 'info', message: 'request' };
const FAILED: Verdict = { level: 'error', message: 'request failed' };
const ABORTED: Verdict = {
  level: 'info',
  message: 'request aborted',
  kind: { level: 'info', message: 'request aborted', record: { aborted: true }, key: 'aborted' },
};

function judge(failure: unknown, aborted: boolean, status: number): Verdict {
  if (failure === undefined) return aborted ? ABORTED : status >= 500 ? FAILED : OK;
  if (aborted && isConnectionLoss(failure)) return ABORTED;
  const { code, detail, internal, status: said } = describeError(failure);
  // Failures of the server are never counted only: each may be another fault.
  if (internal) return { ...FAILED, about: () => ({ code, error: describeFailure(failure) }) };
  // A wrong address is everybody's daily bread; what a protection refused is worth a look.
  const level = code === 'ERR_NOT_FOUND' ? 'info' : 'warn';
  const message = 'request refused';
  const record = code === undefined ? { status: said } : { code, status: said };
  return {
    level,
    message,
    kind: { level, message, record, key: code ?? String(said) },
    about: () => ({ code, ...refusalRecord(failure, detail) }),
  };
}

function refusalRecord(failure: unknown, detail: string | undefined): Record<string, unknown> {
  if (!isInstance(failure, Refusal)) {
    const { stack: _stack, ...error } = describeFailure(failure);
    return { error };
  }
  return {
    ...(detail === undefined ? {} : { reason: cleanText(detail, 500) }),
    ...(failure.cause === undefined ? {} : { cause: describeFailure(failure.cause) }),
  };
}
