import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
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
 * @example server.on('clientError', refuseClient(drain))
 */
export function refuseClient(drain: Drain): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return function onClientError(error, socket) {
    const code = error.code ?? '';
    const spoken = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (!spoken || !socket.writable || drain.hasAnswered(socket)) {
      socket.destroy();
      return;
    }
    const status = STATUS[code] ?? 400;
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    // `end` only asks: a client that never closes its side would keep the connection.
    socket.once('finish', () => socket.destroy());
  };
}
