import { createRequire } from 'node:module';
import { access, secure } from 'bulwark';
import { validate } from 'bulwark/input';
import { logIn, sessionOf } from 'bulwark/sessions';
import express, { type Request } from 'express';
import { z } from 'zod';
import { item, LIMIT, PROXY, REDIS_URL, tell } from './serve.ts';

const app = express();
// The proxy ends TLS, so every practice is on and yet no TLS is measured.
const gate = secure(app, {
  origins: 'https://bench.example',
  mode: 'production',
  proxy: { cidrs: [PROXY] },
  rateLimit: { limit: LIMIT, window: '1h' },
  sessions: {},
  stores: REDIS_URL === undefined ? { memory: true } : { redis: await connected(REDIS_URL) },
});

app.post('/api/login', access.public('for the benchmark'), async (req, res) => {
  await logIn(req, { id: 'ann' });
  (sessionOf(req) as { theme?: string }).theme = 'dark';
  res.status(204).end();
});
app.get(
  '/api/items/:id',
  access.authenticated(),
  validate({ params: z.object({ id: z.string().regex(/^\d+$/) }) }),
  (req: Request<{ id: string }>, res) => {
    if ((sessionOf(req) as { theme?: string }).theme !== 'dark') throw new Error('not the session of this client');
    res.json(item(req.params.id));
  },
);
app.post('/api/items', access.authenticated(), (_req, res) => void res.status(201).json(item('43')));

const { port } = await gate.listen({ port: Number(process.env.PORT ?? 0), host: PROXY });
tell(port);

async function connected(url: string): Promise<never> {
  const { createClient } = createRequire(import.meta.url)('redis') as typeof import('redis');
  const client = createClient({ url });
  await client.connect();
  return client as never;
}
