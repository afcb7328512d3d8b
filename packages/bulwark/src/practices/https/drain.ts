import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Roster } from '../../roster.ts';

/** Whatever node calls for a request: an Express app is one. */
export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

/** A server that can be closed without cutting an answer off. */
export interface Drain {
  /**
   * Stops accepting, closes connections without a request at once, lets the others finish, and cuts off what is left
   * after `grace` milliseconds. The second call returns the first one's promise.
   */
  close(grace: number): Promise<void>;
  /** True if an answer has begun on this connection. */
  hasAnswered(socket: unknown): boolean;
}

/** Time for a request whose first bytes have just arrived to become one that is in flight, in milliseconds. */
const LINGER = 1000;

/**
 * Puts a listener on a server and keeps account of its connections and requests, for a graceful end.
 *
 * @example const drain = attach(server, app); await drain.close(10_000)
 */
export function attach(server: Server, listener: RequestListener): Drain {
  const sockets = new Set<Socket>();
  const inFlight = new Roster<ServerResponse>();
  let closing: Promise<void> | undefined;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  // A TLS server tells of each connection twice, before and after the handshake: either may be all there is.
  server.on('connection', keep);
  server.on('secureConnection', keep);
  function leave(this: ServerResponse): void {
    inFlight.delete(this);
    // An answer whose head said keep-alive before the end was decided leaves an idle connection behind.
    if (closing !== undefined) setImmediate(() => server.closeIdleConnections());
  }
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    inFlight.add(res);
    res.on('close', leave);
    if (closing !== undefined) res.setHeader('Connection', 'close');
    listener(req, res);
  });

  async function drain(grace: number): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    for (const res of inFlight) if (!res.headersSent) res.setHeader('Connection', 'close');
    const linger = setTimeout(() => destroyAll(withoutRequest()), Math.min(LINGER, grace)).unref();
    const deadline = setTimeout(() => destroyAll(sockets), grace).unref();
    await closed;
    clearTimeout(linger);
    clearTimeout(deadline);
    // Upgraded connections are not the server's any more, so it does not wait for them.
    destroyAll(sockets);
  }

  /** Connections that a browser opened ahead of need, and handshakes that never end. */
  function withoutRequest(): Set<Socket> {
    // The lower socket of a TLS connection has no request of its own: its address says which connection it carries.
    const ports = new Set([...inFlight].map(({ req: { socket } }) => `${socket.remoteAddress} ${socket.remotePort}`));
    return new Set([...sockets].filter((socket) => !ports.has(`${socket.remoteAddress} ${socket.remotePort}`)));
  }

  return {
    close(grace) {
      closing ??= drain(grace);
      return closing;
    },
    hasAnswered: (socket) => [...inFlight].some(({ req, headersSent }) => req.socket === socket && headersSent),
  };
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
