import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handler, Services } from '../../context.ts';
import type { Head } from '../../head.ts';
import type { RateLimitResult, RateLimitStore } from '../../stores/rate-limit-store.ts';

/** One limit that a request was counted by. */
export interface Applied {
  readonly by: Handler;
  readonly name: string;
  /** Its item of `RateLimit-Policy`; undefined where the client is not told. */
  readonly policy: string | undefined;
  readonly limit: number;
  readonly result: RateLimitResult;
  /** For limits that count failures only, until it was called. */
  giveBack: (() => void | Promise<void>) | undefined;
}

/** A question that a store was asked before its limit has its turn. */
export interface Asked {
  readonly store: RateLimitStore;
  readonly id: string;
  readonly units: number;
  readonly at: number;
  readonly answer: RateLimitResult | Promise<RateLimitResult>;
}

/** What this practice knows of one request. */
export interface RateLimitRecord {
  readonly applied: Applied[];
  /** By the limit that will want the answer; made when a store is asked ahead. */
  asked: Map<Handler, Asked> | undefined;
  /** Those of the gate that the request is in. */
  services: Services | undefined;
  /** The response hook is registered. */
  isHooked: boolean;
}

const RECORD = Symbol.for('bulwark.rate-limit');

/** The record of a request; made at first use. */
export function recordOf(req: IncomingMessage): RateLimitRecord {
  const carrier = req as IncomingMessage & { [RECORD]?: RateLimitRecord };
  let record = carrier[RECORD];
  if (record === undefined) {
    record = { applied: [], asked: undefined, services: undefined, isHooked: false };
    carrier[RECORD] = record;
  }
  return record;
}

/** What a limit has counted of this request, if it has. */
export function appliedBy({ applied }: RateLimitRecord, limit: Handler): Applied | undefined {
  for (const entry of applied) if (entry.by === limit) return entry;
  return undefined;
}

/**
 * The response hook: gives back what a success should not cost, and tells the client what is left.
 *
 * `RateLimit` names the limit that has least left, `RateLimit-Policy` all that were counted.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (version 11)
 */
export function respond(req: IncomingMessage, res: ServerResponse, head: Head): void {
  const { applied } = recordOf(req);
  if (applied.length === 0) return;
  if (res.statusCode >= 200 && res.statusCode < 300) giveBack(applied);
  let tightest: Applied | undefined;
  let policies = '';
  for (const entry of applied) {
    if (entry.policy === undefined) continue;
    policies = policies === '' ? entry.policy : `${policies}, ${entry.policy}`;
    if (tightest === undefined || isTighter(entry, tightest)) tightest = entry;
  }
  if (tightest === undefined) return;
  const { name, result } = tightest;
  const wait = Math.max(1, Math.ceil(result.refreshAfter / 1000));
  head.set('RateLimit-Policy', policies);
  head.set('RateLimit', `"${name}";r=${result.remaining};t=${wait}`);
}

function isTighter(a: Applied, b: Applied): boolean {
  const left = a.result.remaining - b.result.remaining;
  return left < 0 || (left === 0 && a.result.refreshAfter > b.result.refreshAfter);
}

/** Gives back what the limits that count failures only took for this request; true if there was any. */
export function giveBack(applied: readonly Applied[]): boolean {
  let any = false;
  for (const entry of applied) {
    if (entry.giveBack === undefined) continue;
    any = true;
    const { giveBack } = entry;
    entry.giveBack = undefined;
    const pending = giveBack();
    // What could not be given back stays counted; the answer does not wait for it.
    pending?.catch(() => undefined);
  }
  return any;
}
