import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { format } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { connect, say, statusOf } from '../../src/practices/limits/fixtures/raw-socket.ts';
import { type AppLogger, logOf } from '../../src/practices/logging/index.ts';
import { ask, one } from '../support/ask.ts';
import { EXPRESS, type Sent, type Served, serve } from '../support/http.ts';
import { type App, handWire, pairOf, times } from './support/hand-wired.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((served) => served.close()));
});

type Line = Record<string, unknown>;
const HEAD = 'POST /login HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n';

function book() {
  const lines: Line[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Line);
  const requests = (): Line[] => lines.filter(({ msg }) => msg !== 'security event');
  return { write, requests, policy: { logging: { stream: { write } } } };
}

/** Sends half a body many times, and goes away. */
async function abort(served: Served, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { socket, closed } = connect(served.port);
    const arrived = once(served.server, 'request');
    socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"user":`);
    const [, res] = (await arrived) as [unknown, ServerResponse];
    const over = once(res, 'close');
    socket.destroy();
    await Promise.all([closed, over]);
  }
  await served.close();
}

describe.each(EXPRESS)('a log under attack, on Express %s', (_version, express) => {
  it('1.10.8a: fifty uploads that end early, and Express prints each', async () => {
    const ours = book();
    const build = (): App => {
      const app = express();
      app.set('env', 'production');
      app.use(express.json());
      app.post('/login', (_req, res) => void res.send('welcome'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, ours.policy);
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await abort(await serve(wired), 50);
    await vi.waitFor(() => expect(printed).toHaveBeenCalledTimes(50));
    expect(String(printed.mock.calls[0]?.[0])).toContain('BadRequestError: request aborted');
    printed.mockClear();

    await abort(await serve(secured), 50);
    await gate.close();
    expect(printed).not.toHaveBeenCalled();
    expect(ours.requests().map(({ level, msg, count }) => [level, msg, count])).toEqual([
      ...times(20, () => ['info', 'request aborted', undefined]),
      ['info', 'request aborted, repeated', 30],
    ]);
  });

  it('1.10.8b: a client over its limit goes on, and pino-http writes every request', async () => {
    const theirs: string[] = [];
    const ours = book();
    const build = (secured: boolean): App => {
      const app = express();
      const log = (line: string): void => void theirs.push(line);
      if (!secured) handWire(app, express, { order: ['log', 'limiter'], log, limiter: { limit: 1 } });
      app.get('/', (_req, res) => void res.send('home'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, { ...ours.policy, rateLimit: { limit: 1, window: '1h' } });
    const flood = times(100, (): Sent => ({ target: '/' }));
    await ask(wired, ...flood);
    await vi.waitFor(() => expect(theirs).toHaveLength(100));
    await ask(secured, ...flood);
    await gate.close();
    expect(ours.requests().map(({ code, msg, count }) => [code, msg, count])).toEqual([
      [undefined, 'request', undefined],
      ...times(20, () => ['ERR_RATE_LIMIT', 'request refused', undefined]),
      ['ERR_RATE_LIMIT', 'request refused, repeated', 79],
    ]);
  });

  it('1.10.9: what node’s parser refuses is in no log', async () => {
    const theirs: string[] = [];
    const ours = book();
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) handWire(app, express, { order: ['log'], log: (line) => void theirs.push(line) });
      return app;
    };
    const { wired, gate } = pairOf(build, ours.policy);
    const served = await serve(wired);
    const listening = await gate.listen({ port: 0, host: '127.0.0.1' });
    open.push(served, gate);
    const smuggled = `${HEAD}Content-Length: 1\r\nContent-Length: 20\r\n\r\n`;
    const long = `GET / HTTP/1.1\r\nHost: shop.example\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`;
    const answers = async (port: number): Promise<number[]> =>
      Promise.all(['NONSENSE\r\n\r\n', smuggled, long].map(async (bytes) => statusOf(await say(port, bytes))));
    expect(await answers(served.port)).toEqual([400, 400, 431]);
    expect(await answers(listening.port)).toEqual([400, 400, 431]);
    expect(theirs).toEqual([]);
    expect(new Set(ours.requests().map(({ code }) => code))).toEqual(
      new Set(['HPE_INVALID_METHOD', 'HPE_UNEXPECTED_CONTENT_LENGTH', 'HPE_HEADER_OVERFLOW']),
    );
    expect(ours.requests()).toMatchObject(times(3, () => ({ ip: '127.0.0.1', unread: 'request' })));
  });

  it('4.3a: the sign-in that logs its body, password and all', async () => {
    const theirs: string[] = [];
    const ours = book();
    const login: Sent = {
      method: 'POST',
      target: '/signin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ann@shop.example', password: 'hunter2' }),
    };
    const stream = new Writable({
      write(chunk, _encoding, done) {
        theirs.push(String(chunk));
        done();
      },
    });
    const logger = winston.createLogger({
      level: 'silly',
      format: winston.format.combine(winston.format.splat(), winston.format.simple()),
      transports: [new winston.transports.Stream({ stream })],
    });
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) app.use(express.json());
      app.post('/signin', (req, res) => {
        if (secured) {
          const { log } = req as unknown as { log: AppLogger };
          log.info({ body: req.body as unknown }, 'Calling Sign-In endpoint');
          logOf(req).info(format('Calling Sign-In endpoint with body: %o', req.body));
        } else logger.debug('Calling Sign-In endpoint with body: %o', req.body);
        res.json({});
      });
      return app;
    };
    const { wired, secured } = pairOf(build, ours.policy);
    await one(wired, login);
    await vi.waitFor(() => expect(theirs.join('')).toContain('hunter2'));
    await one(secured, login);
    await vi.waitFor(() => expect(ours.requests()).toHaveLength(3));
    expect(JSON.stringify(ours.requests())).not.toContain('hunter2');
    expect(ours.requests()[0]).toMatchObject({ body: { email: 'ann@shop.example', password: '[redacted]' } });
  });
});
