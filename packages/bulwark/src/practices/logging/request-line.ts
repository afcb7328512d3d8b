import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type RequestContext } from '../../context.ts';
import { cleanText, loggedPath } from './clean-text.ts';
import {
  lineEnd,
  lineStart,
  member,
  quoted,
  quotedClean,
  quotedMethod,
  quotedPath,
  shownMilliseconds,
} from './line-text.ts';
import { headerReader } from './logged-headers.ts';
import { queryReader } from './logged-query.ts';
import type { OpenLogger } from './logger.ts';
import type { ResolvedLoggingOptions } from './options.ts';
import type { Repeats } from './repeats.ts';
import type { SecretTest } from './secret-names.ts';
import { judge, membersOf, type Verdict } from './verdict.ts';

const MAX_METHOD = 32;
const MAX_USER_AGENT = 256;
const MAX_HOST = 255;

/** What must be remembered from the start of a request: later it is changed, or gone. */
export interface Begun {
  readonly req: IncomingMessage;
  readonly at: number;
  /** The request target; routers shorten `req.url` while they walk. */
  readonly target: string;
  readonly method: string;
  /** The peer's address; a closed socket has none. */
  readonly peer: string | undefined;
}

/** A request whose response is over. */
interface Ended {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly begun: Begun;
  readonly context: RequestContext;
  readonly verdict: Verdict;
  readonly aborted: boolean;
  readonly ip: string | undefined;
}

/** Makes the function that writes the line of a request, when its response is over. */
export function lineWriter(
  logger: OpenLogger,
  options: Pick<ResolvedLoggingOptions, 'headers' | 'query'>,
  isSecret: SecretTest,
  repeats: Repeats | undefined,
): (res: ServerResponse, begun: Begun) => void {
  const readHeaders = headerReader(options.headers, isSecret);
  const readQuery = queryReader(options.query, isSecret);
  const { text } = logger;

  /** The same members in the same order as {@link recordOf}: a test compares the two. */
  function textOf({ req, res, begun, context, verdict, aborted, ip }: Ended): string {
    const { client, failure, trace, requestId } = context;
    const userAgent = req.headers['user-agent'];
    const host = client?.host ?? req.headers.host;
    const bytes = bytesOf(res, begun);
    let line = lineStart(verdict.level);
    if (requestId !== undefined) line += `,"requestId":"${requestId}"`;
    if (trace !== undefined) line += `,"traceId":"${trace.traceId}"`;
    if (trace?.parentId !== undefined) line += `,"parentId":"${trace.parentId}"`;
    line += `,"method":${quotedMethod(begun.method)},"path":${quotedPath(begun.target)}`;
    if (readQuery !== undefined) line += member('query', readQuery(begun.target));
    if (!aborted || res.headersSent) line += statusMember(res.statusCode);
    line += `,"durationMs":${shownMilliseconds(performance.now() - begun.at)}`;
    if (bytes !== undefined) line += `,"bytes":${bytes}`;
    if (ip !== undefined) line += `,"ip":${quoted(ip)}`;
    if (host !== undefined) line += `,"host":${quotedClean(host, MAX_HOST)}`;
    if (userAgent !== undefined) line += `,"userAgent":${quotedClean(userAgent, MAX_USER_AGENT)}`;
    if (readHeaders !== undefined) line += member('headers', readHeaders(req.headers));
    if (aborted) line += ',"aborted":true';
    const members = membersOf(failure, verdict);
    if (members !== undefined) {
      if (verdict.code !== undefined) line += `,"code":"${verdict.code}"`;
      if (members.reason !== undefined) line += `,"reason":${quoted(members.reason)}`;
      if (members.cause !== undefined) line += member('cause', members.cause);
      if (members.error !== undefined) line += member('error', members.error);
    }
    return line + lineEnd(verdict.message);
  }

  /** For a logger that is not Bulwark's own. */
  function recordOf({ req, res, begun, context, verdict, aborted, ip }: Ended): Record<string, unknown> {
    const { client, failure, trace, requestId } = context;
    const userAgent = req.headers['user-agent'];
    const host = client?.host ?? req.headers.host;
    const bytes = bytesOf(res, begun);
    // One after the other: spreading what may be absent is measurably slower.
    const record: Record<string, unknown> = { requestId };
    if (trace !== undefined) record.traceId = trace.traceId;
    if (trace?.parentId !== undefined) record.parentId = trace.parentId;
    record.method = cleanText(begun.method, MAX_METHOD);
    record.path = loggedPath(begun.target);
    if (readQuery !== undefined) record.query = readQuery(begun.target);
    if (!aborted || res.headersSent) record.status = res.statusCode;
    record.durationMs = Math.round((performance.now() - begun.at) * 1000) / 1000;
    if (bytes !== undefined) record.bytes = bytes;
    record.ip = ip;
    if (host !== undefined) record.host = cleanText(host, MAX_HOST);
    if (userAgent !== undefined) record.userAgent = cleanText(userAgent, MAX_USER_AGENT);
    if (readHeaders !== undefined) record.headers = readHeaders(req.headers);
    if (aborted) record.aborted = true;
    const members = membersOf(failure, verdict);
    if (members !== undefined) {
      record.code = verdict.code;
      if (members.reason !== undefined) record.reason = members.reason;
      if (members.cause !== undefined) record.cause = members.cause;
      if (members.error !== undefined) record.error = members.error;
    }
    return record;
  }

  return function writeLine(res, begun) {
    const { req } = begun;
    const context = contextOf(req);
    const aborted = !res.writableFinished;
    const ip = context.client?.ip ?? begun.peer;
    const verdict = judge(context.failure, aborted, res.statusCode);
    const { kind } = verdict;
    // Before the line is made: a flood of refusals shall cost as little as possible.
    if (kind !== undefined && repeats !== undefined && !repeats.admit(ip, kind.key, kind)) return;
    const ended: Ended = { req, res, begun, context, verdict, aborted, ip };
    if (text === undefined) logger[verdict.level](recordOf(ended), verdict.message);
    else if (text.isOn(verdict.level)) text.write(textOf(ended));
  };
}

/** An app may write anything over it once its head is sent. */
function statusMember(status: number): string {
  return Number.isInteger(status) ? `,"status":${status}` : member('status', status);
}

/** The length that the answer says it has; HEAD and 304 have none whatever they say. */
function bytesOf(res: ServerResponse, begun: Begun): number | undefined {
  if (begun.method === 'HEAD' || res.statusCode === 304) return undefined;
  const length = res.getHeader('content-length');
  if (length === undefined) return undefined;
  const bytes = Number(length);
  return Number.isFinite(bytes) ? bytes : undefined;
}
