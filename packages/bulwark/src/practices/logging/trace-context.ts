import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { contextOf } from '../../context.ts';

/** Where a request stands in a distributed trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 digits of lower-case hex, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 digits of hex; absent where the trace begins here. */
  readonly parentId: string | undefined;
  /** Bit 0: the caller may have recorded the trace. */
  readonly flags: number;
}

const FORM = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;
const RANDOM = 2;

/**
 * Reads a `traceparent` header as the specification says: version 00 exactly, later versions by the part that they share
 * with it, nothing that is malformed, all zero, or came twice.
 *
 * @returns undefined where the trace is to be restarted
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 * @example readTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')?.traceId
 */
export function readTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > 512) return undefined;
  const [, version, traceId = '', parentId = '', flags = '', rest] = FORM.exec(header) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(parentId)) return undefined;
  // Of a version that is not known only the sampled flag may be read.
  const known = version === '00' ? SAMPLED | RANDOM : SAMPLED;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) & known };
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The `traceparent` header for a request that this one causes: the same trace, and a new span for each call of it.
 *
 * Where no trace was taken over one begins here, and the request's own line names it from then on.
 *
 * @example await fetch(url, { headers: { traceparent: traceparent(req) } })
 */
export function traceparent(req: IncomingMessage): string {
  const context = contextOf(req);
  context.trace ??= { traceId: newTraceId(context.requestId), parentId: undefined, flags: 0 };
  const { traceId, flags } = context.trace;
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags.toString(16).padStart(2, '0')}`;
}

/** A request id of our own is as random as a trace id; the two being one makes either easy to find by the other. */
function newTraceId(requestId: string | undefined): string {
  return requestId !== undefined && UUID.test(requestId)
    ? requestId.replaceAll('-', '')
    : randomBytes(16).toString('hex');
}
