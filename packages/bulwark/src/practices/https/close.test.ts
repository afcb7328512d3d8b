import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { bench } from './fixtures/server.ts';

const at = bench();

describe('close', () => {
  it('finishes what is in flight with Connection: close, and drops idle connections at once', async () => {
    let answer: (() => void) | undefined;
    const { port, close } = await at.start({ grace: 60_000 }, (req, res) => {
      if (req.url === '/slow') answer = () => void res.end('done');
      else res.end('hello');
    });
    const agent = new https.Agent({ keepAlive: true, ca: at.authority.ca });
    const idle = https.get({ port, host: '127.0.0.1', agent });
    const [response] = (await once(idle, 'response')) as [http.IncomingMessage];
    const idleClosed = once(response.socket, 'close');
    response.resume();
    await once(response, 'end');

    const slow = https.get({
      port,
      host: '127.0.0.1',
      path: '/slow',
      agent: false,
      ca: at.authority.ca,
      headers: { Connection: 'keep-alive' },
    });
    const answered = once(slow, 'response') as Promise<[http.IncomingMessage]>;
    await vi.waitFor(() => expect(answer).toBeDefined());

    const closed = close();
    expect(close()).toBe(closed);
    await idleClosed;
    await expect(at.connect(port)).rejects.toThrow(/ECONNREFUSED/);
    answer?.();
    const [late] = await answered;
    expect(late.headers.connection).toBe('close');
    late.resume();
    await closed;
    agent.destroy();
  });

  it('closes the connection after an answer whose head had already promised to keep it', async () => {
    let finish: (() => void) | undefined;
    const { port, close } = await at.start(
      { grace: 60_000, serverOptions: { keepAliveTimeout: 60_000 } },
      (_req, res) => {
        res.write('first ');
        finish = () => void res.end('last');
      },
    );
    const agent = new https.Agent({ keepAlive: true, ca: at.authority.ca });
    const request = https.get({ port, host: '127.0.0.1', agent });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const closed = close();
    finish?.();
    let body = '';
    for await (const chunk of response) body += String(chunk);
    expect(body).toBe('first last');
    await closed;
    agent.destroy();
  });

  it('cuts off what is left after the grace, upgraded connections and connections without a request too', async () => {
    const { port, server, close } = await at.start({ grace: 100 }, () => undefined);
    server.on(
      'upgrade',
      (_req, socket) =>
        void socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    );
    const hanging = https.get({ port, host: '127.0.0.1', agent: false, ca: at.authority.ca });
    const hung = once(hanging, 'error');
    const silent = await at.connect(port);
    const silentClosed = once(silent, 'close');
    const upgraded = await at.connect(port);
    upgraded.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    await once(upgraded, 'data');
    const upgradedClosed = once(upgraded, 'close');
    for (const socket of [silent, upgraded]) socket.on('error', () => undefined);
    await vi.waitFor(async () => {
      const count = await new Promise<number>((resolve) => server.getConnections((_error, n) => resolve(n)));
      expect(count).toBe(3);
    });
    await close();
    await Promise.all([hung, silentClosed, upgradedClosed]);
  });

  it('leaves nothing that keeps the process alive', async () => {
    const program = `const { listen } = await import(${JSON.stringify(new URL('listen.ts', import.meta.url).href)});
      const { close, url } = await listen((req, res) => res.end(), { port: 0, http: 0, origins: [], local: { directory: process.argv[1] } },
        { mode: 'development', emit() {} });
      await close(); console.log(url)`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program, join(at.directory, 'ca')],
      { timeout: 15_000 },
    );
    expect(stdout).toMatch(/^https:\/\/localhost:\d+\n$/);
  });
});
