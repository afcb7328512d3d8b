import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { RedisStore as RedisSessions } from 'connect-redis';
import { doubleCsrf } from 'csrf-csrf';
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import session from 'express-session';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { RedisStore as RedisLimits } from 'rate-limit-redis';
import { createClient } from 'redis';
import { z } from 'zod';
import { item, LIMIT, REDIS_URL, serve } from './serve.ts';

declare module 'express-session' {
  interface SessionData {
    user: string;
  }
}

// These have no types of their own; what is written here is all that is used of them.
const load = createRequire(import.meta.url);
const cors = load('cors') as (options: object) => RequestHandler;
const cookieParser = load('cookie-parser') as () => RequestHandler;

/** What a careful developer wires today, in a good order, behind one proxy, logging to stdout. */
const secret = randomBytes(32).toString('hex');
const client = REDIS_URL === undefined ? undefined : createClient({ url: REDIS_URL });
await client?.connect();
const app = express();
app.set('trust proxy', 1);
app.use(pinoHttp());
app.use(helmet());
app.use(cors({ origin: 'https://bench.example', credentials: true }));
app.use(
  rateLimit({
    windowMs: 3_600_000,
    limit: LIMIT,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    ...(client && { store: new RedisLimits({ sendCommand: (...args: string[]) => client.sendCommand(args) }) }),
  }),
);
app.use(express.json());
app.use(cookieParser());
app.use(
  session({
    secret,
    resave: false,
    saveUninitialized: false,
    cookie: { secure: true, sameSite: 'lax' },
    ...(client && { store: new RedisSessions({ client }) }),
  }),
);
const { doubleCsrfProtection } = doubleCsrf({
  getSecret: () => secret,
  getSessionIdentifier: (req) => req.sessionID ?? '',
  skipCsrfProtection: (req) => req.path === '/api/login',
});
app.use(doubleCsrfProtection);

app.post('/api/login', (req, res) => {
  req.session.user = 'ann';
  res.status(204).end();
});
const params = z.object({ id: z.string().regex(/^\d+$/) });
app.get('/api/items/:id', (req: Request<{ id: string }>, res) => {
  const { id } = params.parse(req.params);
  if (req.session.user !== 'ann') return void res.status(401).json({ error: 'unknown' });
  res.json(item(id));
});
app.post('/api/items', (_req, res) => void res.status(201).json(item('43')));

/** Without one, Express writes the stack of each refusal to stderr. */
const answerErrors: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: 'refused' });
};
app.use(answerErrors);
serve(app);
