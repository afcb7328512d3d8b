import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import helmet from 'helmet';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EXPRESS, type Received, type Sent, type Served, send, serve } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { client } from '../client/index.ts';
import { clearSiteData, headers, nonceOf } from './index.ts';

const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; report-uri /.well-known/bulwark/reports; report-to default";
const FULL = {
  'content-security-policy': POLICY,
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'reporting-endpoints': 'default="/.well-known/bulwark/reports"',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-frame-options': 'deny',
  'x-permitted-cross-domain-policies': 'none',
};

let served: Served | undefined;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-headers-'));
  writeFileSync(join(folder, 'file.txt'), 'a file');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function ask(listener: unknown, sent: Sent = {}): Promise<Received> {
  served ??= await serve(listener);
  return send(served.url, sent);
}

const overTls = (req: IncomingMessage, _res: ServerResponse, next: () => void): void => {
  contextOf(req).client = {
    ip: '127.0.0.1',
    peer: '127.0.0.1',
    protocol: 'https',
    host: 'shop.example',
    hostname: 'shop.example',
    origin: 'https://shop.example',
    forwarded: true,
  };
  next();
};

describe.each(EXPRESS)('response classes, Express %s', (_, express) => {
  function site(): ReturnType<typeof express> {
    const app = express();
    app.use(headers());
    app.use(express.json());
    app.use('/files', express.static(folder, { maxAge: '1h' }));
    app.get('/ok', (_req, res) => void res.send('ok'));
    app.get('/stream', (_req, res) => void Readable.from(['a', 'b']).pipe(res));
    app.get('/redirect', (_req, res) => res.redirect('/ok'));
    app.get('/end', (_req, res) => void res.end());
    app.get(
      '/head',
      (_req, res) => void res.writeHead(201, { 'X-Powered-By': 'PHP', 'X-Frame-Options': 'ALLOWALL' }).end(),
    );
    app.get('/flat', (_req, res) => {
      const flat = ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Security-Policy', 'default-src *'];
      res.writeHead(200, 'Fine', flat).end('flat');
    });
    app.get('/throw', () => {
      throw new Error('oh');
    });
    return app;
  }

  test.each([
    ['/ok', 200, {}],
    ['/missing', 404, {}],
    ['/throw', 500, {}],
    ['/stream', 200, {}],
    ['/redirect', 302, {}],
    ['/end', 200, {}],
    ['/head', 201, {}],
    ['/flat', 200, {}],
    ['/files/file.txt', 200, {}],
    ['/files', 301, {}],
    ['/ok', 400, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":' }],
    ['/ok', 413, { method: 'POST', headers: { 'content-type': 'application/json' }, body: `"${'a'.repeat(200_000)}"` }],
    ['/ok', 200, { method: 'HEAD' }],
    ['/ok', 200, { method: 'OPTIONS' }],
  ] as const)('%s %i %j carries every header', async (target, status, sent) => {
    const answer = await ask(site(), { ...sent, target });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(FULL);
    expect(answer.headers['permissions-policy']).toContain('camera=()');
    expect(answer.headers['cache-control']).toBe(
      target === '/files/file.txt' ? 'public, max-age=3600' : 'no-store, max-age=0',
    );
    expect(answer.headers).not.toHaveProperty('x-powered-by');
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });

  test('304 carries every header', async () => {
    const app = site();
    const { etag = '' } = (await ask(app, { target: '/files/file.txt' })).headers;
    const answer = await ask(app, { target: '/files/file.txt', headers: { 'if-none-match': etag } });
    expect(answer.status).toBe(304);
    expect(answer.headers).toMatchObject(FULL);
  });

  test('headers of writeHead are seen: cookies of a flat list are guarded', async () => {
    const answer = await ask(site(), { target: '/flat' });
    expect(answer.headers['set-cookie']).toEqual(['a=1; HttpOnly; SameSite=Lax', 'b=2; HttpOnly; SameSite=Lax']);
    expect(answer.body).toBe('flat');
  });

  test('control: helmet after the parser loses the headers of a malformed body, and keeps X-Powered-By', async () => {
    const app = express();
    app.use(express.json());
    app.use(helmet());
    const answer = await ask(app, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":' });
    expect(answer.status).toBe(400);
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
    expect(answer.headers).not.toHaveProperty('x-frame-options');
    expect(answer.headers['x-powered-by']).toBe('Express');
  });

  test('control: behind helmet, the 404 of Express has no frame-ancestors', async () => {
    const app = express();
    app.use(helmet());
    expect((await ask(app, { target: '/missing' })).headers['content-security-policy']).toBe("default-src 'none'");
  });

  test('a left-over helmet weakens nothing', async () => {
    const app = express();
    app.use(headers());
    app.use(
      helmet({ contentSecurityPolicy: { directives: { scriptSrc: ['*', "'unsafe-inline'"] } }, hsts: { maxAge: 1 } }),
    );
    app.get('/', (_req, res) => {
      res.setHeader('X-XSS-Protection', '1; mode=block');
      res.setHeader('Feature-Policy', 'x');
      res.setHeader('Expect-CT', 'x');
      res.setHeader('Public-Key-Pins', 'x');
      res.setHeader('Server', 'acme/1.0');
      res.appendHeader('Content-Security-Policy', 'default-src *');
      res.send('ok');
    });
    const answer = await ask(app);
    expect(answer.headers).toMatchObject(FULL);
    for (const name of ['x-xss-protection', 'feature-policy', 'expect-ct', 'public-key-pins', 'server']) {
      expect(answer.headers).not.toHaveProperty(name);
    }
    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });

  test('a log-out clears the data of the site', async () => {
    const app = express();
    app.use(headers());
    app.post('/logout', (_req, res) => {
      clearSiteData(res);
      res.end();
    });
    const answer = await ask(app, { method: 'POST', target: '/logout' });
    expect(answer.headers['clear-site-data']).toBe('"cache","cookies","storage"');
  });

  test('HSTS and upgrade-insecure-requests over TLS only, and as the declared proxy tells', async () => {
    const app = express();
    app.use(client({ origins: ['https://shop.example'], proxy: { hops: 1 } }), headers());
    app.get('/', (_req, res) => void res.send('ok'));
    const at = (proto: string): Promise<Received> =>
      ask(app, { headers: { host: 'shop.example', 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': proto } });
    const tls = await at('https');
    expect(tls.headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
    expect(tls.headers['content-security-policy']).toContain('; upgrade-insecure-requests;');
    const plain = await at('http');
    expect(plain.headers).not.toHaveProperty('strict-transport-security');
    expect(plain.headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
  });

  test('cookies of every writer are guarded over TLS', async () => {
    const app = express();
    app.use(overTls as never, headers({ readableCookies: ['XSRF-TOKEN'] }));
    app.get('/', (_req, res) => {
      res.cookie('sid', '1');
      res.cookie('XSRF-TOKEN', '2');
      res.clearCookie('old');
      res.appendHeader('Set-Cookie', '__Host-x=1; Domain=shop.example; Path=/a');
      res.send('ok');
    });
    const answer = await ask(app);
    expect(answer.headers['set-cookie']).toEqual([
      'sid=1; Path=/; Secure; HttpOnly; SameSite=Lax',
      'XSRF-TOKEN=2; Path=/; Secure; SameSite=Lax',
      'old=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax',
      '__Host-x=1; Path=/; Secure; HttpOnly; SameSite=Lax',
    ]);
  });
});

describe('nonces', () => {
  const page = (options: Parameters<typeof headers>[0] = {}): ReturnType<typeof createServer> => {
    const guard = headers(options);
    return createServer((req, res) => {
      guard(req, res, () => {
        res.setHeader('Content-Type', 'text/html');
        res.setHeader('Cache-Control', 'public, max-age=600');
        res.end(
          req.url === '/plain' ? 'no script' : `<script nonce="${nonceOf(req)}" data-again="${nonceOf(req)}"></script>`,
        );
      });
    });
  };

  test('one per response, the same in header and page, 128 bits, in scripts and styles', async () => {
    const server = page();
    const nonces = new Set<string>();
    for (let i = 0; i < 300; i++) {
      const answer = await ask(server.listeners('request')[0]);
      const [, nonce = '', again] = /nonce="([\w-]+)" data-again="([\w-]+)"/.exec(answer.body) ?? [];
      expect(nonce).toHaveLength(22);
      expect(again).toBe(nonce);
      const policy = answer.headers['content-security-policy'];
      expect(policy).toContain(`script-src 'nonce-${nonce}' 'strict-dynamic' 'self';`);
      expect(policy).toContain(`style-src 'nonce-${nonce}' 'self';`);
      expect(policy).not.toContain('unsafe');
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(300);
  });

  test('absent where none was asked for', async () => {
    const answer = await ask(page().listeners('request')[0], { target: '/plain' });
    expect(answer.headers['content-security-policy']).toBe(POLICY);
    expect(answer.headers['cache-control']).toBe('public, max-age=600');
  });

  test('a response with a nonce is stored by no cache', async () => {
    expect((await ask(page().listeners('request')[0])).headers['cache-control']).toBe('private, no-store');
  });

  test('hosts that the settings name are not made void by strict-dynamic', async () => {
    const server = page({ contentSecurityPolicy: { directives: { scriptSrc: ["'self'", 'https://cdn.example'] } } });
    const policy = (await ask(server.listeners('request')[0])).headers['content-security-policy'];
    expect(policy).toMatch(/script-src 'nonce-[\w-]{22}' 'self' https:\/\/cdn\.example;/);
  });

  test('a policy that forbids scripts goes on forbidding them; an element directive gets the nonce too', async () => {
    const server = page({
      contentSecurityPolicy: { directives: { scriptSrc: ["'none'"], styleSrc: false, styleSrcElem: ["'self'"] } },
    });
    const policy = (await ask(server.listeners('request')[0])).headers['content-security-policy'];
    expect(policy).toContain("script-src 'none';");
    expect(policy).toMatch(/style-src-elem 'nonce-[\w-]{22}' 'self';/);
    expect(policy).toMatch(/; style-src 'nonce-[\w-]{22}' 'self'/);
  });
});

describe('content of the answer', () => {
  const answerWith = (given: Record<string, string | string[]>, options = {}): Promise<Received> => {
    const guard = headers(options);
    return ask((req: IncomingMessage, res: ServerResponse) => {
      guard(req, res, () => {
        for (const [name, value] of Object.entries(given)) res.setHeader(name, value);
        res.end('x');
      });
    });
  };

  test.each([
    ['text/html', 'text/html; charset=utf-8'],
    ['text/plain;', 'text/plain; charset=utf-8'],
    ['text/html; Charset=ISO-8859-1', 'text/html; Charset=ISO-8859-1'],
    ['application/xml', 'application/xml; charset=utf-8'],
    ['application/atom+xml; type=feed', 'application/atom+xml; type=feed; charset=utf-8'],
    ['image/svg+xml', 'image/svg+xml; charset=utf-8'],
    ['application/json', 'application/json'],
    ['image/png', 'image/png'],
    ['application/xmlish', 'application/xmlish'],
  ])('Content-Type %s becomes %s', async (given, sent) => {
    expect((await answerWith({ 'Content-Type': given })).headers['content-type']).toBe(sent);
  });

  test.each([
    ['application/json', true],
    ['application/problem+json; charset=utf-8', true],
    ['image/svg+xml', true],
    ['text/xml', true],
    ['text/html', false],
    ['application/xhtml+xml', false],
    ['text/javascript', false],
    ['application/jsonp', false],
  ])('%s is sandboxed: %s', async (type, sandboxed) => {
    const policy = String((await answerWith({ 'Content-Type': type })).headers['content-security-policy']);
    expect(policy.endsWith('; sandbox')).toBe(sandboxed);
  });

  test.each([
    [{}, 'no-store, max-age=0'],
    [{ 'Set-Cookie': 'a=1' }, 'no-store, max-age=0'],
    [{ 'Cache-Control': 'public, max-age=60' }, 'public, max-age=60'],
    [{ 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'a=1' }, 'private, no-store'],
    [{ 'Cache-Control': 'no-cache', 'Set-Cookie': 'a=1' }, 'private, no-store'],
    [{ 'Cache-Control': 'private="x-foo", max-age=60', 'Set-Cookie': 'a=1' }, 'private, no-store'],
    [{ 'Cache-Control': 'private, max-age=60', 'Set-Cookie': 'a=1' }, 'private, max-age=60'],
    [{ 'Cache-Control': 'No-Store', 'Set-Cookie': 'a=1' }, 'No-Store'],
  ])('caching of %j: %s', async (given, sent) => {
    expect((await answerWith(given as Record<string, string>)).headers['cache-control']).toBe(sent);
  });

  test('cacheControl: false leaves the header away, but not beside a cookie', async () => {
    expect((await answerWith({}, { cacheControl: false })).headers).not.toHaveProperty('cache-control');
    await served?.close();
    served = undefined;
    const answer = await answerWith({ 'Set-Cookie': 'a=1' }, { cacheControl: false });
    expect(answer.headers['cache-control']).toBe('private, no-store');
  });

  test('the vendor list is removed, more names on request, and kept ones stay', async () => {
    const given = { SourceMap: 'a.map', 'X-Generator': 'x', 'X-Own-Version': '1', Server: 'x', 'X-Request-Id': '7' };
    const { headers: got } = await answerWith(given, { removeHeaders: ['X-Own-Version'], keepHeaders: ['SourceMap'] });
    expect(got).toMatchObject({ sourcemap: 'a.map', 'x-request-id': '7' });
    for (const name of ['x-generator', 'x-own-version', 'server']) expect(got).not.toHaveProperty(name);
  });
});
