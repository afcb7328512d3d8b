import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

/** Where the proxy of this benchmark is. */
export const PROXY = '127.0.0.1';
/** How many requests a client may send in an hour: in most measurements more than it can. */
export const LIMIT: number = Number(process.env.LIMIT ?? 10_000_000);
/** The Redis server that sessions and limits lie in; without it, they lie in memory. */
export const REDIS_URL: string | undefined = process.env.REDIS_URL;

/** The small answer that every server gives. */
export function item(id: string): object {
  return { id, name: 'A book about walls', price: 1299, currency: 'EUR', tags: ['history', 'castles'], inStock: true };
}

/** The routes of an Express app without sessions. */
export function addRoutes(app: Express): void {
  app.get('/api/items/:id', (req, res) => {
    res.json(item(req.params.id));
  });
  app.post('/api/items', (_req, res) => {
    res.status(201).json(item('43'));
  });
}

/** Listens on loopback, on the port of the environment's PORT or a free one, and tells the parent process. */
export function serve(listener: RequestListener): void {
  const server = createServer(listener);
  server.listen(Number(process.env.PORT ?? 0), PROXY, () => tell((server.address() as AddressInfo).port));
}

/** Tells the parent process where this one listens, and how much processor time it has used whenever it is asked. */
export function tell(port: number): void {
  process.send?.({ port });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpu: user + system });
  });
  process.on('disconnect', () => process.exit());
}
