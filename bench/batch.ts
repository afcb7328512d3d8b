import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A request that has come in and was not answered yet, and its response. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Takes real requests off a real connection, many at once. */
export interface Source {
  /** Sends the texts in one go and gives the requests that they became; all must be answered before the next take. */
  take(texts: readonly string[]): Promise<Exchange[]>;
  close(): void;
}

/**
 * Opens a server, and for each batch a connection to it that asks for many things without waiting for answers. So a step
 * can be run for hundreds of requests in a row, each with its own untouched objects of Node's own making.
 *
 * @param messages - what the server makes its requests and responses of
 */
export async function openSource(messages: ServerOptions = {}): Promise<Source> {
  const waiting: Exchange[] = [];
  let arrived = (): void => undefined;
  const server = createServer(messages, (req, res) => {
    waiting.push({ req, res });
    arrived();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let socket: Socket | undefined;

  return {
    take(texts) {
      return new Promise((resolve) => {
        arrived = () => {
          if (waiting.length === texts.length) resolve(waiting.splice(0));
        };
        // A new one each time: servers close a connection after so many requests.
        socket?.destroy();
        socket = connect(port, '127.0.0.1').resume();
        socket.write(texts.join(''), 'latin1');
      });
    },
    close() {
      socket?.destroy();
      server.close();
    },
  };
}
