import { randomBytes } from 'node:crypto';
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import csrf from '@fastify/csrf-protection';
import helmet from '@fastify/helmet';
import limits from '@fastify/rate-limit';
import session, { type SessionStore } from '@fastify/session';
import { fastify, type Session } from 'fastify';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { item, LIMIT, PROXY, REDIS_URL, tell } from './serve.ts';

declare module 'fastify' {
  interface Session {
    user?: string;
  }
}

const redis = REDIS_URL === undefined ? undefined : new Redis(REDIS_URL);

/** connect-redis wants another client; this is what it does. */
const store: SessionStore | undefined = redis && {
  get: (id, done) => {
    redis.get(`session:${id}`).then((text) => done(null, text === null ? null : (JSON.parse(text) as Session)), done);
  },
  set: (id, value, done) =>
    void redis.set(`session:${id}`, JSON.stringify(value), 'EX', 86_400).then(() => done(), done),
  destroy: (id, done) => void redis.del(`session:${id}`).then(() => done(), done),
};

const app = fastify({ logger: true, trustProxy: PROXY });
await app.register(helmet);
await app.register(cors, { origin: 'https://bench.example', credentials: true });
await app.register(limits, { max: LIMIT, timeWindow: '1 hour', ...(redis && { redis }) });
await app.register(cookie);
await app.register(session, {
  secret: randomBytes(32).toString('hex'),
  saveUninitialized: false,
  rolling: false,
  cookie: { secure: true, sameSite: 'lax', httpOnly: true },
  ...(store && { store }),
});
await app.register(csrf, { sessionPlugin: '@fastify/session' });

app.post('/api/login', async (req, reply) => {
  req.session.user = 'ann';
  return reply.code(204).send();
});
const params = z.object({ id: z.string().regex(/^\d+$/) });
app.get('/api/items/:id', async (req, reply) => {
  const { id } = params.parse(req.params);
  if (req.session.user !== 'ann') return reply.code(401).send({ error: 'unknown' });
  return item(id);
});
app.post('/api/items', { preHandler: app.csrfProtection }, async (_req, reply) => reply.code(201).send(item('43')));

await app.listen({ port: Number(process.env.PORT ?? 0), host: PROXY });
tell((app.server.address() as { port: number }).port);
