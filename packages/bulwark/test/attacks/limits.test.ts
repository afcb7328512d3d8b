import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type RawSocket, statusOf, until } from '../../src/practices/limits/fixtures/raw-socket.ts';
import { EXPRESS, serve } from '../support/http.ts';
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
});
