import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Received, type Sent, send, serve } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { decisionOf, exempt } from '../../decisions.ts';
import { client } from '../client/index.ts';
import { recorder } from './fixtures/certificates.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { type HttpsOptions, https } from './index.ts';

const ORIGINS = ['https://shop.example', 'https://admin.example:8443'];
const PAGE = { host: 'shop.example', accept: 'text/html,application/xhtml+xml;q=0.9' };
const API = { host: 'shop.example', accept: 'application/json' };

/** What an error handler would answer, in a form that tests can read. */
function refused(error: { status?: number; code?: string; reason?: string }, res: RefusalResponse): void {
  res.statusCode = error.status ?? 500;
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ code: error.code, reason: error.reason }));
}
type RefusalResponse = {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
};

describe.each(EXPRESS)('https on Express %s', (_, express: Express) => {
  function build(options: HttpsOptions = {}, mode: 'production' | 'development' = 'production'): ReturnType<Express> {
    const app = express();
    // A test connection is plain; this header stands for a TLS socket.
    app.use((req: IncomingMessage, _res: unknown, next: () => void) => {
      if (req.headers['x-test-tls'] !== undefined) Object.assign(req.socket, { encrypted: true });
      next();
    });
    app.use(https({ origins: ORIGINS, ...options }, recorder(mode)));
    app.use((req, res) => {
      if (req.path === '/helmet') res.setHeader('Strict-Transport-Security', 'max-age=1');
      res.send('app');
    });
    app.use((error: object, _req: unknown, res: RefusalResponse, _next: unknown) => refused(error, res));
    return app;
  }

  async function ask(app: unknown, path: string, sent: Sent): Promise<Received> {
    const served = await serve(app);
    try {
      return await send(`${served.url}/`, { target: path, ...sent });
    } finally {
      await served.close();
    }
  }

  it.each([
    ['GET', 'shop.example', '/a/b?c=d&e=%20', 'https://shop.example/a/b?c=d&e=%20'],
    ['HEAD', 'shop.example', '/', 'https://shop.example/'],
    ['GET', 'shop.example:8080', '/', 'https://shop.example/'],
    ['GET', 'SHOP.example', '/', 'https://shop.example/'],
    ['GET', 'admin.example', '/x', 'https://admin.example:8443/x'],
    ['GET', 'evil.example', '/x', 'https://shop.example/x'],
    ['GET', 'shop.example.evil.example', '/x', 'https://shop.example/x'],
    ['GET', 'shop.example', '//evil.example/x', 'https://shop.example//evil.example/x'],
    ['GET', 'shop.example', '/\\evil.example', 'https://shop.example/\\evil.example'],
    ['GET', 'shop.example', '/@evil.example', 'https://shop.example/@evil.example'],
  ])('redirects the page %s http://%s%s to %s', async (method, host, path, location) => {
    const answer = await ask(build(), path, { method, headers: { ...PAGE, host, 'x-forwarded-host': 'evil.example' } });
    expect([answer.status, answer.headers.location]).toEqual([308, location]);
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect(answer.headers.vary).toContain('Accept');
    expect(new URL(location).hostname).not.toBe('evil.example');
  });

  it('redirects a navigation that says so without an Accept for pages', async () => {
    const answer = await ask(build(), '/', {
      headers: { host: 'shop.example', accept: '*/*', 'sec-fetch-mode': 'navigate' },
    });
    expect(answer.status).toBe(308);
  });

  it('the control: the usual redirect goes where the request says', async () => {
    const answer = await ask(createVulnerable(express), '/x', {
      headers: { ...PAGE, 'x-forwarded-host': 'evil.example' },
    });
    expect([answer.status, answer.headers.location]).toEqual([301, 'https://evil.example/x']);
  });

  it.each([
    ['an API request', 'GET', '/', API],
    ['curl', 'GET', '/', { host: 'shop.example', accept: '*/*' }],
    ['no Accept', 'GET', '/', { host: 'shop.example' }],
    ['another text type', 'GET', '/', { host: 'shop.example', accept: 'text/html-sandboxed' }],
    ['a form', 'POST', '/', PAGE],
    ['a deletion', 'DELETE', '/', PAGE],
    ['a page below an API path', 'GET', '/api/users', PAGE],
    ['a page below an API path, written otherwise', 'GET', '/API', PAGE],
    ['an absolute target', 'GET', 'http://evil.example/', PAGE],
  ])('refuses %s, and says why', async (_name, method, path, headers) => {
    const answer = await ask(build({ apiPaths: ['/api'] }), path, { method, headers });
    expect(answer.status).toBe(403);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.json()).toEqual({ code: 'ERR_HTTPS_REQUIRED', reason: expect.stringContaining('plain HTTP') });
  });

  it('redirects a path that only begins like an API path', async () => {
    expect((await ask(build({ apiPaths: ['/api'] }), '/apiary', { headers: PAGE })).status).toBe(308);
  });

  it('refuses pages too with redirect: false, and where no https origin is known', async () => {
    expect((await ask(build({ redirect: false }), '/', { headers: PAGE })).status).toBe(403);
    expect((await ask(build({ origins: [] }), '/', { headers: PAGE })).status).toBe(403);
  });

  it('redirects for the time being outside production: a browser never forgets a 308', async () => {
    expect((await ask(build({}, 'development'), '/', { headers: PAGE })).status).toBe(307);
  });

  it('keeps the whole path where it is mounted below one', async () => {
    const app = express();
    app.use('/mounted', https({ origins: ORIGINS }));
    const answer = await ask(app, '/mounted/x?y=1', { headers: PAGE });
    expect(answer.headers.location).toBe('https://shop.example/mounted/x?y=1');
  });

  it('lets everything pass where all origins are plain', async () => {
    for (const mode of ['development', 'production'] as const) {
      const app = build({ origins: ['http://localhost:3000'] }, mode);
      expect((await ask(app, '/', { method: 'POST', headers: { host: 'localhost:3000' } })).body).toBe('app');
    }
  });

  it.each([
    ['GET', '/.well-known/acme-challenge/AbC-_9', 200],
    ['GET', '/.well-known/acme-challenge/AbC?x=1', 200],
    ['POST', '/.well-known/acme-challenge/AbC', 403],
    ['GET', '/.well-known/acme-challenge/', 403],
    ['GET', '/.well-known/acme-challenge/a/../../admin', 403],
    ['GET', '/.well-known/acme-challenge/%2e%2e', 403],
    ['GET', '/.well-known/acme-challengeX/a', 403],
    ['GET', '/healthz', 200],
    ['HEAD', '/healthz', 200],
    ['GET', '/healthz?x', 200],
    ['POST', '/healthz', 403],
    ['GET', '/healthz/', 403],
    ['GET', '/healthz/x', 403],
    ['GET', '/Healthz', 403],
    ['GET', '//healthz', 403],
  ])('%s %s over plain HTTP: %i', async (method, path, status) => {
    const answer = await ask(build({ insecurePlainPaths: ['/healthz'] }), path, { method, headers: API });
    expect(answer.status).toBe(status);
  });

  it('lets a route pass whose exemption the gate has seen, and no other', async () => {
    const exemption = exempt('https', { reason: 'a printer that cannot do TLS' });
    for (const seen of [true, false]) {
      const app = express();
      app.use((req: IncomingMessage, _res: unknown, next: () => void) => {
        const decision = decisionOf(exemption);
        if (seen && decision !== undefined) contextOf(req).decisions = [decision];
        next();
      });
      app.use(exemption, https({ origins: ORIGINS }));
      app.use((_req, res) => void res.send('app'));
      expect((await ask(app, '/', { headers: PAGE })).status).toBe(seen ? 200 : 308);
    }
  });

  describe('behind a proxy', () => {
    function behind(proxy: 'none' | { hops: number; headers?: 'x-forwarded' }): ReturnType<Express> {
      const app = express();
      app.use(client({ origins: ORIGINS, proxy: proxy as 'none' }));
      app.use(https({ origins: ORIGINS }));
      app.use((_req, res) => void res.send('app'));
      app.use((error: object, _req: unknown, res: RefusalResponse, _next: unknown) => refused(error, res));
      return app;
    }
    const told = { ...PAGE, 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };

    it('does not redirect in a loop, and sends HSTS', async () => {
      const answer = await ask(behind({ hops: 1 }), '/', { headers: told });
      expect(answer.status).toBe(200);
      expect(answer.headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
    });

    it('redirects what came to the proxy in plain', async () => {
      const answer = await ask(behind({ hops: 1 }), '/', { headers: { ...told, 'x-forwarded-proto': 'http' } });
      expect(answer.headers.location).toBe('https://shop.example/');
    });

    it('does not believe X-Forwarded-Proto where no proxy was declared', async () => {
      const answer = await ask(behind('none'), '/', { headers: told });
      // Neither passes, nor is redirected in a circle.
      expect(answer.status).toBe(403);
      expect(answer.headers.location).toBeUndefined();
    });
  });

  describe('HSTS', () => {
    const TLS = { host: 'shop.example', 'x-test-tls': '1' };

    it('is sent over TLS, in exactly this form, and replaces a weaker one', async () => {
      for (const path of ['/', '/helmet', '/none']) {
        const answer = await ask(build(), path, { headers: TLS });
        expect([answer.status, answer.headers['strict-transport-security']]).toEqual([
          200,
          'max-age=63072000; includeSubDomains',
        ]);
      }
    });

    it('is never sent over plain HTTP, also where the app sets it', async () => {
      const answer = await ask(build({ insecurePlainPaths: ['/helmet'] }), '/helmet', { headers: API });
      expect([answer.status, answer.headers['strict-transport-security']]).toEqual([200, undefined]);
    });

    it('changes a field without dropping the others', async () => {
      const answer = await ask(build({ hsts: { maxAge: '365d', preload: true } }), '/', { headers: TLS });
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains; preload');
    });

    it('off: leaves the app’s own alone', async () => {
      const answer = await ask(build({ hsts: false }), '/helmet', { headers: TLS });
      expect(answer.headers['strict-transport-security']).toBe('max-age=1');
    });

    it.each([
      ['development', 'localhost:8443', undefined],
      ['development', 'app.localhost', undefined],
      ['development', '127.0.0.1', undefined],
      ['development', '[::1]:8443', undefined],
      ['development', 'shop.test', 'max-age=63072000; includeSubDomains'],
      ['production', 'localhost', 'max-age=63072000; includeSubDomains'],
    ] as const)('in %s on %s: %s', async (mode, host, expected) => {
      const answer = await ask(build({}, mode), '/', { headers: { ...TLS, host } });
      expect(answer.headers['strict-transport-security']).toBe(expected);
    });
  });
});

describe('https(), misused', () => {
  it.each([
    [{ hsts: { maxage: 1 } }, /https\.hsts\.maxage.*did you mean "maxAge".*ERR_CONFIG_UNKNOWN_KEY/],
    [{ hsts: { preload: true, maxAge: 1 } }, /ERR_CONFIG_CONTRADICTION/],
    [{ origins: ['https://*.example'] }, /https\.origins\[0\].*ERR_CONFIG_ORIGIN/],
    [{ insecurePlainPaths: ['/health*'] }, /https\.insecurePlainPaths\[0\].*ERR_CONFIG_VALUE/],
    [{ insecurePlainPaths: ['healthz'] }, /ERR_CONFIG_VALUE/],
    [{ cert: '/tls.crt' }, /https\.key.*ERR_CONFIG_CONTRADICTION/],
  ])('%j', (options, message) => {
    expect(() => https(options as HttpsOptions)).toThrow(message);
  });

  it('says in production that all origins are plain', () => {
    const services = recorder('production');
    https({ origins: ['http://shop.example'] }, services);
    expect(services.events).toMatchObject([{ practice: 'https', level: 'WARN' }]);
  });
});
