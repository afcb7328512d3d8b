import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Decision } from './decisions.ts';
import type { Refusal } from './errors.ts';
import { type Emit, emitAsWarning } from './events.ts';
import type { Layer } from './express/internals.ts';
import { type Head, plainHead } from './head.ts';
import type { PracticeId } from './pipeline.ts';
import type { Client } from './practices/client/index.ts';
import type { InFlight } from './practices/limits/in-flight.ts';
import type { AppLogger, TraceContext } from './practices/logging/index.ts';
import type { RateLimitStore } from './stores/rate-limit-store.ts';
import type { Stores } from './stores/stores.ts';

/** A request handler that runs with and without Express: the shape of each practice's middleware. */
export type Handler = (req: IncomingMessage, res: ServerResponse, next: Next) => void;

/**
 * The middleware of a practice. `response` is its part at the response gate: alone, the middleware registers it itself
 * with {@link beforeHead}; inside `secure()` the gate runs the hooks of all practices in one place.
 */
export interface Middleware extends Handler {
  readonly response?: ResponseHook;
  /** Ends what runs beside requests (timers), and says what was not said yet. A further request starts it again. */
  readonly close?: () => void;
}

/** Goes on; with an argument, ends in the error handler. */
export type Next = (error?: unknown) => void;

/**
 * Called once for each response, just before its head is written; it may still change headers.
 *
 * @param head - where to put those that it sets for good
 */
export type ResponseHook = (req: IncomingMessage, res: ServerResponse, head: Head) => void;

/** What is known of one request, from the moment that it enters. */
export interface RequestContext {
  /** The gate that the request is in; undefined where a practice is used alone. */
  gate: GateServices | undefined;
  /** Set by `client`. */
  client: Client | undefined;
  /** Set by `logging`: unique, safe in a log. */
  requestId: string | undefined;
  /** Set by `logging` from a well-formed `traceparent`, or where a trace was begun for an outgoing request. */
  trace: TraceContext | undefined;
  /** Set by `logging`: the app's log, for this request. */
  log: AppLogger | undefined;
  /** The nonce of this response, once something asked for it (`headers`). */
  nonce: string | undefined;
  /** Set by `errors`: what the request failed with, a refusal included; `logging` reads it for its line. */
  failure: unknown;
  /** What the matched route and the routers above it say of themselves; set by the gate before `rate-limit`. */
  decisions: readonly Decision[];
  /** Exemptions and settings of routers on the way that do not hold for the matched route, although it passes them. */
  passed: readonly Decision[];
  /** The layer of the route that the decisions belong to. */
  route: Layer | undefined;
  /** The request target as the gate saw it, before routers cut it. */
  url: string;
  /** The method that the gate judged; a later change (method-override) is judged again. */
  judgedMethod: string;
  /** A probe of the gate's own self-test: answered like any other, neither logged nor reported. */
  selfTest: boolean;
  /** Set by `limits`: this request among those that are being worked on. */
  inFlight: InFlight | undefined;
  /** Practices that an exemption of the route has lifted. */
  lifted: PracticeId[] | undefined;
  /** Decisions that were already carried out for this request. */
  applied: Set<Decision> | undefined;
}

/** What `secure()` hands to each practice; alone, a practice makes do with {@link ALONE}. */
export interface Services {
  readonly emit: Emit;
  /** `production` unless the policy or NODE_ENV says one of the others exactly. */
  readonly mode: Mode;
  /** Where limits are counted that name no store of their own; without it, in this process. */
  readonly rateLimitStore?: RateLimitStore;
  /** What `policy.stores` names; without it, each practice has a place of its own. */
  readonly stores?: Stores;
  /** Told of what a server turned away before it was a request. */
  readonly onUnread?: (what: Unread) => void;
}

/** What never became a request. It holds nothing of what was sent. */
export interface Unread {
  /** `request`: node's parser or server refused it; `handshake`: TLS failed; `connection`: dropped at a limit. */
  readonly kind: 'request' | 'handshake' | 'connection';
  /** Node's code (`HPE_INVALID_METHOD`, `ERR_SSL_NO_SHARED_CIPHER`), or the name of the limit. */
  readonly code: string;
  /** What it was answered with, if it was. */
  readonly status?: number;
  /** The peer's address. */
  readonly ip?: string;
}

/** How much an app shows and forgives. */
export type Mode = 'production' | 'development' | 'test';

/** The services of a practice that is used without `secure()`: strict, and warnings go to the process. */
export const ALONE: Services = { emit: emitAsWarning, mode: 'production' };

/** What the gate gives to the practices inside it. */
export interface GateServices {
  /** Reports an error of a practice that is in monitor mode and says true; false where the error stands. */
  onlyReports(req: IncomingMessage, practice: PracticeId, error: unknown): boolean;
  /** Called for each layer that is entered: an app that is called by a closure is made one of the gate's. */
  enterApp(req: IncomingMessage): void;
  /** Whether the route that the router enters was judged already, for this method, and the request may still be worked on. */
  isForeseen(req: IncomingMessage, layer: Layer): boolean;
  /** Called when the router enters a route that is not foreseen: judges it, then calls `next`. */
  enterRoute(req: IncomingMessage, res: ServerResponse, layer: Layer, next: Next): void;
  /** Answers a request that is under way with an error, as if it had been passed to `next`. */
  refuse(req: IncomingMessage, res: ServerResponse, error: unknown): void;
  /** Why nothing answers this request (404, 405), where that is certain: neither a route nor a middleware has the address. */
  unserved(req: IncomingMessage): Refusal | undefined;
  /** Whether an answer may be kept by a cache, as far as the gate decides it: then an ETag is of use. */
  mayBeStored(req: IncomingMessage): boolean;
  /** Whether a middleware would answer at this address before what is demanded there can be carried out in passing. */
  isExposed(url: string): boolean;
}

const CONTEXT = Symbol.for('bulwark.context');

/**
 * The context of a request; made at first use, so that practices work alone and in any order.
 *
 * @example contextOf(req).client?.ip
 */
export function contextOf(req: IncomingMessage): RequestContext {
  const carrier = req as IncomingMessage & { [CONTEXT]?: RequestContext };
  let context = carrier[CONTEXT];
  if (context === undefined) {
    context = {
      gate: undefined,
      client: undefined,
      requestId: undefined,
      trace: undefined,
      log: undefined,
      nonce: undefined,
      failure: undefined,
      decisions: NO_DECISIONS,
      passed: NO_DECISIONS,
      route: undefined,
      url: req.url ?? '/',
      selfTest: false,
      inFlight: undefined,
      lifted: undefined,
      judgedMethod: req.method ?? 'GET',
      applied: undefined,
    };
    carrier[CONTEXT] = context;
  }
  return context;
}

/** The gate that a request is in, without making a context for requests that are in none. */
export function gateOf(req: IncomingMessage): GateServices | undefined {
  return (req as IncomingMessage & { [CONTEXT]?: RequestContext })[CONTEXT]?.gate;
}

const NO_DECISIONS: readonly Decision[] = [];

/**
 * Runs `hook` just before the response's head is written, whoever writes it.
 *
 * Inside a gate this does nothing: the gate runs the hooks of all practices itself, once, in one place.
 *
 * @example beforeHead(req, res, setMyHeaders)
 */
export function beforeHead(req: IncomingMessage, res: ServerResponse, hook: ResponseHook): void {
  if (contextOf(req).gate !== undefined) return;
  const writeHead = res.writeHead;
  res.writeHead = function writeHeadWithHook(this: ServerResponse, ...args: unknown[]) {
    res.writeHead = writeHead;
    applyHeadArguments(this, args);
    hook(req, res, plainHead(res));
    return writeHead.call(this, this.statusCode);
  };
}

/**
 * Carries the arguments of `writeHead(status, message?, headers?)` over to the response itself, so that a hook
 * sees and may change the headers that were given there.
 */
export function applyHeadArguments(res: ServerResponse, args: readonly unknown[]): void {
  // Node takes a numeric string too.
  if (args[0] !== undefined) res.statusCode = Number(args[0]);
  const hasMessage = typeof args[1] === 'string';
  if (hasMessage) res.statusMessage = args[1] as string;
  const headers = args[hasMessage ? 2 : 1];
  if (Array.isArray(headers)) {
    const pairs: [string, string][] = Array.isArray(headers[0])
      ? (headers as [string, string][])
      : pairsOf(headers as string[]);
    const seen = new Set<string>();
    for (const [name, value] of pairs) {
      if (seen.has(name.toLowerCase())) res.appendHeader(name, value);
      else res.setHeader(name, value);
      seen.add(name.toLowerCase());
    }
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers as Record<string, string>)) {
      if (value !== undefined) res.setHeader(name, value);
    }
  }
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] as string, flat[i + 1] as string]);
  return pairs;
}
