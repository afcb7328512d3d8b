import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { DropArgument, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Services, Unread } from '../../context.ts';
import type { Drain } from './drain.ts';

/** Statuses of what node's parser refuses; everything else that it refuses is a 400. */
const STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/**
 * Answers what never became a request: a status line, no detail (a parser's message helps who probes it), the end of
 * the connection. Where nobody would understand an answer (a failed handshake, plain HTTP on the TLS port, a reset, an
 * answer that has begun) the connection is just closed.
 *
 * @param tell - is told of what was refused: not of connections that just ended, of which every browser makes many
 * @example server.on('clientError', refuseClient(drain))
 */
export function refuseClient(
  drain: Drain,
  tell?: (what: Unread) => void,
): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return function onClientError(error, socket) {
    const code = error.code ?? '';
    const spoken = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const isOpen = socket.writable && !drain.hasAnswered(socket);
    const status = STATUS[code] ?? 400;
    // Before the socket is destroyed: then it has no address any more.
    if (spoken) tell?.({ kind: 'request', code, ...(isOpen ? { status } : {}), ...addressOf(socket) });
    if (!spoken || !isOpen) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    // `end` only asks: a client that never closes its side would keep the connection.
    socket.once('finish', () => socket.destroy());
  };
}

/**
 * Tells of what node turns away without asking anybody: failed handshakes, connections and requests over a limit, CONNECT,
 * and an `Expect` that it cannot meet.
 *
 * @example tellOfRefusals(server, services)
 */
export function tellOfRefusals(server: Server, { onUnread }: Services): void {
  if (onUnread === undefined) return;
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    onUnread({ kind: 'handshake', code: error.code ?? 'ERR_TLS', ...addressOf(socket) });
  });
  server.on('drop', (dropped?: DropArgument) => {
    const ip = dropped?.remoteAddress;
    onUnread({ kind: 'connection', code: 'maxConnections', ...(ip === undefined ? {} : { ip }) });
  });
  server.on('dropRequest', (_req: IncomingMessage, socket: Duplex) => {
    onUnread({ kind: 'request', code: 'maxRequestsPerSocket', status: 503, ...addressOf(socket) });
  });
  // Without a listener node ends the connection without a word, and so does this one.
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    onUnread({ kind: 'request', code: 'connect', ...addressOf(socket) });
    socket.destroy();
  });
  // With a listener, the answer is the listener's: the one that node gives without.
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    onUnread({ kind: 'request', code: 'expect', status: 417, ...addressOf(req.socket) });
    res.writeHead(417).end();
  });
}

function addressOf(socket: Duplex): { ip?: string } {
  const ip = (socket as Partial<Socket>).remoteAddress;
  return ip === undefined ? {} : { ip };
}
