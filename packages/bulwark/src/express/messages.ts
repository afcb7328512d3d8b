import { IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { ExpressApp } from './internals.ts';

/** What `http.createServer` makes its requests and responses of. */
export type MessageClasses = Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>;

/**
 * Makes the classes of a server's requests and responses: born as those of the app. Express gives each request and each
 * response its app's prototype, and an object whose prototype is changed is slow ever after; these have it already.
 *
 * @example createServer({ ...messageClasses(app) }, handler)
 */
export function messageClasses(app: ExpressApp): MessageClasses {
  function Request(...args: unknown[]): object {
    return Reflect.construct(IncomingMessage, args, Request) as object;
  }
  function Response(...args: unknown[]): object {
    return Reflect.construct(ServerResponse, args, Response) as object;
  }
  Request.prototype = app.request;
  Response.prototype = app.response;
  return {
    IncomingMessage: Request as unknown as typeof IncomingMessage,
    ServerResponse: Response as unknown as typeof ServerResponse,
  };
}
