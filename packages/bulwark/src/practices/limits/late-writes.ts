import type { ServerResponse } from 'node:http';

/** What throws once the head is out. */
const HEAD = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'writeHead'] as const;

type Method = (this: ServerResponse, ...args: unknown[]) => unknown;

/**
 * Lets what a handler still says to a response that was answered for it go nowhere. Without this, a `res.json()` in a timer
 * or in a callback of a database throws where nobody catches it, and ends the process.
 *
 * Until the head is out everything works as before, whoever has wrapped what: the answer itself is still to be written.
 *
 * @example ignoreLateWrites(res); next(new Refusal('ERR_HANDLER_TIMEOUT', { reason: '…' }))
 */
export function ignoreLateWrites(res: ServerResponse): void {
  for (const name of HEAD) guard(res, name, (late) => late.headersSent, headLater);
  guard(res, 'write', (late) => late.writableEnded, writeLater);
  guard(res, 'end', (late) => late.writableEnded, endLater);
}

function guard(
  res: ServerResponse,
  name: (typeof HEAD)[number] | 'write' | 'end',
  isLate: (res: ServerResponse) => boolean,
  instead: Method,
): void {
  let current = res[name] as Method;
  const guarded: Method = function (...args) {
    return isLate(this) ? instead.apply(this, args) : current.apply(this, args);
  };
  Object.defineProperty(res, name, {
    configurable: true,
    enumerable: true,
    get: () => guarded,
    // Middleware that has wrapped a method puts the one before it back when it is done.
    set(method: Method) {
      current = method;
    },
  });
}

function headLater(this: ServerResponse): ServerResponse {
  return this;
}

/** A stream that is piped in goes on and ends; whoever waits for a write hears that it is done. */
function writeLater(this: ServerResponse, ...args: unknown[]): true {
  const done = args.findLast((argument) => typeof argument === 'function') as (() => void) | undefined;
  if (done !== undefined) process.nextTick(done);
  return true;
}

function endLater(this: ServerResponse, ...args: unknown[]): ServerResponse {
  writeLater.apply(this, args);
  return this;
}
