import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { limits } from '../../src/index.ts';
import { connect, type RawSocket, statusOf, until } from '../../src/practices/limits/fixtures/raw-socket.ts';
import { HOST } from '../support/ask.ts';
import { EXPRESS, send, serve } from '../support/http.ts';
import { type App, handWire, pairOf, times } from './support/hand-wired.ts';

const open: { close(): Promise<unknown> }[] = [];
const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((served) => served.close()));
});

const QUICK = { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 };

describe.each(EXPRESS)('time and connections on Express %s', (_version, express) => {
  const build = (): App => {
    const app = express();
    handWire(app, express);
    app.post('/login', (_req, res) => void res.send('welcome'));
    return app;
  };
  const hold = (port: number, count: number, message: string): RawSocket[] => {
    const held = times(count, () => connect(port));
    for (const { socket } of held) if (message !== '') socket.write(message);
    sockets.push(...held);
    return held;
  };

  /** Twenty clients that never finish: how many node alone still waits for once the gate's server has answered all. */
  const flood = async (message: string): Promise<{ waitedFor: number; answers: number[] }> => {
    const { wired, gate } = pairOf(build, { limits: QUICK });
    const alone = await serve(wired);
    const listening = await gate.listen({ port: 0, host: '127.0.0.1' });
    open.push(alone, listening);
    const held = hold(alone.port, 20, message);
    const cut = hold(listening.port, 20, message);
    // A byte now and then: no time-out of silence would end it.
    const drip = setInterval(() => {
      for (const { socket } of [...held, ...cut]) if (socket.writable) socket.write('a');
    }, 40);
    try {
      const answers = await Promise.all(cut.map(({ closed }) => closed));
      const waitedFor = held.filter(({ socket }) => !socket.destroyed && !socket.readableEnded).length;
      return { waitedFor, answers: answers.map(statusOf) };
    } finally {
      clearInterval(drip);
    }
  };

  it('1.15f: headers that never end (slowloris)', async () => {
    const { waitedFor, answers } = await flood('POST /login HTTP/1.1\r\nHost: shop.example\r\nX-A: ');
    expect(waitedFor).toBe(20);
    expect(answers).toEqual(times(20, () => 408));
  });

  it('1.15g: a body that never ends', async () => {
    const type = 'Content-Type: application/json\r\nContent-Length: 9000';
    const { waitedFor, answers } = await flood(`POST /login HTTP/1.1\r\nHost: shop.example\r\n${type}\r\n\r\n{`);
    expect(waitedFor).toBe(20);
    expect(answers).toEqual(times(20, () => 408));
  });

  it('1.15h: node waits 300 s for a request, for ever for a silent client, and takes every connection', async () => {
    const { wired, gate } = pairOf(build, { limits: { maxConnections: 5 } });
    const alone = createServer(wired);
    expect([alone.requestTimeout, alone.timeout, alone.maxConnections ?? 0]).toEqual([300_000, 0, 0]);
    const listening = await gate.listen({ port: 0, host: '127.0.0.1' });
    open.push(listening);
    const { server } = listening;
    expect([server.requestTimeout, server.timeout, server.maxConnections]).toEqual([30_000, 120_000, 5]);
    const many = hold(listening.port, 8, '');
    await until(() => many.filter(({ socket }) => socket.destroyed).length === 3);
    expect(many.filter(({ socket }) => !socket.destroyed)).toHaveLength(5);
  });

  it('1.15k: one client takes every connection', async () => {
    const { wired, gate } = pairOf(build, { limits: { maxConnectionsPerClient: 5 } });
    const alone = await serve(wired);
    const listening = await gate.listen({ port: 0, host: '127.0.0.1' });
    open.push(alone, listening);
    let taken = 0;
    alone.server.on('connection', () => taken++);
    const held = hold(alone.port, 40, '');
    await until(() => taken === 40);
    const many = hold(listening.port, 40, '');
    await until(() => many.filter(({ socket }) => socket.destroyed).length === 35);
    const other = await send(listening.url, { headers: HOST, from: '127.0.0.2' });
    expect([other.status, many.filter(({ socket }) => !socket.destroyed).length]).toEqual([404, 5]);
    expect(held.filter(({ socket }) => socket.destroyed)).toEqual([]);
  });

  it('1.15l: a target that names another host than Host', async () => {
    const { wired, secured } = pairOf(() => {
      const app = build();
      app.get('/', (req, res) => void res.send(`for ${req.hostname}, at ${req.originalUrl}`));
      return app;
    });
    const target = 'http://evil.example/';
    const [alone, inGate] = await Promise.all([serve(wired), serve(secured)]);
    open.push(alone, inGate);
    const fooled = await send(alone.url, { headers: HOST, target });
    expect([fooled.status, fooled.body]).toEqual([200, 'for shop.example, at http://evil.example/']);
    const refused = await send(inGate.url, { headers: HOST, target });
    expect([refused.status, refused.json().code]).toEqual([400, 'ERR_HOST_INVALID']);
  });

  it('1.15m: a handler that never answers', async () => {
    const waiting = (): App => {
      const app = build();
      app.get('/hangs', () => undefined);
      return app;
    };
    const { wired, secured } = pairOf(waiting, { limits: { handlerTimeout: 60 } });
    const [alone, inGate] = await Promise.all([serve(wired), serve(secured)]);
    open.push(alone, inGate);
    const [held] = hold(alone.port, 1, 'GET /hangs HTTP/1.1\r\nHost: shop.example\r\n\r\n');
    const answer = await send(`${inGate.url}/hangs`, { headers: HOST });
    expect([answer.status, answer.json().code]).toEqual([503, 'ERR_HANDLER_TIMEOUT']);
    expect([held?.socket.destroyed, held?.heard()]).toEqual([false, '']);
  });

  it('1.15n: a client that lets hundreds of requests be worked on at once', async () => {
    const answers: (() => void)[] = [];
    const slow = (): App => {
      const app = build();
      app.get('/slow', (_req, res) => void answers.push(() => res.send('done')));
      return app;
    };
    const { wired, secured } = pairOf(slow, { limits: { maxRequestsPerClient: 10 } });
    const count = async (app: App): Promise<number[]> => {
      const served = await serve(app);
      open.push(served);
      answers.length = 0;
      let over = 0;
      const all = times(40, async () => {
        const { status } = await send(`${served.url}/slow`, { headers: HOST });
        over += status === 200 ? 0 : 1;
        return status;
      });
      await until(() => answers.length + over === 40);
      for (const answer of answers) answer();
      return Promise.all(all);
    };
    expect(statusCounts(await count(wired))).toEqual({ 200: 40 });
    expect(statusCounts(await count(secured))).toEqual({ 200: 10, 429: 30 });
  });

  it('1.15o: a route that burns the processor, called without a pause', async () => {
    const burning = (): App => {
      const app = build();
      app.get('/burn', (_req, res) => {
        const end = performance.now() + 60;
        while (performance.now() < end);
        res.send('burnt');
      });
      app.get('/healthz', limits.priority('essential', { reason: 'the load balancer asks' }), (_req, res) => {
        res.send('alive');
      });
      return app;
    };
    const pressure = { maxEventLoopDelay: 20, interval: 10 };
    const { wired, secured } = pairOf(burning, { limits: { pressure } });
    const [alone, inGate] = await Promise.all([serve(wired), serve(secured)]);
    open.push(alone, inGate);
    const burn = async (url: string): Promise<number[]> => {
      const answers = await Promise.all(times(5, () => send(`${url}/burn`, { headers: HOST })));
      return answers.map(({ status }) => status);
    };
    const burnt = (await Promise.all(times(3, () => burn(alone.url)))).flat();
    expect(statusCounts(burnt)).toEqual({ 200: 15 });
    while (!(await burn(inGate.url)).includes(503));
    expect((await send(`${inGate.url}/healthz`, { headers: HOST })).body).toBe('alive');
  });

  it('1.15p: bodies that break off, one after the other', async () => {
    const lines: string[] = [];
    const taking = (): App => {
      const app = express();
      app.set('env', 'production');
      app.use(express.json());
      app.post('/login', (_req, res) => void res.send('welcome'));
      return app;
    };
    const stderr = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(inspect(line)));
    try {
      const logged: string[] = [];
      const logging = { stream: { write: (line: string) => void logged.push(line) } };
      const { wired, secured } = pairOf(taking, { logging });
      const [alone, inGate] = await Promise.all([serve(wired), serve(secured)]);
      open.push(alone, inGate);
      const breakOff = async ({ port, server }: typeof alone): Promise<void> => {
        const begun = new Promise<void>((resolve) => server.once('request', () => resolve()));
        const [sender] = hold(
          port,
          1,
          'POST /login HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
        );
        await begun;
        sender?.socket.destroy();
      };
      for (let i = 0; i < 10; i++) await breakOff(alone);
      await until(() => lines.length === 10);
      expect(lines.filter((line) => !/\bat .*onAborted/.test(line))).toEqual([]);

      for (let i = 0; i < 10; i++) await breakOff(inGate);
      const requests = (): string[] => logged.filter((line) => line.includes('request aborted'));
      await until(() => requests().length === 10);
      expect(lines).toHaveLength(10);
      expect(logged.filter((line) => line.includes('    at '))).toEqual([]);
      // One line for each request, and at most one a second for the event that they all are.
      expect(logged.length).toBeLessThan(15);
    } finally {
      stderr.mockRestore();
    }
  });
});

function statusCounts(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
