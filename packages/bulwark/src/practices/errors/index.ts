import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, contextOf, type Handler, type Next, type Services } from '../../context.ts';
import { Refusal, type RefusalCode } from '../../errors.ts';
import { eventOfCode } from '../../events.ts';
import { resolveOptions } from '../../options.ts';
import { cleanText, loggedPath } from '../logging/clean-text.ts';
import { describeFailure, isConnectionLoss } from '../logging/failure-record.ts';
import { describeError } from './describe-error.ts';
import { isLocalRequest } from './local-debug.ts';
import { DEFAULTS, type ErrorsOptions, schema } from './options.ts';
import { respond, stateOf } from './respond.ts';

export { describeError, type ErrorDescription, statusTitle } from './describe-error.ts';
export { escapeHtml, type ProblemPage } from './html-page.ts';
export type { ErrorsOptions } from './options.ts';
export type { Problem } from './problem.ts';

/** An error handler as Express knows it; it works on the bare objects of `node:http` too. */
export type ErrorHandler = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void;

const LAST_RESORT =
  '{"type":"urn:bulwark:error:ERR_INTERNAL","title":"Something went wrong","status":500,"code":"ERR_INTERNAL"}';
const REQUEST_ID = /^[A-Za-z0-9._-]{8,128}$/;

/**
 * Makes the error handler: every error becomes an RFC 9457 problem document, or a small page for browsers, that says
 * what the sender of the request may know and nothing else, whatever NODE_ENV is (CWE-209, ASVS 16.5.1, 16.5.4).
 *
 * It answers always, and never throws. A response that has begun is cut off, so that nobody takes it for whole.
 *
 * @throws ConfigError for an unknown or unusable setting
 * @example
 * app.use(notFound)
 * app.use(errors()) // last
 */
export function errors(options: ErrorsOptions = {}, services: Services = ALONE): ErrorHandler {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'errors');
  const { exposeMessages, page, onError } = resolved;
  const mayDebug = resolved.debug && services.mode === 'development';

  // Express tells an error handler from a middleware by its four parameters.
  return function errors(error, req, res, _next): void {
    try {
      const context = contextOf(req);
      context.failure = error ?? new Error(`${error} was thrown`);
      const description = describeError(error, exposeMessages);
      const state = stateOf(req, res);
      const isNews = description.internal && !context.selfTest && !(state === 'gone' && isConnectionLoss(error));
      if (isNews) tell(context.failure, req, res, description.code ?? 'ERR_INTERNAL');
      if (state === 'begun') return void res.destroy();
      if (state !== 'open') return;
      const debug =
        mayDebug && !context.selfTest && description.internal && isLocalRequest(req)
          ? describeFailure(error)
          : undefined;
      respond(req, res, description, { requestId: requestIdOf(req), debug }, page);
    } catch {
      answerSomehow(res);
    }
  };

  function tell(failure: unknown, req: IncomingMessage, res: ServerResponse, code: RefusalCode): void {
    const { requestId, trace, client, url, gate, log } = contextOf(req);
    // What is a refusal with an event of its own, the gate reports.
    const isReported = gate !== undefined && eventOfCode(code) !== undefined;
    const about = { method: cleanText(req.method ?? '', 32), path: loggedPath(url) };
    const record = describeFailure(failure);
    try {
      // Its line is written: by now the client has its answer, or has gone.
      if (res.closed) log?.error({ ...about, code, error: failure }, 'request failed late');
      if (!isReported) {
        services.emit({
          event: 'sys_error',
          level: 'CRITICAL',
          description: 'an unexpected error was answered with a general one',
          practice: 'errors',
          code,
          ...(requestId === undefined ? {} : { requestId }),
          ...(trace === undefined ? {} : { traceId: trace.traceId }),
          ...(client === undefined ? {} : { sourceIp: client.ip }),
          ...about,
          details: { type: record.type, ...(record.code === undefined ? {} : { code: record.code }) },
        });
      }
      if (onError !== undefined) Promise.resolve(onError(failure, req)).catch(() => undefined);
      else if (requestId === undefined) writeToStderr({ ...about, error: record });
    } catch {
      // Whoever listens must not cost the client the answer.
    }
  }
}

/**
 * Ends a request that nothing has answered with 404, through the error handler. In `secure()` the gate does this.
 *
 * @example app.use(notFound, errors())
 */
export const notFound: Handler = function notFound(_req, _res, next) {
  next(new Refusal('ERR_NOT_FOUND', { reason: 'nothing is served at this address' }));
};

/** Bulwark's id, or the one that another logger gave. */
function requestIdOf(req: IncomingMessage): string | undefined {
  const { requestId } = contextOf(req);
  if (requestId !== undefined) return requestId;
  const { id } = req as IncomingMessage & { id?: unknown };
  return typeof id === 'string' && REQUEST_ID.test(id) ? id : undefined;
}

function writeToStderr(facts: object): void {
  const line = { level: 'error', time: new Date().toISOString(), ...facts, msg: 'request failed' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** Something on the way to the answer broke: the response itself, or what another middleware put on it. */
function answerSomehow(res: ServerResponse): void {
  try {
    if (res.headersSent) return void res.destroy();
    for (const name of res.getHeaderNames()) {
      if (name.startsWith('content-') && !name.startsWith('content-security')) res.removeHeader(name);
    }
    res.statusCode = 500;
    res.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
    res.end(LAST_RESORT);
  } catch {
    try {
      res.destroy();
    } catch {
      // There is nothing left to answer on.
    }
  }
}
