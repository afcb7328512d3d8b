import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handler, Next, Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { refuseFraming } from './framing.ts';
import type { ResolvedLimitsOptions } from './options.ts';
import { harden, noteHandler } from './server.ts';

/**
 * The step that stands first: it hardens the server that it runs in when it first sees it, and refuses messages with too
 * many headers or an ambiguous framing.
 */
export function framing(limits: ResolvedLimitsOptions, services: Services, reportOnly: boolean): Handler {
  const { maxHeadersCount } = limits;
  const hardened = new WeakSet<object>();

  return function limitsFraming(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const server = serverOf(req);
    if (server !== undefined && !hardened.has(server)) {
      hardened.add(server);
      harden(server, limits, services, reportOnly);
      noteHandler(server, limits);
    }
    const refusal = refuseCount(req, maxHeadersCount) ?? refuseFraming(req);
    // Where a message ends is in doubt, so nothing that follows on this connection may be read as a request.
    if (refusal !== undefined) res.shouldKeepAlive = false;
    next(refusal);
  };
}

function refuseCount(req: IncomingMessage, maxHeadersCount: number): Refusal | undefined {
  if (req.rawHeaders.length <= 2 * maxHeadersCount) return undefined;
  return new Refusal('ERR_HEADERS_TOO_MANY', {
    reason: `more than ${maxHeadersCount} headers`,
    headers: { Connection: 'close' },
  });
}

/** Node hangs the server on each of its sockets; a socket from elsewhere (a test's, an adapter's) has none. */
function serverOf(req: IncomingMessage): object | undefined {
  const server = (req.socket as { server?: unknown } | undefined)?.server;
  return typeof server === 'object' && server !== null ? server : undefined;
}
