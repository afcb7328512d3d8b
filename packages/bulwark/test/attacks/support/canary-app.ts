/**
 * An app that logs much, as its developers wanted it: `node canary-app.ts <4|5> <pino|winston|wired>`, with a channel to
 * its parent. `wired` is what people use today; the others are the same app under Bulwark.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { format, inspect } from 'node:util';
import { pinoHttp } from 'pino-http';
import winston from 'winston';
import { secure } from '../../../src/index.ts';
import {
  logOf,
  type MorganLike,
  morganStream,
  safeMorgan,
  winstonLogger,
} from '../../../src/practices/logging/index.ts';
import { EXPRESS, type Express } from '../../support/http.ts';
import { type App, morgan } from './hand-wired.ts';

const [, , version, kind] = process.argv;
const express: Express = EXPRESS.find(([name]) => name === version)?.[1] ?? EXPRESS[0][1];
type Request = import('express').Request;

const given = (req: Request): string => (req.query as { value: string }).value;
const { combine, errors, json, printf } = winston.format;
const printed = printf(({ level, message, ...rest }) => `${level}: ${String(message)} ${inspect(rest, { depth: 8 })}`);
const transports = [new winston.transports.Console()];

/** What the app's own code writes to. */
type Log = (req: Request, record: object, message: string) => void;

function errorOf(name: string, secret: string): unknown {
  const failed = (message: string, members: object): Error => Object.assign(new Error(message), members);
  switch (name) {
    case 'url':
      return new Error(`connect ECONNREFUSED postgres://shop:${secret}@db/shop`);
    case 'body':
      return failed('bad', { status: 400, type: 'entity.parse.failed', body: `password ${secret}` });
    case 'axios':
      return failed('Request failed with status code 401', {
        config: { headers: { Authorization: `Bearer ${secret}` }, data: secret },
        request: { _header: `Authorization: ${secret}` },
        response: { status: 401, data: { hint: secret } },
      });
    case 'pg':
      return failed('duplicate key value violates unique constraint "users_email_key"', {
        code: '23505',
        detail: `Key (email)=(${secret}) already exists.`,
        sql: `INSERT INTO users VALUES ('${secret}')`,
        parameters: [secret],
      });
    case 'cause':
      return new Error('login failed', { cause: failed(`password=${secret}`, { input: secret }) });
    case 'aggregate':
      return new AggregateError([failed(`token: ${secret}`, { input: secret })], 'all failed');
    case 'object':
      return { password: secret, toString: () => secret };
    default:
      try {
        return JSON.parse(`{"password":${secret}}`);
      } catch (error) {
        return error;
      }
  }
}

function addRoutes(app: App, log: Log): void {
  app.get('/', (_req, res) => void res.send('home'));
  app.post('/login', (req, res) => {
    log(req, { body: req.body as unknown }, 'sign-in');
    res.status(401).json({ error: 'wrong' });
  });
  app.get('/set', (req, res) => void res.cookie('sid', given(req)).send('set'));
  app.get('/header', (req, res) => void res.set('X-Auth-Token', given(req)).send('set'));
  app.get('/throw/:name', (req) => {
    throw errorOf(String(req.params.name), given(req));
  });
  app.get('/reject', (req, _res, next) => {
    Promise.reject(Object.assign(new Error('rejected'), { secret: given(req) })).catch(next);
  });
  app.get('/log/request', (req, res) => {
    log(req, { req, headers: req.headers, rawHeaders: req.rawHeaders }, 'in');
    res.end();
  });
  app.get('/log/settings', (req, res) => {
    log(req, { db: { host: 'db1', password: given(req) }, keys: new Map([['apiKey', given(req)]]) }, 'connected');
    res.end();
  });
  app.get('/log/text', (req, res) => {
    log(req, {}, format('body: %o', { user: 'ann', password: given(req) }));
    res.end();
  });
}

/** pino-http, morgan, winston with the two formats that everybody takes, Express's own parsers and error handler. */
function wired(): void {
  const app = express();
  const logger = winston.createLogger({ level: 'silly', format: combine(errors({ stack: true }), json()), transports });
  app.use(pinoHttp());
  app.use(morgan('combined', {}));
  app.use(express.json(), express.urlencoded({ extended: true }));
  addRoutes(app, (_req, record, message) => void logger.debug(message, record));
  const handler: import('express').ErrorRequestHandler = (error: Error, _req, res, next) => {
    res.err = error;
    logger.error(error);
    next(error);
  };
  app.use(handler);
  const server = createServer(app as never);
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('message', () => process.exit());
}

async function secured(): Promise<void> {
  const app = express();
  const logger = winstonLogger(winston.createLogger({ format: printed, transports }));
  const gate = secure(app, {
    origins: 'https://shop.example',
    https: false,
    rateLimit: { limit: 100_000, window: '1h' },
    errors: {
      onError: () => {
        throw new Error('the tracker is down');
      },
    },
    logging: {
      ...(kind === 'winston' ? { logger } : { events: { stream: process.stdout } }),
      headers: ['X-Tenant-Token', 'Authorization', 'Cookie', 'Referer', 'X-Forwarded-For'],
      query: 'names',
      redact: ['theme'],
      repeat: false,
    },
  });
  // The canary of a listener: a client for a chat whose error quotes the address that it called, with its key.
  gate.on('malicious_csrf', () => {
    throw new Error('alert failed: https://bot:canary46w@chat.example/send?token=canary46w');
  });
  const stream = morganStream(gate.log);
  app.use(morgan('combined', { stream }));
  app.use(
    safeMorgan(morgan as typeof morgan & MorganLike)(
      ':method :url :req[authorization] :req[x-api-key] :res[set-cookie]',
      { stream },
    ),
  );
  addRoutes(app, (req, record, message) => logOf(req).info(record, message));
  const { port } = await gate.listen({ port: 0, host: '127.0.0.1' });
  process.send?.(port);
  process.on('message', () => void gate.close().then(() => process.disconnect()));
}

if (kind === 'wired') wired();
else await secured();
