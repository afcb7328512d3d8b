import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { doubleCsrf } from 'csrf-csrf';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { addRoutes, LIMIT } from './serve.ts';

// These have no types of their own; what is written here is all that is used of them.
const load = createRequire(import.meta.url);
const cors = load('cors') as (options: object) => RequestHandler;
const session = load('express-session') as (options: object) => RequestHandler;
const cookieParser = load('cookie-parser') as () => RequestHandler;

/** What a careful developer wires today, in a good order, behind one proxy, logging to stdout. */
export function handWired(options: { readonly session: boolean }): Express {
  const secret = randomBytes(32).toString('hex');
  const app = express();
  app.set('trust proxy', 1);
  app.use(pinoHttp());
  app.use(helmet());
  app.use(cors({ origin: 'https://bench.example', credentials: true }));
  app.use(rateLimit({ windowMs: 3_600_000, limit: LIMIT, standardHeaders: 'draft-8', legacyHeaders: false }));
  app.use(express.json());
  app.use(cookieParser());
  if (options.session) {
    app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { secure: true, sameSite: 'lax' } }));
  }
  const { doubleCsrfProtection } = doubleCsrf({
    getSecret: () => secret,
    getSessionIdentifier: (req) => (req as { sessionID?: string }).sessionID ?? '',
  });
  app.use(doubleCsrfProtection);
  addRoutes(app);
  app.use(answerErrors);
  return app;
}

/** Without one, Express writes the stack of each refusal to stderr. */
const answerErrors: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: 'refused' });
};
