import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { QUIET } from '../../../test/support/ask.ts';
import { closeServer, EXPRESS, type Listener, send } from '../../../test/support/http.ts';
import { ALONE } from '../../context.ts';
import type { EventInput } from '../../events.ts';
import { secure } from '../../secure.ts';
import { connectionsPerClient, guardConnections } from './connections.ts';
import { connect, type RawSocket, until } from './fixtures/raw-socket.ts';
import { applyToServer, type LimitsOptions, limits, serverOptions } from './index.ts';
import { resolveLimits } from './options.ts';

const open: Server[] = [];
const sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map(closeServer));
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function openMany(port: number, count: number, from: string): RawSocket[] {
  const many = Array.from({ length: count }, () => connect(port, from));
  sockets.push(...many);
  return many;
}

const isClosed = ({ socket }: RawSocket): boolean => socket.destroyed;
const closedOf = (many: readonly RawSocket[]): number => many.filter(isClosed).length;
/** Waits until the server has seen so many connections. */
async function accepted(server: Server, port: number, count: number, from: string): Promise<RawSocket[]> {
  let seen = 0;
  const see = (): void => void seen++;
  server.on('connection', see);
  const many = openMany(port, count, from);
  await until(() => seen === count);
  server.off('connection', see);
  return many;
}

const guardOf = (server: Server): { readonly open: ReadonlyMap<string, number> } =>
  guardConnections(server, resolveLimits(OPTIONS), () => undefined) as { readonly open: ReadonlyMap<string, number> };

const OPTIONS: LimitsOptions = { maxConnectionsPerClient: 5 };

describe.each(EXPRESS)('connections of one client, on Express %s', (_, express) => {
  function guarded(events: EventInput[] = []): Server {
    const app = express();
    app.use(limits(OPTIONS));
    app.get('/', (_req, res) => void res.send('served'));
    const services = { ...ALONE, emit: (event: EventInput) => void events.push(event) };
    return applyToServer(createServer(serverOptions(OPTIONS), app as Listener), OPTIONS, services);
  }

  it('are closed over maxConnectionsPerClient while another client is served; node alone keeps them', async () => {
    const events: EventInput[] = [];
    const server = guarded(events);
    const port = await listen(server);
    const many = await accepted(server, port, 40, '127.0.0.2');
    await until(() => closedOf(many) === 35);
    expect((await send(`http://127.0.0.1:${port}`, { from: '127.0.0.3' })).body).toBe('served');
    expect(closedOf(many)).toBe(35);

    const told = events.filter(({ event }) => event === 'excess_connections');
    expect(told[0]).toMatchObject({ level: 'WARN', practice: 'limits', sourceIp: '127.0.0.2', details: { count: 1 } });
    expect(told.length).toBeLessThan(35);

    const alone = createServer((_req, res) => void res.end('served'));
    const aloneAt = await listen(alone);
    const kept = await accepted(alone, aloneAt, 40, '127.0.0.2');
    expect((await send(`http://127.0.0.1:${aloneAt}`, { from: '127.0.0.3' })).body).toBe('served');
    expect(closedOf(kept)).toBe(0);
  });

  it('are counted while they are open, and no longer', async () => {
    const server = guarded();
    const port = await listen(server);
    const clients = guardOf(server).open;
    for (let round = 0; round < 10; round++) {
      const many = await accepted(server, port, 5, '127.0.0.2');
      expect([...clients]).toEqual([['127.0.0.2', 5]]);
      expect(closedOf(many)).toBe(0);
      for (const { socket } of many) socket.destroy();
      await until(() => clients.size === 0);
    }
  });

  it('of a declared proxy are not counted, and those of others beside it are', async () => {
    const options: LimitsOptions = { ...OPTIONS, proxy: { cidrs: ['127.0.0.2'] } };
    const server = applyToServer(createServer(serverOptions(options)), options);
    const port = await listen(server);
    const ofProxy = await accepted(server, port, 40, '127.0.0.2');
    const others = await accepted(server, port, 40, '127.0.0.3');
    await until(() => closedOf(others) === 35);
    expect(closedOf(ofProxy)).toBe(0);
  });

  it('are closed by gate.listen() too, over TLS before the handshake, with an event of the gate', async () => {
    const app = express();
    const gate = secure(app, {
      origins: 'https://localhost:8443',
      mode: 'development',
      logging: { level: false },
      limits: OPTIONS,
    });
    const events: unknown[] = [];
    gate.on('excess_connections', ({ details }) => events.push(details?.count));
    const { server, port, url } = await gate.listen({ port: 0 });
    try {
      expect(url).toMatch(/^https:/);
      const many = await accepted(server, port, 12, '127.0.0.2');
      await until(() => closedOf(many) === 7);
      expect(events[0]).toBe(1);
      expect(connectionsPerClient(server)).toBe(5);
      const others = await accepted(server, port, 1, '127.0.0.3');
      expect(closedOf(others)).toBe(0);
    } finally {
      for (const { socket } of sockets) socket.destroy();
      await gate.close();
    }
  });

  it('behind the proxy of the policy are many clients’', async () => {
    const app = express();
    const gate = secure(app, { ...QUIET, proxy: 'nginx', limits: OPTIONS });
    const { server, port } = await gate.listen({ port: 0, host: '127.0.0.1' });
    try {
      const many = await accepted(server, port, 40, '127.0.0.2');
      await new Promise((resolve) => setImmediate(resolve));
      expect(closedOf(many)).toBe(0);
      expect(guardOf(server).open.size).toBe(0);
    } finally {
      for (const { socket } of sockets) socket.destroy();
      await gate.close();
    }
  });

  it('are told of and kept in monitor mode', async () => {
    const gate = secure(express(), { ...QUIET, limits: OPTIONS, monitor: ['limits'] });
    const events: unknown[] = [];
    gate.on('excess_connections', ({ monitored }) => events.push(monitored));
    const { server, port, url } = await gate.listen({ port: 0, host: '127.0.0.1' });
    try {
      const many = await accepted(server, port, 12, '127.0.0.2');
      await send(url, { from: '127.0.0.3' });
      expect([closedOf(many), events[0]]).toEqual([0, true]);
    } finally {
      for (const { socket } of sockets) socket.destroy();
      await gate.close();
    }
  });

  it('on a server made elsewhere are counted from its first request on', async () => {
    const app = express();
    app.use(limits(OPTIONS));
    app.get('/', (_req, res) => void res.send('served'));
    const server = createServer(app as Listener);
    const port = await listen(server);
    expect(connectionsPerClient(server)).toBeUndefined();
    const before = await accepted(server, port, 8, '127.0.0.2');
    await send(`http://127.0.0.1:${port}`, { from: '127.0.0.2' });
    expect(connectionsPerClient(server)).toBe(5);
    const after = await accepted(server, port, 8, '127.0.0.2');
    await until(() => closedOf(after) === 3);
    expect(closedOf(before)).toBe(0);
  });
});

describe('who one client is', () => {
  class FakeSocket extends EventEmitter {
    destroyed = false;
    remoteAddress: string;
    constructor(address: string) {
      super();
      this.remoteAddress = address;
    }
    destroy(): void {
      this.destroyed = true;
    }
  }
  const RULES = resolveLimits({ maxConnectionsPerClient: 1 });
  const closed = (...addresses: string[]): boolean[] => {
    const server = new EventEmitter();
    guardConnections(server, RULES, () => undefined);
    const made = addresses.map((address) => new FakeSocket(address));
    for (const socket of made) server.emit('connection', socket);
    return made.map(({ destroyed }) => destroyed);
  };

  it.each<[string, string[], boolean[]]>([
    ['an IPv4 address', ['192.0.2.1', '192.0.2.2', '192.0.2.1'], [false, false, true]],
    ['the same, mapped into IPv6', ['::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.2'], [false, true, false]],
    [
      'an IPv6 network of 56 bits',
      ['2001:db8:0:100::1', '2001:db8:0:1ff::2', '2001:db8:0:200::1'],
      [false, true, false],
    ],
  ])('is %s', (_name, addresses, expected) => {
    expect(closed(...addresses)).toEqual(expected);
  });

  it('is remembered while a connection is open, however many come and go', () => {
    const server = new EventEmitter();
    const guard = guardConnections(server, resolveLimits({}), () => undefined);
    for (let i = 0; i < 20_000; i++) {
      const socket = new FakeSocket(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
      server.emit('connection', socket);
      socket.emit('close');
    }
    expect(guard?.open.size).toBe(0);
  });

  it('is asked once per server, and the stricter limit stays', () => {
    const server = createServer();
    applyToServer(server, { maxConnectionsPerClient: 5 });
    applyToServer(server, { maxConnectionsPerClient: 50 });
    expect([connectionsPerClient(server), server.listenerCount('drop')]).toEqual([5, 1]);
    applyToServer(server, { maxConnectionsPerClient: 3 });
    expect(connectionsPerClient(server)).toBe(3);
  });
});

it('connections over maxConnections are told as well', async () => {
  const events: EventInput[] = [];
  const services = { ...ALONE, emit: (event: EventInput) => void events.push(event) };
  const server = applyToServer(createServer(express()), { maxConnections: 3 }, services);
  const port = await listen(server);
  const many = openMany(port, 6, '127.0.0.2');
  await until(() => closedOf(many) === 3);
  expect(events[0]).toMatchObject({ event: 'excess_connections', sourceIp: '127.0.0.2' });
  expect(events[0]?.description).toContain('maxConnections ');
});
