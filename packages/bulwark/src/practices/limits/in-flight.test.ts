import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { closeServer, EXPRESS, type Express, type Listener, type Received, send } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import type { SecurityEvent } from '../../events.ts';
import { type Gate, type Policy, secure } from '../../index.ts';
import { errors } from '../errors/index.ts';
import { connect, type RawSocket, statusOf, until } from './fixtures/raw-socket.ts';
import type { FlightBoard, InFlight } from './in-flight.ts';
import { limits } from './index.ts';

const open: Server[] = [];
const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen(listener: unknown): Promise<{ port: number; url: string }> {
  const server = createServer(listener as Listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

/** An app whose answers wait until they are let go, and what is on its board. */
class Waiting {
  readonly entered: IncomingMessage[] = [];
  readonly #held: (() => void)[] = [];
  #board: FlightBoard | undefined;

  readonly hold = (req: IncomingMessage, res: ServerResponse): void => {
    const entry: InFlight | undefined = contextOf(req).inFlight;
    this.#board = entry?.board ?? this.#board;
    this.entered.push(req);
    this.#held.push(() => void res.end('done'));
  };
  letGo(): void {
    for (const answer of this.#held.splice(0)) answer();
  }
  size(): { requests: number; clients: number } {
    return this.#board?.size() ?? { requests: -1, clients: -1 };
  }
}

const NOBODY = { requests: 0, clients: 0 };
const OPTIONS = { maxRequestsPerClient: 3 };
const HOST = { host: 'shop.example' };

function inGate(express: Express, waiting: Waiting, policy: Partial<Policy> = {}): { app: unknown; gate: Gate } {
  const app = express();
  const gate = secure(app, { ...QUIET, limits: OPTIONS, ...policy });
  app.get('/', waiting.hold);
  app.get('/at-once', (_req, res) => void res.send('at once'));
  return { app, gate };
}

function alone(express: Express, waiting: Waiting): unknown {
  const app = express();
  app.use(limits(OPTIONS));
  app.get('/', waiting.hold);
  app.get('/at-once', (_req, res) => void res.send('at once'));
  app.use(errors() as import('express').ErrorRequestHandler);
  return app;
}

const APPS = [
  ['in a gate', (express: Express, waiting: Waiting) => inGate(express, waiting).app],
  ['alone', alone],
] as const;

describe.each(EXPRESS)('requests of one client in flight, on Express %s', (_version, express) => {
  describe.each(APPS)('%s', (_name, make) => {
    it('are refused with 429 over maxRequestsPerClient, while another client is served; without it all wait', async () => {
      const waiting = new Waiting();
      const { url } = await listen(make(express, waiting));
      const ask = (from: string, path = '/'): Promise<Received> => send(`${url}${path}`, { from, headers: HOST });
      const held = Array.from({ length: 3 }, () => ask('127.0.0.2'));
      await until(() => waiting.entered.length === 3);

      const refused = await ask('127.0.0.2', '/at-once');
      expect([refused.status, refused.json().code]).toEqual([429, 'ERR_TOO_MANY_IN_FLIGHT']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect((await ask('127.0.0.3', '/at-once')).body).toBe('at once');

      waiting.letGo();
      expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect((await ask('127.0.0.2', '/at-once')).body).toBe('at once');

      const control = new Waiting();
      const app = express();
      app.get('/', control.hold);
      const bare = await listen(app);
      const taken = Array.from({ length: 20 }, () => send(bare.url, { from: '127.0.0.2', headers: HOST }));
      await until(() => control.entered.length === 20);
      control.letGo();
      await Promise.all(taken);
    });

    it('are forgotten when they are answered, when the client goes, and when it goes amid a pipeline', async () => {
      const waiting = new Waiting();
      const { url, port } = await listen(make(express, waiting));
      for (let round = 0; round < 5; round++) {
        const answered = Array.from({ length: 3 }, () => send(url, { from: '127.0.0.2', headers: HOST }));
        await until(() => waiting.entered.length === 3);
        expect(waiting.size()).toEqual({ requests: 3, clients: 1 });
        waiting.letGo();
        expect((await Promise.all(answered)).map(({ status }) => status)).toEqual([200, 200, 200]);
        await until(() => waiting.size().requests === 0);
        waiting.entered.length = 0;

        // Three requests on one connection: node waits with the second answer until the first is sent.
        const pipeline = connect(port, '127.0.0.2');
        sockets.push(pipeline);
        pipeline.socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(3));
        await until(() => waiting.entered.length === 3);
        expect(waiting.size()).toEqual({ requests: 3, clients: 1 });
        pipeline.socket.destroy();
        await until(() => waiting.size().requests === 0);
        expect(waiting.size()).toEqual(NOBODY);
        waiting.letGo();
        waiting.entered.length = 0;
      }
    });
  });

  it('go unread where they are refused: the connection ends with the answer', async () => {
    const waiting = new Waiting();
    const { url, port } = await listen(inGate(express, waiting).app);
    const held = Array.from({ length: 3 }, () => send(url, { from: '127.0.0.2', headers: HOST }));
    await until(() => waiting.entered.length === 3);
    const sender = connect(port, '127.0.0.2');
    sockets.push(sender);
    sender.socket.write('POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1000000\r\n\r\n{');
    const heard = await sender.closed;
    expect(statusOf(heard)).toBe(429);
    expect(heard).toMatch(/connection: close/i);
    waiting.letGo();
    await Promise.all(held);
  });

  it('are told of at most once a second, with their number', async () => {
    const waiting = new Waiting();
    const { app, gate } = inGate(express, waiting);
    const events: SecurityEvent[] = [];
    gate.on('excess_requests_in_flight', (event) => events.push(event));
    const { url } = await listen(app);
    const held = Array.from({ length: 3 }, () => send(url, { from: '127.0.0.2', headers: HOST }));
    await until(() => waiting.entered.length === 3);
    const refused = await Promise.all(
      Array.from({ length: 20 }, () => send(url, { from: '127.0.0.2', headers: HOST })),
    );
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 429));
    await gate.close();
    expect(events[0]).toMatchObject({ practice: 'limits', code: 'ERR_TOO_MANY_IN_FLIGHT', sourceIp: '127.0.0.2' });
    expect(events.reduce((sum, { details }) => sum + Number(details?.count), 0)).toBe(20);
    expect(events.length).toBeLessThan(20);
    waiting.letGo();
    await Promise.all(held);
  });

  it('are only told of in monitor mode, and not looked at where limits is off', async () => {
    for (const policy of [{ monitor: ['limits'] }, { limits: false }] satisfies Partial<Policy>[]) {
      const waiting = new Waiting();
      const { app, gate } = inGate(express, waiting, policy);
      const events: SecurityEvent[] = [];
      gate.on('excess_requests_in_flight', (event) => events.push(event));
      const { url } = await listen(app);
      const held = Array.from({ length: 6 }, () => send(url, { from: '127.0.0.2', headers: HOST }));
      await until(() => waiting.entered.length === 6);
      waiting.letGo();
      expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 200));
      await gate.close();
      const told = events.reduce((sum, { details }) => sum + Number(details?.count), 0);
      expect(told).toBe('monitor' in policy ? 3 : 0);
      expect(events.every(({ monitored }) => monitored === true)).toBe(true);
    }
  });

  it('are those of the client that a declared proxy names', async () => {
    const waiting = new Waiting();
    const { app } = inGate(express, waiting, { proxy: 'nginx' });
    const { url } = await listen(app);
    const ask = (client: string, path = '/'): Promise<Received> =>
      send(`${url}${path}`, { headers: { ...HOST, 'x-forwarded-for': client, 'x-forwarded-proto': 'https' } });
    const held = Array.from({ length: 3 }, () => ask('203.0.113.1'));
    await until(() => waiting.entered.length === 3);
    expect((await ask('203.0.113.1', '/at-once')).status).toBe(429);
    expect((await ask('203.0.113.2', '/at-once')).status).toBe(200);
    waiting.letGo();
    await Promise.all(held);
  });
});
