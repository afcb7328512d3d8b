import { fastify } from 'fastify';
import { item, PROXY, tell } from './serve.ts';

const app = fastify();
app.get<{ Params: { id: string } }>('/api/items/:id', async (req) => item(req.params.id));
await app.listen({ port: Number(process.env.PORT ?? 0), host: PROXY });
tell((app.server.address() as { port: number }).port);
