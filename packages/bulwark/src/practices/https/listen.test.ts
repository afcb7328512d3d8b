import { writeFile } from 'node:fs/promises';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { send, serve } from '../../../test/support/http.ts';
import type { RequestListener } from './drain.ts';
import { recorder, writePair } from './fixtures/certificates.ts';
import { bench, hello } from './fixtures/server.ts';
import { type ListenOptions, listen } from './listen.ts';

const at = bench();

describe('TLS', () => {
  it('serves under a name that the certificate has', async () => {
    const { url, port } = await at.start();
    expect(url).toBe(`https://localhost:${port}`);
    expect(await send(`https://127.0.0.1:${port}/`, { ca: at.authority.ca })).toMatchObject({
      status: 200,
      body: 'hello',
    });
  });

  it('names the origin that the certificate is for, where that is not localhost', async () => {
    const files = await writePair(at.directory, await at.authority.issue(['shop.test']));
    const options = { ...files, port: 0, host: '127.0.0.1', origins: ['https://shop.test'] };
    const listening = await listen(hello, options, recorder());
    at.open.push(listening);
    expect(listening.url).toBe(`https://shop.test:${listening.port}`);
  });

  it('writes an IPv6 name in brackets', async () => {
    const files = await writePair(at.directory, await at.authority.issue(['fd00::1']));
    const listening = await listen(hello, { ...files, port: 0, origins: ['https://[fd00::1]'] }, recorder());
    at.open.push(listening);
    expect(listening.url).toBe(`https://[fd00::1]:${listening.port}`);
  });

  it('speaks TLS 1.2 and 1.3 with AEAD suites, and HTTP/1.1 only', async () => {
    const { port } = await at.start();
    const modern = await at.connect(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect([modern.getProtocol(), modern.alpnProtocol]).toEqual(['TLSv1.3', 'http/1.1']);
    modern.destroy();
    const older = await at.connect(port, { maxVersion: 'TLSv1.2' });
    expect(older.getCipher().name).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
    older.destroy();
  });

  it.each([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['CBC suites', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA' }],
    ['clients that want h2 alone', { ALPNProtocols: ['h2'] }],
  ] satisfies [string, tls.ConnectionOptions][])('refuses %s', async (_, options) => {
    const { port } = await at.start();
    await expect(at.connect(port, options)).rejects.toThrow();
  });

  it('lets node’s own defaults through where it does not set them: the control of the CBC test', async () => {
    const { cert, key } = await at.authority.issue(['localhost', '127.0.0.1']);
    const server = https.createServer({ cert, key }, hello);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = await at.connect((server.address() as net.AddressInfo).port, {
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES128-SHA256',
    });
    expect(socket.getCipher().name).toBe('ECDHE-ECDSA-AES128-SHA256');
    socket.destroy();
    server.close();
  });

  it('exchanges keys with X25519MLKEM768 where this OpenSSL has it', async () => {
    const { port } = await at.start();
    const socket = await at.connect(port);
    const { name } = socket.getEphemeralKeyInfo() as { name?: string };
    socket.destroy();
    const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
    expect(name).toBe(major > 3 || (major === 3 && minor >= 5) ? 'X25519MLKEM768' : 'X25519');
  });

  it('passes the server’s limits on', async () => {
    const { server } = await at.start({
      serverOptions: { headersTimeout: 1234, requestTimeout: 4321, maxConnections: 7 },
    });
    expect([server.headersTimeout, server.requestTimeout, server.maxConnections]).toEqual([1234, 4321, 7]);
  });
});

describe('a certificate that is renewed', () => {
  it('is used for new connections, while open ones and downloads go on', async () => {
    let finish: (() => void) | undefined;
    const listener: RequestListener = (req, res) => {
      if (req.url !== '/download') return void res.end('hello');
      res.write('first ');
      finish = () => void res.end('last');
    };
    const services = recorder();
    const { port } = await at.start({}, listener, services);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: at.authority.ca });
    const ask = (path: string, using?: https.Agent): Promise<{ body: string; socket: tls.TLSSocket; serial: string }> =>
      new Promise((resolve, reject) => {
        const request = https.get(
          { port, host: '127.0.0.1', path, agent: using ?? false, ca: at.authority.ca },
          (response) => {
            const socket = response.socket as tls.TLSSocket;
            const serial = socket.getPeerCertificate().serialNumber;
            let body = '';
            response.setEncoding('utf8').on('data', (chunk: string) => {
              body += chunk;
            });
            response.on('end', () => resolve({ body, socket, serial })).on('error', reject);
          },
        );
        request.on('error', reject);
      });
    try {
      const before = await ask('/', agent);
      const download = ask('/download');
      await vi.waitFor(() => expect(finish).toBeDefined());

      await writePair(at.directory, await at.authority.issue(['localhost', '127.0.0.1']));
      await vi.waitFor(
        () => expect(services.events.map(({ event }) => event)).toContain('sys_certificate_changed'),
        10_000,
      );

      const kept = await ask('/', agent);
      expect(kept.socket).toBe(before.socket);
      const fresh = await ask('/');
      expect(fresh.serial).not.toBe(before.serial);
      finish?.();
      expect((await download).body).toBe('first last');
      const older = await at.connect(port, { maxVersion: 'TLSv1.2' });
      expect(older.getCipher().name).toMatch(/GCM/);
      older.destroy();
      await expect(at.connect(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' })).rejects.toThrow();
    } finally {
      agent.destroy();
    }
  });

  it('is refused when it is half written: the old one stays', async () => {
    const services = recorder();
    const { port } = await at.start({}, hello, services);
    await writeFile(join(at.directory, 'tls.crt'), '-----BEGIN CERTIFICATE-----\nMIIB');
    await vi.waitFor(
      () => expect(services.events.map(({ event }) => event)).toContain('sys_certificate_refused'),
      10_000,
    );
    expect((await send(`https://127.0.0.1:${port}/`, { ca: at.authority.ca })).status).toBe(200);
  });
});

describe('without a certificate', () => {
  it('does not start in production, and says the three ways out', async () => {
    const started = listen(hello, { port: 0, origins: ['https://shop.example'] }, recorder('production'));
    await expect(started).rejects.toThrow(
      /https\.cert and https\.key.*proxy.*NODE_ENV=development.*ERR_CONFIG_CERTIFICATE/,
    );
  });

  it('serves plain HTTP where a proxy ends TLS', async () => {
    const listening = await listen(hello, { port: 0, terminated: true, origins: ['https://shop.example'] }, recorder());
    at.open.push(listening);
    expect(listening.url).toBe(`http://localhost:${listening.port}`);
    expect((await send(`http://127.0.0.1:${listening.port}/`)).status).toBe(200);
  });

  it('takes one of the local CA in development, and tells how to trust it', async () => {
    const services = recorder('development');
    const options = {
      port: 0,
      origins: ['https://localhost:8443', 'https://shop.example'],
      local: { directory: join(at.directory, 'ca') },
    };
    const listening = await listen(hello, options, services);
    at.open.push(listening);
    expect(listening.local).toMatchObject({ created: true, trust: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
    expect(services.events).toMatchObject([{ event: 'sys_certificate_changed', level: 'INFO' }]);
    expect((listening.server.address() as net.AddressInfo).address).toBe('127.0.0.1');
  });

  it('serves plain HTTP in development where all origins are plain', async () => {
    const listening = await listen(hello, { port: 0, origins: ['http://localhost:3000'] }, recorder('development'));
    at.open.push(listening);
    expect(listening.url).toMatch(/^http:/);
  });

  it.each([
    ['in production, where its origins are all local', 'production', ['https://localhost:8443'], true],
    ['in production, for a public name', 'production', ['https://shop.example'], false],
  ] as const)('the local CA, asked for %s', async (_, mode, origins, works) => {
    const started = listen(
      hello,
      { port: 0, host: '127.0.0.1', origins, local: { directory: join(at.directory, 'ca') } },
      recorder(mode),
    );
    if (!works) return expect(started).rejects.toThrow(/trusts a local CA.*ERR_CONFIG_CERTIFICATE/);
    at.open.push(await started);
    expect(at.open[0]?.url).toMatch(/^https:\/\/localhost:/);
  });
});

describe('a certificate that cannot serve', () => {
  it('expired: does not start in production; outside it starts and warns', async () => {
    const expired = await at.authority.issue(['localhost'], new Date(Date.now() - 60_000));
    const files = await writePair(at.directory, expired);
    await expect(listen(hello, { ...files, port: 0 }, recorder('production'))).rejects.toThrow(
      /is expired.*ERR_CONFIG_CERTIFICATE/,
    );
    const services = recorder('development');
    at.open.push(await listen(hello, { ...files, port: 0 }, services));
    expect(services.events).toMatchObject([{ event: 'sys_certificate_warning', level: 'CRITICAL' }]);
  });

  it.each([
    [{ cert: 'a.pem' }, /https\.key.*ERR_CONFIG_CONTRADICTION/],
    [{ key: 'a.pem' }, /https\.cert.*ERR_CONFIG_CONTRADICTION/],
    [{ cert: 'a.pem', key: 'a.pem', local: true }, /https\.local.*ERR_CONFIG_CONTRADICTION/],
    [{ certificate: 'a.pem' }, /https\.certificate.*ERR_CONFIG_UNKNOWN_KEY/],
    [{ grace: 'soon' }, /https\.grace.*ERR_CONFIG_VALUE/],
  ])('settings %j', async (options, message) => {
    await expect(listen(hello, options as ListenOptions, recorder())).rejects.toThrow(message);
  });
});

describe('ports', () => {
  it('names a port that is taken, and leaves nothing open', async () => {
    const other = await serve(hello);
    try {
      await expect(at.start({ port: other.port })).rejects.toThrow(new RegExp(`port ${other.port}.*taken.*ERR_LISTEN`));
      await expect(at.start({ http: other.port })).rejects.toThrow(/listen\.http.*another http.*ERR_LISTEN/);
    } finally {
      await other.close();
    }
  });

  it('opens a second, plain port with the same listener', async () => {
    const { httpUrl, port, url } = await at.start({ http: 0 }, (req, res) => {
      res.end((req.socket as tls.TLSSocket).encrypted === true ? 'tls' : 'plain');
    });
    expect(httpUrl).toMatch(/^http:\/\/localhost:\d+$/);
    expect(httpUrl).not.toBe(url.replace('https', 'http'));
    expect((await send(`http://127.0.0.1:${new URL(httpUrl ?? '').port}/`)).body).toBe('plain');
    expect((await send(`https://127.0.0.1:${port}/`, { ca: at.authority.ca })).body).toBe('tls');
  });
});

describe('what is no request', () => {
  const raw = (port: number, bytes: string, secure: boolean): Promise<string> =>
    new Promise((resolve) => {
      const socket = secure
        ? tls.connect({ port, host: '127.0.0.1', ca: at.authority.ca }, () => socket.write(bytes))
        : net.connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
      let seen = '';
      socket.on('data', (chunk: Buffer) => {
        seen += chunk.toString('latin1');
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(seen));
    });

  it.each([
    ['no HTTP', 'GARBAGE\r\n\r\n', 400],
    ['a header of 20 kB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ] as const)('%s is answered with a status line alone', async (_, bytes, status) => {
    const { port } = await at.start();
    const answer = await raw(port, bytes, true);
    expect(answer).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [A-Za-z ]+\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n$`),
    );
  });

  it('a request that takes too long is answered with 408', async () => {
    const { port } = await at.start({
      serverOptions: { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 },
    });
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost:', true)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('does not write into an answer that has begun', async () => {
    const { port } = await at.start({}, (_req, res) => {
      res.writeHead(200, { 'Content-Length': '100' });
      res.write('begun');
    });
    const answer = await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', true);
    expect(answer.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  it('plain HTTP on the TLS port is closed, and the server lives on', async () => {
    const { port } = await at.start();
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', false)).not.toContain('hello');
    expect((await send(`https://127.0.0.1:${port}/`, { ca: at.authority.ca })).status).toBe(200);
  });
});
