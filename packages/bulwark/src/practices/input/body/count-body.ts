import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Services } from '../../../context.ts';
import type { Refusal } from '../../../errors.ts';
import { tooLarge } from './parser-errors.ts';

const COUNTING: unique symbol = Symbol('bulwark.counting');

type Counted = IncomingMessage & { [COUNTING]?: true };

/**
 * Bounds a body that something else will read, without reading a byte of it: by what is announced, or, where nothing is
 * (chunked), by counting what arrives. Node takes in no more than a buffer's worth until somebody reads.
 *
 * Whoever reads on past the limit gets the refusal as the stream's error. Passed on to `next()`, as an async handler
 * does by itself, it is answered 413; where nobody listens, the connection is closed. ASVS 4.3.1, 5.2.1; CWE-400, CWE-770.
 *
 * @returns the refusal of a body that is announced as too large
 * @example next(limitUnread(req, res, 1024 ** 3, services))
 */
export function limitUnread(req: Counted, res: ServerResponse, limit: number, services: Services): Refusal | undefined {
  const announced = req.headers['content-length'];
  if (announced !== undefined) {
    if (Number(announced) <= limit) return undefined;
    res.shouldKeepAlive = false;
    return tooLarge();
  }
  let received = req.readableLength;
  req[COUNTING] = true;
  const { push } = req;
  req.push = function push_counted(chunk: Buffer | null, ...rest): boolean {
    received += chunk?.length ?? 0;
    if (received <= limit || !req[COUNTING]) return push.call(req, chunk, ...rest);
    cutOff(req, res, services);
    return false;
  };
  return undefined;
}

/** Ends the counting: somebody reads the body who keeps to a limit of his own. */
export function stopCounting(req: Counted): void {
  if (req[COUNTING]) delete (req as Partial<IncomingMessage>).push;
  delete req[COUNTING];
}

function cutOff(req: Counted, res: ServerResponse, { emit }: Services): void {
  stopCounting(req);
  const refusal = tooLarge();
  const context = contextOf(req);
  context.failure = refusal;
  res.shouldKeepAlive = false;
  if (req.listenerCount('error') === 0) {
    emit({
      event: 'input_validation_fail',
      level: 'WARN',
      description: refusal.message,
      practice: 'input',
      code: refusal.code,
      ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
      ...(context.client === undefined ? {} : { sourceIp: context.client.ip }),
      method: req.method ?? '',
      path: context.url.split('?', 1)[0] ?? '/',
    });
    req.destroy();
    return;
  }
  // Destroyed as usual, it would take the connection with it, and the 413 of whoever passes the error on.
  req._destroy = (error, done) => done(error);
  req.destroy(refusal);
  const { socket } = req;
  const patience = setTimeout(() => socket.destroy(), PATIENCE);
  patience.unref();
  res.once('close', () => clearTimeout(patience));
}

/** Milliseconds that a handler has to answer once its request's body was cut off. */
const PATIENCE = 5000;
