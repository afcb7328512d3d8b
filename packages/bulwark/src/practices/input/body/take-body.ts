import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Next } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import { changesState } from '../../../fetch-metadata.ts';
import { readBodyType } from './content-type.ts';
import { type Contract, defaultContract, type RouteBody } from './contract.ts';
import { limitUnread, stopCounting } from './count-body.ts';
import { refusalOf, tooLarge } from './parser-errors.ts';
import type { Reader, WithBody } from './reader.ts';

const TAKEN: unique symbol = Symbol('bulwark.body');

/** Who has taken the body of a request. */
interface Taken {
  readonly contract: Contract;
  readonly route: RouteBody | undefined;
  /** False where it was only counted: another may still read it. */
  readonly consumed: boolean;
}

type Taking = WithBody & { [TAKEN]?: Taken };

/** The contract that the request came under; the defaults where no `input()` has seen it. */
export function contractFor(req: IncomingMessage): Contract {
  return (req as Taking)[TAKEN]?.contract ?? defaultContract();
}

/**
 * Reads the body of a request into `req.body` as its route says, or as the policy says where the route says nothing; once.
 *
 * A body that was read in another way before is an error of the app (500): the handler would get something that it does
 * not expect, such as a parsed object in the place of the bytes that were signed.
 *
 * @example takeBody(req, res, contract, undefined, next)
 */
export function takeBody(
  req: Taking,
  res: ServerResponse,
  contract: Contract,
  route: RouteBody | undefined,
  next: Next,
): void {
  const taken = req[TAKEN];
  if (taken !== undefined && taken.route === route && (route !== undefined || taken.contract === contract))
    return next();
  if (!hasBody(req)) {
    // Handlers written for Express 4 read req.body.x whatever was sent; on Express 5 that would be a TypeError and a 500.
    if (route === undefined) {
      req.body ??= {};
      return next();
    }
    const { empty, withoutBody } = contract.readerOf(route);
    req[TAKEN] = { contract, route, consumed: false };
    req.body = empty();
    return next(changesState(req.method ?? '') ? withoutBody?.() : undefined);
  }
  const before = whoReadBefore(req, taken, route);
  if (before !== undefined) return next(new Error(misplaced(route, before)));

  const said = readBodyType(req);
  if (typeof said === 'string') {
    req.body ??= {};
    return next(new Refusal('ERR_BODY_TYPE', { reason: said }));
  }
  const reader =
    route === undefined ? (contract.readers.get(said.type ?? '') ?? contract.unread) : contract.readerOf(route);
  req[TAKEN] = { contract, route, consumed: reader.read !== undefined };
  stopCounting(req);
  if (route === undefined) req.body ??= reader.empty();
  else req.body = reader.empty();
  if (route !== undefined && reader.types?.has(said.type ?? '') === false) {
    return next(new Refusal('ERR_BODY_TYPE', { reason: `this route takes ${[...reader.types].join(', ')}` }));
  }
  if (reader.isText && said.charset !== undefined && said.charset !== 'utf-8') {
    return next(new Refusal('ERR_BODY_TYPE', { reason: 'the charset must be utf-8' }));
  }
  if (reader.read === undefined) return next(limitUnread(req, res, reader.limit, contract.services));
  if (wasRead(req)) return next(lookThrough(req, reader));
  read(req, res, reader, (error) => {
    // Express 4's own parsers go by this mark, Express 5's by the state of the stream.
    if (error === undefined || req.readableEnded) req._body = true;
    next(error);
  });
}

/** Reads one body, and answers for it once; a body over the limit is refused at once, not when it has ended. */
function read(req: WithBody, res: ServerResponse, { limit, read, ownLimits }: Reader, done: Next): void {
  if (ownLimits) return read?.(req, res, done);
  let settled = false;
  let received = 0;
  const settle = (error?: unknown): void => {
    if (settled) return;
    settled = true;
    req.off('data', count);
    if (error instanceof Refusal && error.code === 'ERR_BODY_TOO_LARGE') {
      // Whatever the error handler makes of the refusal's headers, the rest of this body is not waited for.
      res.shouldKeepAlive = false;
    }
    done(error);
  };
  const count = (chunk: Buffer): void => {
    received += chunk.length;
    if (received > limit) settle(tooLarge());
  };

  const announced = req.headers['content-length'];
  if (announced !== undefined && Number(announced) > limit) return settle(tooLarge());
  // The parser notices too, but reads on to the end of the request before it says so, and a sender need never end.
  if (announced === undefined) req.on('data', count);
  read?.(req, res, (error) => {
    if (error === undefined) return settle();
    settle(error instanceof Refusal ? error : refusalOf(error));
  });
}

/** A parser in front of `input` has read the body: what it made of it is looked through all the same. */
function lookThrough(req: WithBody, reader: Reader): Refusal | undefined {
  req._body = true;
  const objection = reader.objection?.(req.body);
  return objection === undefined ? undefined : new Refusal(objection.code, objection);
}

function whoReadBefore(req: Taking, taken: Taken | undefined, route: RouteBody | undefined): string | undefined {
  if (taken?.consumed) {
    if (taken.route !== undefined) return `${taken.route.name} of another route`;
    // Two of input(), one behind the other: the second finds what the first has read.
    return route === undefined ? undefined : 'input() as the policy says';
  }
  const touched = req._body === true || req.readableDidRead;
  return route !== undefined && touched ? 'a parser that stands in front' : undefined;
}

function misplaced(route: RouteBody | undefined, before: string): string {
  const who = route === undefined ? 'this route, which declares no body of its own,' : route.name;
  return (
    `${who} comes too late: the body was already read by ${before}. Put the declaration on the route that answers, where ` +
    'the gate can see it (in no router that is hidden in a closure); without secure(), in front of input() and of every body parser'
  );
}

function wasRead(req: WithBody): boolean {
  return req._body === true || (req.complete && !req.readable);
}

function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
