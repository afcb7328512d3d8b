import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { contextOf, type Handler, type Middleware, type Next, type Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { ipPrefix, socketAddress, UNKNOWN_ADDRESS } from '../client/address.ts';
import { CLIENT_IPV6_BITS } from './connections.ts';
import { type Priority, readDecisions } from './decisions.ts';
import { flightBoard, type InFlight } from './in-flight.ts';
import { ignoreLateWrites } from './late-writes.ts';
import type { ResolvedLimitsOptions } from './options.ts';
import { type PressureLevel, watchPressure } from './pressure.ts';

/**
 * The step that stands where client and route are known and no work has been done: it counts the requests of each client
 * in flight, sheds load under pressure, and holds the handler to its time. CWE-400, CWE-770; ASVS 15.2.2.
 */
export function shedding(
  options: ResolvedLimitsOptions,
  services: Services,
): Handler & Required<Pick<Middleware, 'close'>> {
  const { maxRequestsPerClient, handlerTimeout } = options;
  const pressure = options.pressure === false ? undefined : watchPressure(options.pressure, services.emit);
  const board = flightBoard(handlerTimeout, answerFor);

  function shedding(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const context = contextOf(req);
    // The gate's own probes: they must be answered whatever the load is, or the self-test would say what is not so.
    if (context.selfTest || context.inFlight !== undefined) return next();
    const said = context.decisions.length === 0 ? undefined : readDecisions(context.decisions);
    const client = ipPrefix(context.client?.ip ?? addressOf(req), CLIENT_IPV6_BITS);
    const began = performance.now();
    const deadline = began + handlerTimeout;
    const entry: InFlight = { req, res, next, client, began, deadline, timedOut: false, board, shed };
    context.inFlight = entry;
    board.enter(entry);
    if (said?.handlerTime !== undefined) board.giveTime(entry, said.handlerTime);
    if (board.count(client) > maxRequestsPerClient) return next(refuseClient(req, res));
    next(shed(req, res, said?.priority));
  }

  function shed(req: IncomingMessage, res: ServerResponse, priority?: Priority): Refusal | undefined {
    const level = pressure?.level() ?? 0;
    if (level === 0 || !isShed(level, req, priority)) return undefined;
    return closing(req, res, 'ERR_OVERLOADED', 'the server is under pressure, and this request can wait', retryAfter());
  }

  /** Two to five seconds, one after the other: those who were refused together must not come back together. */
  let turn = 0;
  function retryAfter(): number {
    turn = (turn + 1) % 4;
    return 2 + turn;
  }

  return Object.assign(shedding, { close: () => pressure?.close() });
}

/** Where the practice `client` has not run; an adapter's request may have no socket. */
function addressOf(req: IncomingMessage): string {
  const socket = req.socket as Socket | undefined;
  return socket === undefined ? UNKNOWN_ADDRESS : socketAddress(socket);
}

function refuseClient(req: IncomingMessage, res: ServerResponse): Refusal {
  return closing(req, res, 'ERR_TOO_MANY_IN_FLIGHT', 'too many requests of this client are being worked on', 1);
}

/** A body that is announced is not waited for: the connection ends with the answer. */
function closing(
  req: IncomingMessage,
  res: ServerResponse,
  code: 'ERR_OVERLOADED' | 'ERR_TOO_MANY_IN_FLIGHT',
  reason: string,
  seconds: number,
): Refusal {
  const headers = { 'Retry-After': String(seconds) };
  if (!hasBody(req)) return new Refusal(code, { reason, headers });
  res.shouldKeepAlive = false;
  return new Refusal(code, { reason, headers: { ...headers, Connection: 'close' } });
}

function isShed(level: PressureLevel, req: IncomingMessage, priority: Priority | undefined): boolean {
  if (priority === 'essential') return false;
  return level === 2 || priority === 'low' || !isCheap(req);
}

const SAFE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What changes nothing and has no body costs least, as a rule; a route that is an exception says so. */
function isCheap(req: IncomingMessage): boolean {
  return SAFE.has(req.method) && !hasBody(req);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** The handler's time is over and no head was sent: the client is answered in its place. */
function answerFor(entry: InFlight): void {
  const { req, res, next } = entry;
  if (res.destroyed || res.writableEnded) return;
  const refusal = new Refusal('ERR_HANDLER_TIMEOUT', { reason: 'the server has not answered in the time that it has' });
  const { gate } = contextOf(req);
  if (gate?.onlyReports(req, 'limits', refusal) === true) return;
  entry.timedOut = true;
  ignoreLateWrites(res);
  // A body that is still being sent has nobody to read it.
  if (!req.complete) res.shouldKeepAlive = false;
  try {
    if (gate === undefined) next(refusal);
    else gate.refuse(req, res, refusal);
  } catch {
    // It is thrown in a timer, where it would end the process; and the others that are late are still to be answered.
    res.destroy();
  }
}
