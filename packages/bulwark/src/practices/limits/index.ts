import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE, type Middleware, type Next, type Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { refuseFraming } from './framing.ts';
import { type LimitsOptions, resolveLimits } from './options.ts';
import { harden } from './server.ts';

export type { LimitsOptions } from './options.ts';
export { applyToServer, type LimitedServerOptions, serverOptions } from './server.ts';

/**
 * Limits of the server as a whole: time, connections, headers; and it refuses messages with an ambiguous framing.
 *
 * The middleware puts the limits on the server that it runs in when it first sees it. That is too late for
 * `connectionsCheckingInterval`, and for slow clients that come before the first whole request: make the server with
 * {@link serverOptions} or hand it to {@link applyToServer}. ASVS 4.2.1, 13.1.2, 15.2.2; CWE-400, CWE-444, CWE-770.
 *
 * @param options - see {@link LimitsOptions}
 * @throws ConfigError for options that it cannot have
 * @example
 * app.use(limits())
 * applyToServer(createServer(serverOptions(), app)).listen(8080)
 */
export function limits(options: LimitsOptions = {}, services: Services = ALONE): Middleware {
  const resolved = resolveLimits(options);
  const { maxHeadersCount } = resolved;
  const hardened = new WeakSet<object>();

  return function limits(req: IncomingMessage, res: ServerResponse, next: Next): void {
    const server = serverOf(req);
    if (server !== undefined && !hardened.has(server)) {
      hardened.add(server);
      harden(server, resolved, services);
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
