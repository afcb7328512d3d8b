import { Writable } from 'node:stream';
import { pinoHttp } from 'pino-http';
import { describe, expect, it } from 'vitest';
import winston from 'winston';
import { ask, one } from '../support/ask.ts';
import { EXPRESS, type Sent } from '../support/http.ts';
import { type App, handWire, morgan, pairOf } from './support/hand-wired.ts';

type ErrorHandler = import('express').ErrorRequestHandler;
const JSON_TYPE = { 'content-type': 'application/json' };
const malformed: Sent = {
  method: 'POST',
  target: '/login',
  headers: JSON_TYPE,
  body: '{"user":"ann","password":"hunter2"',
};

/** A log that a test can read. */
function logBook() {
  const lines: string[] = [];
  const write = (text: string): void => void lines.push(...text.split('\n').filter(Boolean));
  /** Waits for a number of lines, and returns those of requests: Bulwark's security events have lines of their own. */
  const until = async (count: number): Promise<string[]> => {
    const requests = (): string[] => lines.filter((line) => !line.includes('"msg":"security event"'));
    while (requests().length < count) await new Promise((resolve) => setTimeout(resolve, 2));
    return requests();
  };
  return { lines, write, until, policy: { logging: { stream: { write } } } };
}

function winstonTo(write: (text: string) => void, format: winston.Logform.Format): winston.Logger {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  return winston.createLogger({ format, transports: [new winston.transports.Stream({ stream })] });
}

describe.each(EXPRESS)('logs on Express %s', (_version, express) => {
  it('1.10.1: pino-http as it comes writes credentials, cookies and tokens of the address', async () => {
    const secrets = ['authorization-s1', 'cookie-s2', 'key-s3', 'query-s4', 'set-cookie-s5'];
    const request: Sent = {
      target: '/?token=query-s4',
      headers: { authorization: 'Bearer authorization-s1', cookie: 'sid=cookie-s2', 'x-api-key': 'key-s3' },
    };
    const [theirs, ours] = [logBook(), logBook()];
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) handWire(app, express, { order: ['log'], log: theirs.write });
      app.get('/', (_req, res) => void res.cookie('sid', 'set-cookie-s5').send('home'));
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    await one(wired, request);
    const log = (await theirs.until(1)).join('');
    expect(secrets.filter((secret) => !log.includes(secret))).toEqual([]);
    await one(secured, request);
    const line = (await ours.until(1)).join('');
    expect(line).toContain('"path":"/"');
    expect(secrets.filter((secret) => line.includes(secret))).toEqual([]);
  });

  it('1.10.2a: a malformed login, and pino-http writes the password, whatever headers it redacts', async () => {
    const [theirs, ours] = [logBook(), logBook()];
    const build = (): App => {
      const app = express();
      app.use(pinoHttp({ redact: ['req.headers.authorization', 'req.headers.cookie'] }, { write: theirs.write }));
      app.use(express.json());
      const handler: ErrorHandler = (error: Error, _req, res, _next) => {
        res.err = error;
        res.status(400).end();
      };
      app.use(handler);
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    await one(wired, malformed);
    expect((await theirs.until(1)).join('')).toContain('hunter2');
    theirs.lines.length = 0;
    await one(secured, malformed);
    expect((await ours.until(1)).join('')).toContain('ERR_BODY_MALFORMED');
    // The logger that was left in place sees nothing of it either: the gate stands in front.
    expect([...ours.lines, ...theirs.lines].join('')).not.toMatch(/hunter2|"ann"/);
  });

  it('1.10.2b: the same with winston’s errors() and json()', async () => {
    const [theirs, ours] = [logBook(), logBook()];
    const { combine, errors, json } = winston.format;
    const build = (): App => {
      const logger = winstonTo(theirs.write, combine(errors({ stack: true }), json()));
      const app = express();
      app.use(express.json());
      const handler: ErrorHandler = (error: Error, _req, res, _next) => {
        logger.error(error);
        res.status(400).end();
      };
      app.use(handler);
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    await one(wired, malformed);
    expect((await theirs.until(1)).join('')).toContain('hunter2');
    theirs.lines.length = 0;
    await one(secured, malformed);
    await ours.until(1);
    expect([...ours.lines, ...theirs.lines].join('')).not.toMatch(/hunter2|"ann"/);
  });

  it('1.10.3: a line break in a value makes a second line of winston’s printf', async () => {
    const [theirs, ours] = [logBook(), logBook()];
    const format = winston.format.printf(({ level, message }) => `2026-11-23 ${level}: ${String(message)}`);
    const build = (secured: boolean): App => {
      const logger = winstonTo(theirs.write, format);
      const app = express();
      app.get('/login', (req, res) => {
        const failure = `login failed for ${req.query.name as string}`;
        if (secured) throw new Error(failure);
        logger.warn(failure);
        res.status(401).end();
      });
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    const forging = { target: `/login?name=${encodeURIComponent('ann\n2026-11-23 info: login ok for admin')}` };
    await one(wired, forging);
    expect(await theirs.until(2)).toEqual([
      '2026-11-23 warn: login failed for ann',
      '2026-11-23 info: login ok for admin',
    ]);
    await one(secured, forging);
    const lines = await ours.until(1);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      error: { message: 'login failed for ann\\u000a2026-11-23 info: login ok for admin' },
    });
  });

  it('1.10.6, 2.4: the logger behind parser and limiter: 400, 413 and 429 are in no log', async () => {
    const [theirs, ours] = [logBook(), logBook()];
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['json', 'limiter', 'log'], log: theirs.write, limiter: { limit: 2 } });
      app.post('/login', (_req, res) => void res.status(401).end());
      return app;
    };
    const policy = { ...ours.policy, rateLimit: { limit: 10, window: '15m' } } as const;
    const { wired, secured } = pairOf(build, policy);
    const login = { ...malformed, body: '{}' };
    const large = { ...malformed, body: JSON.stringify({ text: 'x'.repeat(200_000) }) };
    const requests = [...Array(6).fill(malformed), large, login, login, login] as Sent[];
    const before = (await ask(wired, ...requests)).map(({ status }) => status);
    expect(before).toEqual([400, 400, 400, 400, 400, 400, 413, 401, 401, 429]);
    expect((await theirs.until(2)).length).toBe(2);
    const after = (await ask(secured, ...requests, login)).map(({ status }) => status);
    expect(after.slice(0, 7)).toEqual([400, 400, 400, 400, 400, 400, 413]);
    expect(after.at(-1)).toBe(429);
    const lines = await ours.until(requests.length + 1);
    expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual(after);
  });

  it('4.1e: morgan writes the token of a reset link', async () => {
    const [theirs, ours] = [logBook(), logBook()];
    const token = 'reset-token-s6';
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) app.use(morgan('combined', { stream: { write: theirs.write } }));
      app.get('/reset-password', (_req, res) => void res.send('a new password, please'));
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    const link = { target: `/reset-password?token=${token}` };
    await one(wired, link);
    expect((await theirs.until(1)).join('')).toContain(token);
    await one(secured, link);
    expect((await ours.until(1)).join('')).toMatch(/^(?!.*reset-token).*"path":"\/reset-password"/);
  });

  it('4.2b: the request id is the client’s own choice, and repeated', async () => {
    const ours = logBook();
    const build = (): App => {
      const app = express();
      app.use((req, res, next) => {
        res.setHeader('X-Request-Id', req.get('x-request-id') ?? 'made here');
        next();
      });
      app.get('/', (_req, res) => void res.send('home'));
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    const chosen = { headers: { 'x-request-id': 'someone-elses-id' } };
    expect((await one(wired, chosen)).headers['x-request-id']).toBe('someone-elses-id');
    // The app goes on repeating it, but the answer carries the id of the line.
    const answer = await one(secured, chosen);
    const [line] = await ours.until(1);
    expect(line).not.toContain('someone-elses-id');
    const { requestId } = JSON.parse(line ?? '') as { requestId: string };
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['x-request-id']).toBe(requestId);
  });
});
