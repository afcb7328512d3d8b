import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../../../packages/bulwark/test/support/http.ts';
import { endChildren, freePorts, startChild } from './support/child.ts';
import { temporaryFolder, XDG_DATA_HOME } from './support/server.ts';

afterEach(endChildren);

const ca = (): string => readFileSync(join(XDG_DATA_HOME, 'bulwark', 'ca.crt'), 'utf8');

/** What a person reads: without the log, which is for machines. */
const readable = (out: string): string =>
  out
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');

describe('npm start', () => {
  it('prints where it is, what is on, whether it holds, and what production still needs', async () => {
    const [port, httpPort] = await freePorts(2);
    const child = startChild({ PORT: `${port}`, HTTP_PORT: `${httpPort}` });
    await child.says('production still needs');
    const text = readable(child.out());
    expect(text).toMatch(new RegExp(`^Bulwark reference server  https://localhost:${port}\n`));
    expect(text).toMatch(/^ {2}on +secrets, limits, client, .*\n +.*errors$/m);
    expect(text.replaceAll(/\n {13}/g, ' ')).toMatch(
      /^ {2}self-test +\d\d checks passed, .*1 escape hatch in use \(rate-limit\/escape-hatch\)$/m,
    );
    expect(text).not.toContain('FAILED');
    expect(text).toContain(`  http       http://localhost:${httpPort} redirects pages`);
    expect(text).toContain(`  local CA   ${join(XDG_DATA_HOME, 'bulwark', 'ca.crt')}`);
    for (const need of ['NODE_ENV=production', 'ORIGIN=https://', 'TLS_CERT and TLS_KEY']) expect(text).toContain(need);
    // Paths are as long as they are.
    for (const line of text.split('\n')) if (!line.includes(' /')) expect(line.length).toBeLessThanOrEqual(80);

    const page = await send(`https://localhost:${port}/`, { ca: ca() });
    expect(page.status).toBe(200);
  });

  it('redirects pages from plain HTTP, and refuses API calls there', async () => {
    const [port, httpPort] = await freePorts(2);
    const child = startChild({ PORT: `${port}`, HTTP_PORT: `${httpPort}` });
    await child.says('production still needs');
    const plain = `http://localhost:${httpPort}`;
    const page = await send(`${plain}/notes?x=1`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.location]).toEqual([307, `https://localhost:${port}/notes?x=1`]);
    const headers = { 'content-type': 'application/json' };
    const refused = await send(`${plain}/api/notes`, { method: 'POST', headers, body: '{"title":"x"}' });
    expect(refused.status).toBe(403);
    expect((await send(`${plain}/api/notes`)).status).toBe(403);
    expect((await send(`https://localhost:${port}/api/notes`, { ca: ca() })).json()).toEqual({ notes: [] });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('finishes the request in flight at %s, and ends with 0', async (signal) => {
    const [port] = await freePorts(1);
    const data = temporaryFolder();
    const child = startChild({ PORT: `${port}`, DATA_DIR: data });
    await child.says('production still needs');
    const body = JSON.stringify({ title: 'in flight' });
    const asking = request({
      port,
      host: 'localhost',
      ca: ca(),
      method: 'POST',
      path: '/api/notes',
      headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    });
    // The server has the request once it asks for its body.
    asking.flushHeaders();
    await once(asking, 'continue');
    asking.write(body.slice(0, 5));
    child.kill(signal);
    await child.says('closing: finishing requests in flight');
    child.kill(signal);
    await expect(send(`https://localhost:${port}/`, { ca: ca() })).rejects.toThrow('ECONNREFUSED');
    asking.end(body.slice(5));
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(201);
    expect(response.headers.connection).toBe('close');
    response.resume();
    expect(await child.exited).toBe(0);
    expect(child.err()).toBe('');
    expect(readdirSync(data)).toEqual(['images', 'logs', 'notes.sqlite', 'owner.hash', 'state.sqlite']);
    const lines = readFileSync(join(data, 'logs', 'requests.log'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { path?: string }).path)).toContain('/api/notes');
  });

  it('serves in production with a certificate, and then tells nobody what failed', async () => {
    const [first, port] = await freePorts(2);
    // The server of development leaves a certificate for localhost behind.
    const before = startChild({ PORT: `${first}` });
    await before.says('production still needs');
    before.kill('SIGTERM');
    await before.exited;
    const folder = join(XDG_DATA_HOME, 'bulwark');
    const pem = join(folder, readdirSync(folder).find((name) => name.startsWith('server-')) ?? '');
    const data = temporaryFolder();
    const child = startChild({
      NODE_ENV: 'production',
      PORT: `${port}`,
      TLS_CERT: pem,
      TLS_KEY: pem,
      HOST: '127.0.0.1',
      DATA_DIR: data,
    });
    await child.says('ORIGIN=https://your.domain');
    const text = readable(child.out());
    expect(text).not.toContain('NODE_ENV=production');
    expect(text).not.toContain('TLS_CERT');
    expect(text).not.toContain('local CA');
    const origin = `https://localhost:${port}`;
    const page = await send(`${origin}/`, { ca: ca() });
    expect(page.status).toBe(200);
    expect(page.headers['strict-transport-security']).toMatch(/^max-age=63072000/);
    const foreign = await send(`${origin}/`, { ca: ca(), servername: 'localhost', headers: { host: 'evil.example' } });
    expect(foreign.status).toBe(421);
    const wrong = await send(`${origin}/api/notes`, {
      ca: ca(),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(wrong.status).toBe(400);
    expect(Object.keys(wrong.json())).not.toContain('debug');
  });

  describe('says without a stack why it cannot start', () => {
    const refusal = async (env: Record<string, string>): Promise<string> => {
      const child = startChild(env);
      expect(await child.exited).toBe(1);
      expect(readable(child.out())).toBe('');
      expect(child.err()).toMatch(/^cannot start: /);
      expect(child.err()).not.toMatch(/^ +at /m);
      // A list of variables is broken to fit a terminal.
      return child.err().replaceAll(/\n +/g, ' ');
    };

    it('where the port is taken', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      try {
        expect(await refusal({ PORT: `${port}` })).toMatch(
          `PORT and HOST: listen.port: port ${port} of 127.0.0.1 is taken`,
        );
        expect(await refusal({ PORT: '0', HTTP_PORT: `${port}` })).toMatch(`HTTP_PORT: listen.http: port ${port}`);
      } finally {
        server.close();
      }
    });

    it('where production has no certificate, with the three ways out', async () => {
      const said = await refusal({ NODE_ENV: 'production' });
      for (const way of ['TLS_CERT and TLS_KEY', 'PROXY', 'local CA']) expect(said).toContain(way);
    });

    it('where the data folder is a file', async () => {
      const file = join(temporaryFolder(), 'notes');
      writeFileSync(file, '');
      expect(await refusal({ PORT: '0', DATA_DIR: file })).toMatch(/DATA_DIR cannot be used: .*EEXIST.*name a folder/);
    });

    it('where the database is none', async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'notes.sqlite'), 'not a database '.repeat(1000));
      expect(await refusal({ PORT: '0', DATA_DIR: folder })).toMatch(/DATA_DIR cannot be used: .*not a database/);
    });

    it.each([
      [{ PORT: 'abc' }, /PORT is not a port from 0 to 65535/],
      [{ PORT: '0', ORIGIN: 'shop.example' }, /ORIGIN: .*https:\/\/shop\.example/],
      [{ PORT: '0', ORIGIN: 'https://shop.example/notes' }, /ORIGIN: /],
      [{ PORT: '0', TLS_CERT: '/nowhere.pem', TLS_KEY: '/nowhere.pem' }, /TLS_CERT: .*\/nowhere\.pem cannot be read/],
      [{ PORT: '0', PROXY: 'ngnix' }, /PROXY: .*did you mean 'nginx'/],
      [{ PORT: '0', PROXY: '99' }, /PROXY: /],
      [{ PORT: '0', HOST: '192.0.2.1' }, /PORT and HOST: .*192\.0\.2\.1/],
    ])('with %j', async (env, message) => {
      expect(await refusal(env)).toMatch(message);
    });
  });

  it('starts without TLS behind a proxy that is declared', async () => {
    const [port] = await freePorts(1);
    const child = startChild({
      NODE_ENV: 'production',
      PORT: `${port}`,
      PROXY: 'nginx',
      ORIGIN: 'https://shop.example',
    });
    await child.says('Bulwark reference server');
    expect(readable(child.out())).not.toContain('production still needs');
    const headers = { host: 'shop.example', 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
    expect((await send(`http://127.0.0.1:${port}/`, { headers })).status).toBe(200);
    const plain = await send(`http://127.0.0.1:${port}/api/notes`, {
      headers: { ...headers, 'x-forwarded-proto': 'http' },
    });
    expect(plain.status).toBe(403);
  });
});
