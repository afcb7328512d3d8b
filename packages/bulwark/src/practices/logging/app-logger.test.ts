import { format } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { secure } from '../../index.ts';
import { memory, serveAny, setUp } from './fixtures/memory-log.ts';
import { type AppLogger, type LoggingOptions, logging, logOf } from './index.ts';

type Request = import('express').Request;
/** `req.log` as an app without types finds it. */
const logIn = (req: Request): AppLogger => (req as unknown as { log: AppLogger }).log;

const login = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ user: 'ann', password: 'hunter2', card: { number: 'x', cvv: '123' } }),
};

describe.each(EXPRESS)('req.log on Express %s', (_, express) => {
  /** An app whose one route logs something; returns the line of it. */
  async function lineOf(write: (req: Request, log: AppLogger) => void, options: LoggingOptions = {}) {
    const { url, log } = await setUp(
      express,
      (app) => {
        app.use(express.json());
        app.post('/login', (req, res) => {
          write(req, logIn(req));
          res.end();
        });
      },
      options,
    );
    const answer = await send(`${url}/login`, login);
    await log.until(2);
    expect(log.raw.join('')).not.toContain('hunter2');
    expect(log.lines[0]?.requestId).toBe(answer.headers['x-request-id']);
    return log.lines[0];
  }

  it('writes the record redacted, with the id of the request', async () => {
    const line = await lineOf((req, log) => log.info({ body: req.body as object, at: 'login' }, 'sign-in'));
    expect(line).toEqual({
      level: 'info',
      time: expect.any(String),
      body: { user: 'ann', password: '[redacted]', card: { number: 'x', cvv: '[redacted]' } },
      at: 'login',
      requestId: expect.any(String),
      msg: 'sign-in',
    });
  });

  it.each<[string, (req: Request, log: AppLogger) => void, object]>([
    [
      'a text',
      (_req, log) => log.warn('password=hunter2\nforged'),
      { level: 'warn', msg: 'password=[redacted]\\u000aforged' },
    ],
    [
      'winston’s order',
      (req, log) => log.info('sign-in', req.body),
      { msg: 'sign-in', user: 'ann', password: '[redacted]' },
    ],
    [
      'an error',
      (_req, log) => log.error(Object.assign(new Error('no'), { body: 'hunter2' }), 'failed'),
      { level: 'error', msg: 'failed', error: { type: 'Error', message: 'no' } },
    ],
    ['the request', (req, log) => log.info(req, 'in'), { method: 'POST', path: '/login' }],
    ['a list', (req, log) => log.info([req.body], 'in'), { value: [{ user: 'ann', password: '[redacted]' }] }],
    ['nothing', (_req, log) => log.info(undefined), { msg: '' }],
    [
      'text that a developer formatted',
      (req, log) => log.info(format('body: %j', req.body)),
      { msg: 'body: {"user":"ann","password":[redacted],"card":{"number":"x","cvv":[redacted]}}' },
    ],
  ])('takes %s', async (_name, write, expected) => {
    expect(await lineOf(write)).toMatchObject(expected);
  });

  it('lets no record pass for another kind of line', async () => {
    const forged = {
      level: 'error',
      time: 'now',
      msg: 'x',
      requestId: 'someone',
      traceId: 'else',
      parentId: 'y',
      severity: 'z',
      stack: 's',
    };
    const line = await lineOf((_req, log) => log.info(forged, 'in'));
    expect(line).toMatchObject({ level: 'info', msg: 'in', requestId: expect.stringMatching(/^[\da-f-]{36}$/) });
    expect(line).toMatchObject({ level_: 'error', time_: 'now', msg_: 'x', requestId_: 'someone', traceId_: 'else' });
    // pino would write a name twice, and readers of JSON take the last one.
    expect(JSON.stringify(line).match(/"level"/g)).toHaveLength(1);
  });

  it('lets no record pass for a request, of which pino would write nothing else', async () => {
    const line = await lineOf((_req, log) =>
      log.warn({ method: 'x', headers: {}, socket: {}, user: 'ann' }, 'refused'),
    );
    expect(line).toMatchObject({
      user: 'ann',
      method: 'x',
      socket_: {},
      requestId: expect.any(String),
      msg: 'refused',
    });
  });

  it('redacts further names, and writes no more than its level', async () => {
    const line = await lineOf((req, log) => log.warn(req.body, 'in'), { redact: ['user'], level: 'info' });
    expect(line).toMatchObject({ user: '[redacted]' });
  });

  it('leaves the log of another logger alone, and keeps one of its own', async () => {
    const log = memory();
    const handler = logging({ stream: log });
    const other = {};
    const app = express();
    app.use((req, _res, next) => {
      Object.assign(req, { log: other });
      next();
    }, handler);
    app.get('/', (req, res) => {
      logOf(req).info({ token: 'hunter2' }, 'mine');
      res.json(logIn(req) === other);
    });
    expect((await send(await serveAny(app))).body).toBe('true');
    await log.until(2);
    expect(log.lines[0]).toMatchObject({ msg: 'mine', token: '[redacted]' });
  });

  it('is there for the probes of the self-test, and silent', async () => {
    const log = memory();
    const handler = logging({ stream: log });
    const app = express();
    app.use((req, _res, next) => {
      contextOf(req).selfTest = true;
      next();
    }, handler);
    app.get('/', (req, res) => {
      logIn(req).info('probed');
      res.end();
    });
    expect((await send(await serveAny(app))).status).toBe(200);
    expect(log.raw).toEqual([]);
  });

  it('gate.log writes outside of requests; without logging both are silent', async () => {
    const log = memory();
    const app = express();
    const gate = secure(app, { origins: 'https://shop.example', https: false, logging: { stream: log } });
    gate.log.info({ db: { password: 'hunter2', host: 'db1' } }, 'connected');
    expect(log.lines).toMatchObject([{ msg: 'connected', db: { password: '[redacted]', host: 'db1' } }]);

    const quiet = express();
    const off = secure(quiet, { origins: 'https://shop.example', https: false, logging: false });
    quiet.get('/', (req, res) => {
      logOf(req).error('lost');
      res.end();
    });
    off.log.error('lost');
    const url = await serveAny(quiet);
    expect((await send(url, { headers: { host: 'shop.example' } })).status).toBe(200);
  });
});
