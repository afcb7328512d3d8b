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
  if (known === undefined) return undefined;
  const { selfTest, requestId, trace, client, url } = contextOf(req);
  if (selfTest) return undefined;
  // One after the other: spreading what may be absent is measurably slower.
  const event: { -readonly [K in keyof EventInput]: EventInput[K] } = {
    event: known.event,
    practice: known.practice,
    level: 'WARN',
    description: refusal.message,
    code: refusal.code,
  };
  const { fault } = refusal as { fault?: unknown };
  // What a token was refused for: too much to tell its sender, and what its owner looks for.
  if (typeof fault === 'string') event.details = { fault };
  if (monitored) event.monitored = monitored;
  if (requestId !== undefined) event.requestId = requestId;
  if (trace !== undefined) event.traceId = trace.traceId;
  if (client !== undefined) event.sourceIp = client.ip;
  event.method = req.method ?? '';
  const query = url.indexOf('?');
  event.path = query === -1 ? url : url.slice(0, query);
  return event;
}
