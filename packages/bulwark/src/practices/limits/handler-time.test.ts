import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { closeServer, EXPRESS, type Listener, type Received, send } from '../../../test/support/http.ts';
import type { SecurityEvent } from '../../events.ts';
import { type Gate, type Policy, secure } from '../../index.ts';
import { errors } from '../errors/index.ts';
import { connect, statusOf, until } from './fixtures/raw-socket.ts';
import { flightBoard, type InFlight } from './in-flight.ts';
import { limits, serverOptions } from './index.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen(listener: unknown): Promise<{ port: number; url: string }> {
  const server = createServer(serverOptions(), listener as Listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

type Handle = (req: IncomingMessage, res: import('express').Response, next: (error?: unknown) => void) => unknown;

const HOST = { host: 'shop.example' };
const get = (url: string): Promise<Received> => send(url, { headers: HOST });

/** What a late handler may do: each would throw, or emit an error that nobody hears, had it been answered by hand. */
const LATE: readonly (readonly [string, (res: import('express').Response) => unknown])[] = [
  ['json', (res) => res.json({ late: true })],
  ['status and send', (res) => res.status(200).type('html').set('X-Late', '1').send('<p>late')],
  ['redirect', (res) => res.redirect('/elsewhere')],
  ['cookie', (res) => res.cookie('sid', '1').clearCookie('other').vary('Accept').location('/').end()],
  ['writeHead and end', (res) => res.writeHead(200, { 'X-Late': '1' }).end('late')],
  [
    'write and end',
    (res) => {
      res.write('a');
      return res.end('c', () => undefined);
    },
  ],
  ['setHeaders', (res) => res.setHeaders(new Headers({ 'X-Late': '1' }))],
  ['appendHeader', (res) => res.appendHeader('X-Late', '1')],
  ['removeHeader', (res) => res.removeHeader('Content-Type')],
  ['pipe', (res) => Readable.from(['a', 'b', 'c']).pipe(res)],
  ['pipeline', (res) => pipeline(Readable.from(['a', 'b', 'c']), res, () => undefined)],
];

describe.each(EXPRESS)('the time of a handler, on Express %s', (_version, express) => {
  /** A gate with routes, and what it said and answered. */
  async function gated(
    routes: Record<string, Handle | readonly unknown[]>,
    policy: Partial<Policy> = {},
  ): Promise<{ url: string; port: number; gate: Gate; events: SecurityEvent[] }> {
    const app = express();
    const gate = secure(app, {
      ...QUIET,
      limits: { handlerTimeout: 60 },
      errors: { onError: () => undefined },
      ...policy,
    });
    for (const [path, handler] of Object.entries(routes)) app.get(path, ...([handler].flat() as [Handle]));
    const events: SecurityEvent[] = [];
    gate.on('*', (event) => events.push(event));
    return { ...(await listen(app)), gate, events };
  }

  it('is over after handlerTimeout: 503, an event, and no more than that; without it the client waits', async () => {
    const { url, events } = await gated({ '/hangs': () => undefined, '/answers': (_req, res) => res.send('here') });
    const answer = await get(`${url}/hangs`);
    expect([answer.status, answer.json().code]).toEqual([503, 'ERR_HANDLER_TIMEOUT']);
    expect(answer.headers['content-security-policy']).toBeDefined();
    expect(events).toEqual([
      expect.objectContaining({
        event: 'sys_handler_timeout',
        practice: 'limits',
        code: 'ERR_HANDLER_TIMEOUT',
        path: '/hangs',
      }),
    ]);
    expect((await get(`${url}/answers`)).body).toBe('here');

    const app = express();
    app.get('/hangs', () => undefined);
    const bare = await listen(app);
    const waiting = connect(bare.port);
    waiting.socket.write('GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n');
    await get(`${url}/hangs`);
    expect(waiting.heard()).toBe('');
    waiting.socket.destroy();
  });

  it.each(LATE)('what the handler says later goes nowhere and throws nothing: %s', async (_name, say) => {
    const said: unknown[] = [];
    const late: Handle = (_req, res) => {
      res.once('finish', () => {
        try {
          say(res);
          said.push('done');
        } catch (error) {
          said.push(error);
        }
      });
    };
    const { url } = await gated({ '/': late });
    const answer = await get(url);
    expect([answer.status, answer.headers['x-late'], answer.json().code]).toEqual([
      503,
      undefined,
      'ERR_HANDLER_TIMEOUT',
    ]);
    await until(() => said.length === 1);
    expect(said).toEqual(['done']);
    // An error event of the response would come in the next turns.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect((await get(url)).status).toBe(503);
  });

  it('a late write does throw where a response was answered by hand (control)', async () => {
    const said: unknown[] = [];
    const app = express();
    app.get('/', (_req, res) => {
      res.once('finish', () => {
        try {
          res.json({ late: true });
        } catch (error) {
          said.push((error as NodeJS.ErrnoException).code);
        }
      });
      setTimeout(() => res.status(503).end('by hand'), 10);
    });
    const { url } = await listen(app);
    expect((await get(url)).body).toBe('by hand');
    await until(() => said.length === 1);
    expect(said).toEqual(['ERR_HTTP_HEADERS_SENT']);
  });

  it('an async handler that fails later, or calls next with an error, changes nothing', async () => {
    const ended: string[] = [];
    const after = (res: ServerResponse): Promise<void> => new Promise((resolve) => res.once('finish', () => resolve()));
    const { url } = await gated({
      '/rejects': async (_req, res) => {
        await after(res);
        ended.push('rejects');
        throw new Error('too late');
      },
      '/next': async (_req, res, next) => {
        await after(res);
        ended.push('next');
        next(new Error('too late'));
      },
      '/on': async (_req, res, next) => {
        await after(res);
        ended.push('on');
        next();
      },
    });
    for (const path of ['/rejects', '/next', '/on']) {
      expect((await get(url + path)).json().code).toBe('ERR_HANDLER_TIMEOUT');
    }
    await until(() => ended.length === 3);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect((await get(`${url}/next`)).status).toBe(503);
  });

  it('cuts no stream that has begun', async () => {
    const { url } = await gated({
      '/': (_req, res) => {
        res.write('a');
        setTimeout(() => res.end('z'), 300);
      },
    });
    const answer = await get(url);
    expect([answer.status, answer.body]).toEqual([200, 'az']);
  });

  it('is longer or shorter where a route says so, and the coverage shows it', async () => {
    const slow: Handle = (_req, res) => void setTimeout(() => res.send('in time'), 300);
    const { url, gate } = await gated(
      { '/slow': [limits.handlerTime('5s'), slow], '/quick': [limits.handlerTime(30), slow], '/plain': slow },
      { limits: { handlerTimeout: 150, socketTimeout: 200 } },
    );
    expect((await get(`${url}/slow`)).body).toBe('in time');
    expect((await get(`${url}/plain`)).status).toBe(503);
    expect((await get(`${url}/quick`)).status).toBe(503);
    const rows = Object.fromEntries(gate.coverage().map(({ path, practices }) => [path, practices.limits]));
    expect(rows).toEqual({
      '/slow': { state: 'enforced', reason: 'handler time 5s' },
      '/quick': { state: 'enforced', reason: 'handler time 30 ms' },
      '/plain': { state: 'enforced' },
    });
  });

  it('holds for a router that is hidden in a closure too, and not for routes that only pass it', async () => {
    const hidden = express.Router();
    hidden.get('/hidden', limits.handlerTime('5s'), (_req, res) => void setTimeout(() => res.send('in time'), 300));
    const passed = express.Router();
    passed.use(limits.handlerTime('5s'));
    passed.get('/inside', (_req, res) => void res.send('inside'));
    const app = express();
    secure(app, { ...QUIET, limits: { handlerTimeout: 100 } });
    app.use((req, res, next) => hidden(req, res, next));
    app.use(passed);
    app.get('/outside', () => undefined);
    const { url } = await listen(app);
    expect((await get(`${url}/hidden`)).body).toBe('in time');
    expect((await get(`${url}/outside`)).status).toBe(503);
  });

  it('begins no route for a client that was answered while middleware of the app took its time', async () => {
    const began: string[] = [];
    const app = express();
    const gate = secure(app, { ...QUIET, limits: { handlerTimeout: 50 } });
    app.use((_req, res, next) => {
      res.once('finish', () => {
        next();
        began.push('went on');
      });
    });
    app.get('/', () => began.push('route'));
    const { url } = await listen(app);
    expect((await get(url)).status).toBe(503);
    await until(() => began.length > 0);
    expect(began).toEqual(['went on']);
    await gate.close();
  });

  it('ends a request whose body is still coming, and nothing of the app runs for it', async () => {
    const ran: string[] = [];
    const app = express();
    const gate = secure(app, { ...QUIET, limits: { handlerTimeout: 50 } });
    const events: string[] = [];
    gate.on('*', ({ event }) => events.push(event));
    app.post('/', () => ran.push('route'));
    const { port } = await listen(app);
    const sender = connect(port);
    sender.socket.write(
      'POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    const heard = await sender.closed;
    expect(statusOf(heard)).toBe(503);
    expect(heard).toMatch(/connection: close/i);
    await until(() => events.length > 0);
    expect([ran, events.filter((event) => event.startsWith('sys_h') || event.startsWith('input'))]).toEqual([
      [],
      ['sys_handler_timeout'],
    ]);
  });

  it('is only told of in monitor mode, and not looked at where limits is off', async () => {
    const slow: Handle = (_req, res) => void setTimeout(() => res.send('late'), 200);
    for (const policy of [{ monitor: ['limits'] }, { limits: false }] satisfies Partial<Policy>[]) {
      const { url, events } = await gated({ '/': [limits.handlerTime(40), slow] }, policy);
      expect((await get(url)).body).toBe('late');
      const told = events.filter(({ event }) => event === 'sys_handler_timeout').map(({ monitored }) => monitored);
      expect(told).toEqual('monitor' in policy ? [true] : []);
    }
  });

  it('is held by the middleware alone', async () => {
    const app = express();
    app.use(limits({ handlerTimeout: 60 }));
    app.get('/', (_req, res) => {
      res.once('finish', () => void res.json({ late: true }));
    });
    app.get('/slow', limits.handlerTime('5s'), (_req, res) => void setTimeout(() => res.send('in time'), 200));
    app.use(errors() as import('express').ErrorRequestHandler);
    const { url } = await listen(app);
    expect((await get(url)).json().code).toBe('ERR_HANDLER_TIMEOUT');
    expect((await get(`${url}/slow`)).body).toBe('in time');
    expect((await get(url)).status).toBe(503);
  });
});

describe.each(EXPRESS)('a response that others have wrapped, on Express %s', (_version, express) => {
  it('is answered through what a session has put around its end', async () => {
    const app = express();
    secure(app, { ...QUIET, limits: { handlerTimeout: 50 } });
    app.use((_req, res, next) => {
      const { end } = res;
      // As express-session does it: the end waits until the session is stored, and the head is not sent before.
      res.end = function wrapped(this: ServerResponse, ...args: unknown[]) {
        setTimeout(() => {
          res.setHeader('X-Stored', '1');
          (end as (...all: unknown[]) => void).apply(res, args);
        }, 20);
        return this;
      } as typeof res.end;
      next();
    });
    app.get('/', () => undefined);
    const { url } = await listen(app);
    const answer = await get(url);
    expect([answer.status, answer.headers['x-stored'], answer.json().code]).toEqual([503, '1', 'ERR_HANDLER_TIMEOUT']);
  });
});

it('bare node:http is answered too: the callback hears of it', async () => {
  const practice = limits({ handlerTimeout: 50 });
  const { url } = await listen((req: IncomingMessage, res: ServerResponse) => {
    practice(req, res, (error) => {
      if (error === undefined) return;
      res.statusCode = (error as { status: number }).status;
      res.end((error as { code: string }).code);
    });
  });
  const answer = await get(url);
  expect([answer.status, answer.body]).toEqual([503, 'ERR_HANDLER_TIMEOUT']);
});

it('a callback that throws at its late call costs its own client the answer, and nobody else', async () => {
  const practice = limits({ handlerTimeout: 50 });
  const { url } = await listen((req: IncomingMessage, res: ServerResponse) => {
    practice(req, res, (error) => {
      if (error !== undefined) throw new Error('not ready for a second call');
      if (req.url === '/answers') res.end('here');
    });
  });
  await expect(get(url)).rejects.toThrow(/hang up|ECONNRESET/);
  expect((await get(`${url}/answers`)).body).toBe('here');
});

describe('the board of requests in flight', () => {
  const made = (queued: boolean): { entry: InFlight; socket: EventEmitter; board: ReturnType<typeof flightBoard> } => {
    const board = flightBoard(60_000, () => undefined);
    const socket = new EventEmitter();
    const res = Object.assign(new EventEmitter(), { socket: queued ? null : socket });
    const entry = { req: { socket }, res, client: '192.0.2.1', began: 0, deadline: 1, timedOut: false, board };
    return { entry: entry as unknown as InFlight, socket, board };
  };

  it('forgets a pipelined response whose turn never came: node 22 does not close it', () => {
    const { entry, socket, board } = made(true);
    board.enter(entry);
    expect(board.size()).toEqual({ requests: 1, clients: 1 });
    socket.emit('close');
    expect(board.size()).toEqual({ requests: 0, clients: 0 });
    entry.res.emit('close');
    expect([board.size(), board.count('192.0.2.1')]).toEqual([{ requests: 0, clients: 0 }, 0]);
  });

  it('puts one listener on a connection, however many wait on it', () => {
    const { entry, socket, board } = made(true);
    for (let i = 0; i < 50; i++) {
      board.enter({ ...entry, res: Object.assign(new EventEmitter(), { socket: null }) as unknown as ServerResponse });
    }
    expect(socket.listenerCount('close')).toBe(1);
    socket.emit('close');
    expect(board.size()).toEqual({ requests: 0, clients: 0 });
  });

  it('counts no response twice', () => {
    const { entry, board } = made(false);
    board.enter(entry);
    entry.res.emit('close');
    entry.res.emit('close');
    expect(board.count('192.0.2.1')).toBe(0);
  });
});
