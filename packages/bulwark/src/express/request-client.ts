import type { IncomingMessage } from 'node:http';
import { contextOf } from '../context.ts';
import type { Client } from '../practices/client/index.ts';

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
export function installClient(request: object): void {
  for (const [name, read] of Object.entries(GETTERS)) {
    Object.defineProperty(request, name, {
      configurable: true,
      enumerable: true,
      get(this: IncomingMessage): unknown {
        const { client } = contextOf(this);
        return client === undefined ? Reflect.get(Object.getPrototypeOf(request) as object, name, this) : read(client);
      },
    });
  }
}
