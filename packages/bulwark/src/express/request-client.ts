import type { IncomingMessage } from 'node:http';
import { contextOf } from '../context.ts';
import type { Client } from '../practices/client/index.ts';
import { type ExpressApp, isExpress4 } from './internals.ts';

const GETTERS: Readonly<Record<string, (client: Client) => unknown>> = {
  ip: (client) => client.ip,
  protocol: (client) => client.protocol,
  secure: (client) => client.protocol === 'https',
  hostname: (client) => client.hostname,
  host: (client) => client.host,
};

/**
 * Makes `req.ip`, `req.protocol`, `req.secure`, `req.hostname` and `req.host` say what the `client` practice found:
 * Express's own readers know neither `Forwarded` nor which of several headers a proxy overwrites.
 */
export function installClient(app: ExpressApp): void {
  for (const [name, read] of Object.entries(GETTERS)) {
    // Express 4's deprecated `req.host` has no port, and code written for it relies on that.
    if (name === 'host' && isExpress4(app)) continue;
    Object.defineProperty(app.request, name, {
      configurable: true,
      enumerable: true,
      get(this: IncomingMessage): unknown {
        const { client } = contextOf(this);
        return client === undefined
          ? Reflect.get(Object.getPrototypeOf(app.request) as object, name, this)
          : read(client);
      },
    });
  }
}
