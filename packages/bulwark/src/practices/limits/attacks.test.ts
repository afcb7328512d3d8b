import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServer, EXPRESS, type Express, type Listener } from '../../../test/support/http.ts';
import { connect, type RawSocket, say, statusOf, until } from './fixtures/raw-socket.ts';
import { applyToServer, type LimitsOptions, limits, serverOptions } from './index.ts';

const open: Server[] = [];
const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** An app that says what it saw; `guarded` behind the practice. */
function appOf(express: Express, guarded: boolean, options: LimitsOptions = {}): Listener {
  const app = express();
  if (guarded) app.use(limits(options));
  app.use(express.json());
  app.all('/', (req, res) => {
    res.json({ host: req.headers.host, last: req.headers['x-last'] ?? null });
  });
  return app as Listener;
}

const guardedServer = (express: Express, options: LimitsOptions): Server =>
  applyToServer(createServer(serverOptions(options), appOf(express, true, options)), options);

function openMany(port: number, count: number, message: string): RawSocket[] {
  const many = Array.from({ length: count }, () => connect(port));
  for (const { socket } of many) socket.write(message);
  sockets.push(...many);
  return many;
}

const QUICK: LimitsOptions = { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 };

describe.each(EXPRESS)('slow clients, on Express %s', (_, express) => {
  it.each([
    ['headers that never end (slowloris)', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: '],
    [
      'a body that never ends',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{',
    ],
  ])('cuts 50 connections off: %s; node alone keeps them', async (_name, message) => {
    const guarded = await listen(guardedServer(express, QUICK));
    const alone = await listen(createServer(appOf(express, false)));
    const held = openMany(alone, 50, message);
    const cut = openMany(guarded, 50, message);
    // A byte now and then is what makes the attack: no time-out of silence would end it.
    const drip = setInterval(() => {
      for (const { socket } of [...held, ...cut]) if (socket.writable) socket.write('a');
    }, 40);
    try {
      const answers = await Promise.all(cut.map(({ closed }) => closed));
      expect(answers.map(statusOf)).toEqual(answers.map(() => 408));
      expect(held.filter(({ socket }) => socket.destroyed || socket.readableEnded)).toEqual([]);
      expect(held.map(({ heard }) => heard())).toEqual(held.map(() => ''));
    } finally {
      clearInterval(drip);
    }
  });

  it('closes a connection that falls silent; node alone waits', async () => {
    const guarded = await listen(guardedServer(express, { socketTimeout: 150 }));
    const alone = await listen(createServer(appOf(express, false)));
    const [held] = openMany(alone, 1, 'GET / HTTP/1.1\r\n');
    const [cut] = openMany(guarded, 1, 'GET / HTTP/1.1\r\n');
    expect(await cut?.closed).toBe('');
    expect(held?.socket.destroyed).toBe(false);
  });
});

describe.each(EXPRESS)('many, on Express %s', (_, express) => {
  it('takes no more connections than maxConnections', async () => {
    const server = guardedServer(express, { maxConnections: 5 });
    const port = await listen(server);
    const dropped: unknown[] = [];
    server.on('drop', (data) => dropped.push(data));
    const many = openMany(port, 8, '');
    await until(() => dropped.length === 3);
    await until(() => many.filter(({ socket }) => socket.destroyed).length === 3);
    expect(many.filter(({ socket }) => !socket.destroyed)).toHaveLength(5);

    const alone = createServer(appOf(express, false));
    const accepted: unknown[] = [];
    alone.on('connection', (socket) => accepted.push(socket));
    openMany(await listen(alone), 8, '');
    await until(() => accepted.length === 8);
  });

  it('closes a connection after maxRequestsPerSocket requests; node alone never', async () => {
    const ask = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const answers = (connection: RawSocket | undefined): number =>
      connection?.heard().match(/HTTP\/1\.1 200/g)?.length ?? 0;
    const [limited] = openMany(await listen(guardedServer(express, { maxRequestsPerSocket: 2 })), 1, ask);
    const [alone] = openMany(await listen(createServer(appOf(express, false))), 1, ask);
    for (const connection of [limited, alone]) {
      await until(() => answers(connection) === 1);
      expect(connection?.heard()).not.toContain('Connection: close');
      connection?.socket.write(ask);
      await until(() => answers(connection) === 2);
    }
    expect(limited?.heard()).toContain('Connection: close');
    expect(alone?.heard()).not.toContain('Connection: close');
  });

  it('refuses too many headers with 431; node alone takes them', async () => {
    const message = (count: number): string =>
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X-A: 1\r\n'.repeat(count - 3)}X-Last: here\r\n\r\n`;
    const control = await say(await listen(createServer(appOf(express, false))), message(150));
    expect(statusOf(control)).toBe(200);
    expect(control).toContain('"last":"here"');

    const port = await listen(guardedServer(express, {}));
    expect(statusOf(await say(port, message(150)))).toBe(431);
    expect(statusOf(await say(port, message(101)))).toBe(431);
    const most = await say(port, message(100));
    expect(statusOf(most)).toBe(200);
    expect(most).toContain('"last":"here"');
  });

  it('refuses headers over maxHeaderSize', async () => {
    const message = `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: ${'a'.repeat(9000)}\r\n\r\n`;
    const port = await listen(guardedServer(express, { maxHeaderSize: '8kb' }));
    expect(statusOf(await say(port, message))).toBe(431);
    expect(statusOf(await say(await listen(createServer(appOf(express, false))), message))).toBe(200);

    // A server that was made elsewhere is told too: node reads this setting for each connection.
    const told = applyToServer(createServer(appOf(express, false)), { maxHeaderSize: '8kb' });
    expect(statusOf(await say(await listen(told), message))).toBe(431);
  });
});

const post = (headers: string, body = '0\r\n\r\n', version = '1.1'): string =>
  `POST / HTTP/${version}\r\n${headers}\r\n${body}`;

/** What node lets through: name, message, code. */
const LET_THROUGH: readonly (readonly [string, string, string])[] = [
  ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 'ERR_HOST_INVALID'],
  [
    'identity, chunked',
    post('Host: a\r\nTransfer-Encoding: identity, chunked\r\nConnection: close\r\n'),
    'ERR_REQUEST_SMUGGLING',
  ],
  [
    'gzip, chunked',
    post('Host: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n'),
    'ERR_REQUEST_SMUGGLING',
  ],
  ['identity', post('Host: a\r\nTransfer-Encoding: identity\r\nConnection: close\r\n', ''), 'ERR_REQUEST_SMUGGLING'],
  ['an empty coding', post('Host: a\r\nTransfer-Encoding: ,chunked\r\nConnection: close\r\n'), 'ERR_REQUEST_SMUGGLING'],
  [
    'two Transfer-Encoding headers',
    post('Host: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n'),
    'ERR_REQUEST_SMUGGLING',
  ],
  [
    'Transfer-Encoding in HTTP/1.0',
    post('Host: a\r\nTransfer-Encoding: chunked\r\n', undefined, '1.0'),
    'ERR_REQUEST_SMUGGLING',
  ],
  [
    'Transfer_Encoding',
    post('Host: a\r\nTransfer_Encoding: chunked\r\nConnection: close\r\n'),
    'ERR_REQUEST_SMUGGLING',
  ],
  [
    'Content_Length',
    'GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nConnection: close\r\n\r\n',
    'ERR_REQUEST_SMUGGLING',
  ],
];

const FINE: readonly (readonly [string, string])[] = [
  ['chunked', post('Host: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n')],
  ['chunked in capitals, with blanks', post('Host: a\r\nTransfer-Encoding: \t CHUNKED  \r\nConnection: close\r\n')],
  ['a length', post('Host: a\r\nContent-Length: 2\r\nConnection: close\r\n', '{}')],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
];

describe.each(EXPRESS)('framing, on Express %s', (_, express) => {
  /** An app whose error handler shows the code. */
  async function guardedPort(): Promise<number> {
    const app = express();
    app.use(limits());
    app.all('/', (_req, res) => {
      res.send('handled');
    });
    app.use(((error: { code: string; status: number }, _req, res, _next) => {
      res.status(error.status).send(error.code);
    }) as import('express').ErrorRequestHandler);
    return listen(createServer(serverOptions(), app as Listener));
  }

  it.each(LET_THROUGH)('refuses what node lets through: %s', async (_name, message, code) => {
    const control = await say(await listen(createServer(appOf(express, false))), message);
    expect(statusOf(control)).toBe(200);

    const heard = await say(await guardedPort(), message.replace('Connection: close\r\n', ''));
    expect(statusOf(heard)).toBe(400);
    expect(heard).toContain(code);
    expect(heard).not.toContain('handled');
    // It closed by itself: `say` ends only then, and the message asked for nothing.
    expect(heard).toMatch(/connection: close/i);
  });

  it('reads nothing that follows an ambiguous message', async () => {
    const smuggled = 'GET /?smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const message = post('Host: a\r\nTransfer-Encoding: identity, chunked\r\n') + smuggled;
    const heard = await say(await guardedPort(), message);
    expect(heard.match(/HTTP\/1\.1 \d/g)).toEqual(['HTTP/1.1 4']);
  });

  it.each(FINE)('lets pass: %s', async (_name, message) => {
    expect(statusOf(await say(await guardedPort(), message))).toBe(200);
  });

  it('refuses Content-Length beside Transfer-Encoding where the parser was made lenient', async () => {
    const message = post('Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n');
    const app = express();
    app.use(limits());
    app.all('/', (_req, res) => {
      res.send('handled');
    });
    const port = await listen(createServer({ insecureHTTPParser: true }, app as Listener));
    const heard = await say(port, message);
    expect(statusOf(heard)).toBe(400);

    const control = await listen(createServer({ insecureHTTPParser: true }, appOf(express, false)));
    expect(statusOf(await say(control, message.replace('Host', 'Connection: close\r\nHost')))).toBe(200);
  });
});
