import { Writable } from 'node:stream';
import { pinoHttp } from 'pino-http';
import { afterEach, describe, expect, it } from 'vitest';
import winston from 'winston';
import { EXPRESS, type Express, type Sent, type Served, send, serve } from '../../../test/support/http.ts';
import { errors } from '../errors/index.ts';
import { logging } from './index.ts';

// Each attack on what people use today, and the same request against Bulwark.

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

type App = ReturnType<Express>;

/** Sends one request to an app and returns all that it wrote to its log. */
async function logOf(
  express: Express,
  build: (app: App, write: (text: string) => void) => void,
  sent: Sent,
): Promise<string> {
  const written: string[] = [];
  const line = Promise.withResolvers<void>();
  const app = express();
  build(app, (text) => {
    written.push(text);
    line.resolve();
  });
  const served = await serve(app);
  open.push(served);
  await send(served.url, sent);
  await line.promise;
  return written.join('');
}

const SECRETS = ['authorization-hunter2', 'cookie-hunter2', 'key-hunter2', 'query-hunter2', 'set-cookie-hunter2'];
const withSecrets: Sent = {
  target: '/?token=query-hunter2',
  headers: { authorization: 'Bearer authorization-hunter2', cookie: 'sid=cookie-hunter2', 'x-api-key': 'key-hunter2' },
};
const malformedLogin: Sent = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"user":"ann","password":"body-hunter2"',
};

const withCookie = (app: App): void =>
  void app.get('/', (_req, res) => void res.cookie('sid', 'set-cookie-hunter2').send('home'));

const quiet: import('express').ErrorRequestHandler = (_error, _req, res, _next) => void res.status(400).end();

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('control: pino-http logs credentials, cookies and the query', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        app.use(pinoHttp({}, { write }));
        withCookie(app);
      },
      withSecrets,
    );
    expect(SECRETS.filter((secret) => log.includes(secret))).toEqual(SECRETS);
  });

  it('none of them is in the line of logging()', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        app.use(logging({ stream: { write }, headers: ['Authorization', 'Cookie', 'X-Api-Key'], query: 'names' }));
        withCookie(app);
      },
      withSecrets,
    );
    expect(log).not.toContain('hunter2');
  });

  it('control: pino-http logs the password of a malformed login, redaction of headers or not', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        app.use(pinoHttp({ redact: ['req.headers.authorization', 'req.headers.cookie'] }, { write }));
        app.use(express.json());
        const handler: import('express').ErrorRequestHandler = (error: Error, _req, res, _next) => {
          res.err = error;
          res.status(400).end();
        };
        app.use(handler);
      },
      malformedLogin,
    );
    expect(log).toContain('body-hunter2');
  });

  it('control: winston logs it with errors() and json()', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        const logger = toWinston(
          write,
          winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()),
        );
        app.use(express.json());
        const handler: import('express').ErrorRequestHandler = (error: Error, _req, res, _next) => {
          logger.error(error);
          res.status(400).end();
        };
        app.use(handler);
      },
      malformedLogin,
    );
    expect(log).toContain('body-hunter2');
  });

  it('logging() writes a line without it', async () => {
    const log = await logOf(
      express,
      (app, write) => app.use(logging({ stream: { write } }), express.json(), errors()),
      malformedLogin,
    );
    expect(log).toContain('ERR_BODY_MALFORMED');
    expect(log).not.toContain('hunter2');
  });

  const forging: Sent = { target: `/?name=${encodeURIComponent('ann\n2026-11-23 info: login ok for admin')}` };

  it('control: a line break in a value makes two lines of winston’s printf', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        const logger = toWinston(
          write,
          winston.format.printf(({ level, message }) => `2026-11-23 ${level}: ${String(message)}`),
        );
        app.get('/', (req, res) => {
          logger.info(`login failed for ${req.query.name as string}`);
          res.end();
        });
      },
      forging,
    );
    expect(log.trim().split('\n')).toEqual([
      '2026-11-23 info: login failed for ann',
      '2026-11-23 info: login ok for admin',
    ]);
  });

  it('logging() writes one, also where the break is in the message of an error', async () => {
    const log = await logOf(
      express,
      (app, write) => {
        app.use(logging({ stream: { write } }));
        app.get('/', (req) => {
          throw new Error(`login failed for ${req.query.name as string}`);
        });
        app.use(errors());
      },
      forging,
    );
    expect(log.trim().split('\n')).toHaveLength(1);
    expect((JSON.parse(log) as { error: { message: string } }).error.message).toContain('ann\\u000a2026');
  });

  it('control: without an error handler of its own, a failed parser is in no line of the log', async () => {
    const log: string[] = [];
    const app = express();
    app.use(express.json());
    app.use(pinoHttp({}, { write: (text: string) => void log.push(text) }));
    app.use(quiet);
    const served = await serve(app);
    open.push(served);
    expect((await send(served.url, malformedLogin)).status).toBe(400);
    expect(log).toEqual([]);
  });
});

function toWinston(write: (text: string) => void, format: winston.Logform.Format): winston.Logger {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  return winston.createLogger({ format, transports: [new winston.transports.Stream({ stream })] });
}
