import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { serve } from '../../../test/support/http.ts';
import { type GateListening, type Policy, secure } from '../../index.ts';
import { connect, statusOf } from '../limits/fixtures/raw-socket.ts';
import { type MemoryLog, memory } from './fixtures/memory-log.ts';
import { logging } from './index.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function listen(
  policy: Partial<Policy> = {},
): Promise<{ listening: GateListening; log: MemoryLog; close(): Promise<void> }> {
  const log = memory();
  const app = express();
  const gate = secure(app, {
    origins: 'http://localhost:8080',
    mode: 'development',
    https: false,
    ...policy,
    logging: { stream: log, repeat: { lines: 3 } },
  });
  app.get('/', (_req, res) => void res.send('home'));
  const listening = await gate.listen({ port: 0, host: '127.0.0.1' });
  open.push(gate);
  return { listening, log, close: () => gate.close() };
}

/** Sends bytes on a connection of its own, and waits for its end. */
async function raw(port: number, bytes: string): Promise<number> {
  const { socket, closed } = connect(port);
  socket.write(bytes);
  return statusOf(await closed);
}

const lines = (log: MemoryLog) => log.lines.filter(({ msg }) => msg !== 'security event');

describe('what never becomes a request', () => {
  const HOST = 'Host: localhost\r\n';
  it.each([
    ['a method that is none', 'HUNTER2 / HTTP/1.1\r\n\r\n', 400, 'HPE_INVALID_METHOD'],
    ['a header that cannot be', `GET / HTTP/1.1\r\n${HOST}Bad Header hunter2\r\n\r\n`, 400, 'HPE_INVALID_HEADER_TOKEN'],
    [
      'headers that are too long',
      `GET / HTTP/1.1\r\n${HOST}X-A: ${'hunter2'.repeat(4000)}\r\n\r\n`,
      431,
      'HPE_HEADER_OVERFLOW',
    ],
    [
      'two lengths',
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      400,
      'HPE_UNEXPECTED_CONTENT_LENGTH',
    ],
    ['an expectation', `GET / HTTP/1.1\r\n${HOST}Expect: hunter2\r\nConnection: close\r\n\r\n`, 417, 'expect'],
  ])('%s has a line', async (_name, bytes, status, code) => {
    const { listening, log } = await listen();
    expect(await raw(listening.port, bytes)).toBe(status);
    await log.until(2);
    expect(lines(log)).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        unread: 'request',
        code,
        status,
        ip: '127.0.0.1',
        msg: 'request refused unread',
      },
    ]);
    expect(log.raw.join('')).not.toMatch(/hunter2/i);
  });

  it('a request without Host, which node would refuse by itself, is one like any other: an id, a line, an event', async () => {
    const { listening, log } = await listen();
    const { socket, closed } = connect(listening.port);
    socket.write('GET / HTTP/1.1\r\nX-A: hunter2\r\n\r\n');
    const heard = await closed;
    expect(statusOf(heard)).toBe(400);
    expect(heard).toMatch(/x-request-id: .*ERR_HOST_INVALID/is);
    await log.until(3);
    expect(lines(log)).toEqual([expect.objectContaining({ status: 400, code: 'ERR_HOST_INVALID', path: '/' })]);
    expect(log.lines.map(({ event }) => event)).toContain('malicious_host');
  });

  it('CONNECT, whose connection node ends without a word, has a line', async () => {
    const { listening, log } = await listen();
    const { socket, closed } = connect(listening.port);
    socket.write(`CONNECT hunter2:443 HTTP/1.1\r\n${HOST}\r\n`);
    expect(await closed).toBe('');
    await log.until(2);
    expect(lines(log)).toMatchObject([{ msg: 'request refused unread', code: 'connect', ip: '127.0.0.1' }]);
    expect(log.raw.join('')).not.toContain('hunter2');
  });

  it('control: in a server of node with the same log, none has', async () => {
    const log = memory();
    const app = express();
    app.use(logging({ stream: log }));
    app.get('/', (_req, res) => void res.send('home'));
    const served = await serve(app);
    open.push(served);
    expect(await raw(served.port, 'HUNTER2 / HTTP/1.1\r\n\r\n')).toBe(400);
    expect(await raw(served.port, `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).toBe(200);
    await log.until(1);
    expect(log.lines).toMatchObject([{ path: '/' }]);
  });

  it('a slow client has one', async () => {
    const { listening, log } = await listen({
      limits: { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 50 },
    });
    expect(await raw(listening.port, `GET / HTTP/1.1\r\n${HOST}X-A: `)).toBe(408);
    await log.until(2);
    expect(lines(log)).toMatchObject([{ code: 'ERR_HTTP_REQUEST_TIMEOUT', status: 408, ip: '127.0.0.1' }]);
  });

  it('a flood of them has a few, and their number', async () => {
    const { listening, log, close } = await listen();
    for (let i = 0; i < 10; i++) await raw(listening.port, 'NONSENSE\r\n\r\n');
    await close();
    const refused = lines(log);
    expect(refused).toHaveLength(4);
    expect(refused[3]).toMatchObject({
      msg: 'request refused unread, repeated',
      code: 'HPE_INVALID_METHOD',
      count: 7,
      network: '127.0.0.1',
    });
  });

  it('connections over the limit are counted', async () => {
    const { listening, log, close } = await listen({ limits: { maxConnections: 1 } });
    const held = connect(listening.port);
    await once(held.socket, 'connect');
    for (let i = 0; i < 5; i++) await connect(listening.port).closed;
    held.socket.destroy();
    await close();
    expect(lines(log)).toMatchObject([
      { msg: 'connection dropped, repeated', unread: 'connection', code: 'maxConnections', count: 5 },
    ]);
  });

  it('over TLS too; handshakes that fail are counted, without a line of their own', async () => {
    const { listening, log, close } = await listen({ origins: 'https://localhost:8443', https: {} });
    const { port } = listening;
    const status = await new Promise<string>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
        socket.write('HUNTER2 / HTTP/1.1\r\n\r\n'),
      );
      socket.on('data', (chunk) => resolve(String(chunk).split('\r\n', 1)[0] ?? ''));
    });
    expect(status).toBe('HTTP/1.1 400 Bad Request');
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
        socket.on('close', () => resolve()).on('error', () => undefined);
        socket.resume();
      });
    }
    await close();
    expect(lines(log)).toMatchObject([
      { unread: 'request', code: 'HPE_INVALID_METHOD', ip: '127.0.0.1' },
      { msg: 'handshake failed, repeated', unread: 'handshake', code: 'ERR_SSL_HTTP_REQUEST', count: 5 },
    ]);
  });

  it('a browser that closes an idle connection is not worth a line', async () => {
    const { listening, log, close } = await listen();
    const { socket, closed } = connect(listening.port);
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    await log.until(3);
    socket.resetAndDestroy();
    await closed;
    await close();
    expect(lines(log).map(({ msg }) => msg)).toEqual(['request']);
  });
});
