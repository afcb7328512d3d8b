import type { IncomingMessage } from 'node:http';
import type { Listener } from './http.ts';

/**
 * Lets loopback addresses stand for others: a request that a test sends from 127.0.0.9 then comes, for the app, from the
 * address that is named here. What is a private address, and what the internet, cannot be told apart on loopback otherwise.
 */
export function standingFor(addresses: Readonly<Record<string, string>>, listener: unknown): Listener {
  return (req, res) => {
    const { socket }: IncomingMessage = req;
    const address = addresses[socket.remoteAddress ?? ''];
    if (address !== undefined) Object.defineProperty(socket, 'remoteAddress', { value: address, configurable: true });
    (listener as Listener)(req, res);
  };
}
