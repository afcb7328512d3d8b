import type { IncomingMessage } from 'node:http';
import { contextOf } from './context.ts';
import type { Refusal } from './errors.ts';
import { type EventInput, eventOfCode } from './events.ts';

/**
 * The security event of a refused request; undefined where its code is none (404), and for the probes of the self-test.
 *
 * @param monitored - true where the practice only reports, and the request goes on
 */
export function refusalEvent(req: IncomingMessage, refusal: Refusal, monitored: boolean): EventInput | undefined {
  const known = eventOfCode(refusal.code);
  const context = contextOf(req);
  if (known === undefined || context.selfTest) return undefined;
  return {
    ...known,
    level: 'WARN',
    description: refusal.message,
    code: refusal.code,
    ...faultOf(refusal),
    ...(monitored ? { monitored } : {}),
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
    ...(context.trace === undefined ? {} : { traceId: context.trace.traceId }),
    ...(context.client === undefined ? {} : { sourceIp: context.client.ip }),
    method: req.method ?? '',
    path: context.url.split('?', 1)[0] ?? '/',
  };
}

/** What a token was refused for: too much to tell its sender, and what its owner looks for. */
function faultOf(refusal: Refusal): { details?: { fault: string } } {
  const { fault } = refusal as { fault?: unknown };
  return typeof fault === 'string' ? { details: { fault } } : {};
}
