import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { EXPRESS, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import { contextOf } from '../../context.ts';
import { type DecisionHandler, decisionOf, exempt } from '../../decisions.ts';
import { ConfigError } from '../../errors.ts';
import { clearSiteData, type HeadersOptions, headers } from './index.ts';

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function answerOf(options: HeadersOptions, given: Record<string, string> = {}): Promise<Received['headers']> {
  const guard = headers(options);
  served = await serve((req: IncomingMessage, res: ServerResponse) => {
    guard(req, res, () => {
      for (const [name, value] of Object.entries(given)) res.setHeader(name, value);
      res.end();
    });
  });
  return (await send(served.url)).headers;
}

const refusal = (options: unknown): ConfigError => {
  try {
    headers(options as HeadersOptions);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe("helmet's names and shapes", () => {
  test.each<[HeadersOptions, string, string | undefined]>([
    [{ crossOriginEmbedderPolicy: { policy: 'credentialless' } }, 'cross-origin-embedder-policy', 'credentialless'],
    [{ crossOriginEmbedderPolicy: 'credentialless' }, 'cross-origin-embedder-policy', 'credentialless'],
    [{ crossOriginEmbedderPolicy: true }, 'cross-origin-embedder-policy', 'require-corp'],
    [{ crossOriginEmbedderPolicy: {} }, 'cross-origin-embedder-policy', 'require-corp'],
    [{ crossOriginEmbedderPolicy: false }, 'cross-origin-embedder-policy', undefined],
    [
      { crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' } },
      'cross-origin-opener-policy',
      'same-origin-allow-popups',
    ],
    [{ crossOriginResourcePolicy: { policy: 'same-site' } }, 'cross-origin-resource-policy', 'same-site'],
    [{ originAgentCluster: false }, 'origin-agent-cluster', undefined],
    [{ referrerPolicy: { policy: ['no-referrer', 'strict-origin'] } }, 'referrer-policy', 'no-referrer,strict-origin'],
    [{ referrerPolicy: 'same-origin' }, 'referrer-policy', 'same-origin'],
    [{ referrerPolicy: true }, 'referrer-policy', 'no-referrer'],
    [{ referrerPolicy: {} }, 'referrer-policy', 'no-referrer'],
    [{ origins: ['https://a.example', 'http://localhost:3000'] }, 'referrer-policy', 'no-referrer'],
    [{ origins: ['https://a.example', 'http://a.example'] }, 'referrer-policy', 'same-origin'],
    [{ origins: ['http://localhost.example'] }, 'referrer-policy', 'same-origin'],
    [{ xContentTypeOptions: false }, 'x-content-type-options', undefined],
    [{ noSniff: true }, 'x-content-type-options', 'nosniff'],
    [{ xDnsPrefetchControl: { allow: true } }, 'x-dns-prefetch-control', 'on'],
    [{ dnsPrefetchControl: { allow: false } }, 'x-dns-prefetch-control', 'off'],
    [{ xFrameOptions: { action: 'sameorigin' } }, 'x-frame-options', 'sameorigin'],
    [{ frameguard: { action: 'SAMEORIGIN' } }, 'x-frame-options', 'sameorigin'],
    [
      { xPermittedCrossDomainPolicies: { permittedPolicies: 'master-only' } },
      'x-permitted-cross-domain-policies',
      'master-only',
    ],
    [{ permittedCrossDomainPolicies: false }, 'x-permitted-cross-domain-policies', undefined],
    [{ contentSecurityPolicy: false }, 'content-security-policy', undefined],
    [{ cacheControl: 'no-cache' }, 'cache-control', 'no-cache'],
    [{ xPoweredBy: true, xXssProtection: false, xDownloadOptions: false }, 'x-download-options', undefined],
    [{ reports: false }, 'reporting-endpoints', undefined],
    [{ reports: 'https://reports.example/a' }, 'reporting-endpoints', 'default="https://reports.example/a"'],
  ])('%j: %s is %s', async (options, name, value) => {
    expect((await answerOf(options))[name]).toBe(value);
  });

  test('contentSecurityPolicy: true is the default, and its fields work', async () => {
    const policy = (await answerOf({ contentSecurityPolicy: true, permissionsPolicy: true }))[
      'content-security-policy'
    ];
    expect(policy).toMatch(/^default-src 'self'; script-src 'self'/);
    await served?.close();
    const reported = await answerOf(
      {
        contentSecurityPolicy: { useDefaults: false, reportOnly: true, directives: { defaultSrc: ["'none'"] } },
        reports: false,
      },
      { 'Content-Security-Policy': 'default-src https:' },
    );
    expect(reported['content-security-policy-report-only']).toBe("default-src 'none'");
    expect(reported['content-security-policy']).toBe('default-src https:');
  });

  test.each([
    [["'none'"], 'deny'],
    [["'self'"], 'sameorigin'],
    [["'self'", 'https://a.example'], undefined],
    [false, 'deny'],
  ])('X-Frame-Options says what frame-ancestors %j says', async (frameAncestors, value) => {
    const got = await answerOf(
      { contentSecurityPolicy: { directives: { frameAncestors } } },
      { 'X-Frame-Options': 'SAMEORIGIN' },
    );
    expect(got['x-frame-options']).toBe(value);
  });

  test('naming one feature leaves the others; origins are quoted', async () => {
    const value = (
      await answerOf({ permissionsPolicy: { camera: ['self', 'https://meet.example'], usb: false, fullscreen: '*' } })
    )['permissions-policy'];
    expect(value).toContain('camera=(self "https://meet.example")');
    expect(value).toContain('fullscreen=*');
    expect(value).toContain('microphone=()');
    expect(value).not.toContain('usb');
  });

  test('reportOnly enforces nothing that could break a page', async () => {
    const got = await answerOf({ reportOnly: true }, { 'Set-Cookie': 'a=1', 'X-Powered-By': 'PHP' });
    expect(got['content-security-policy-report-only']).toContain("default-src 'self'");
    expect(got['cross-origin-opener-policy-report-only']).toBe('same-origin; report-to="default"');
    expect(got['cross-origin-embedder-policy-report-only']).toBe('require-corp; report-to="default"');
    expect(got['permissions-policy-report-only']).toContain('camera=()');
    expect(got['set-cookie']).toEqual(['a=1']);
    for (const name of [
      'content-security-policy',
      'cross-origin-opener-policy',
      'cross-origin-embedder-policy',
      'cross-origin-resource-policy',
      'x-frame-options',
      'referrer-policy',
      'permissions-policy',
      'x-powered-by',
    ]) {
      expect(got).not.toHaveProperty(name);
    }
  });
});

describe('what is refused at construction', () => {
  test.each<[unknown, string, RegExp]>([
    [{ contentSecurtyPolicy: false }, 'headers.contentSecurtyPolicy', /did you mean "contentSecurityPolicy"/],
    [
      { contentSecurityPolicy: { reportOnyl: true } },
      'headers.contentSecurityPolicy.reportOnyl',
      /did you mean "reportOnly"/,
    ],
    [
      { contentSecurityPolicy: { directives: { scriptsrc: ["'self'"] } } },
      'headers.contentSecurityPolicy.directives.scriptsrc',
      /scriptSrc/,
    ],
    [
      { contentSecurityPolicy: { directives: { scriptSrc: ["'unsafe-inline'"] } } },
      'headers.contentSecurityPolicy.directives.scriptSrc[0]',
      /nonceOf/,
    ],
    [{ frameguard: true, xFrameOptions: true }, 'headers.frameguard', /same setting/],
    [{ hsts: true, strictTransportSecurity: true }, 'headers.hsts', /same setting/],
    [{ hsts: { maxAge: -1 } }, 'headers.strictTransportSecurity.maxAge', /seconds/],
    [{ hsts: { maxage: 1 } }, 'headers.strictTransportSecurity.maxage', /did you mean "maxAge"/],
    [{ xPoweredBy: false }, 'headers.xPoweredBy', /keepHeaders/],
    [{ xXssProtection: true }, 'headers.xXssProtection', /never sent/],
    [{ referrerPolicy: 'unsafe-url' }, 'headers.referrerPolicy', /./],
    [{ crossOriginOpenerPolicy: 'same-orign' }, 'headers.crossOriginOpenerPolicy', /./],
    [{ xFrameOptions: { action: 'allow-from' } }, 'headers.xFrameOptions.action', /./],
    [{ permissionsPolicy: { camra: [] } }, 'headers.permissionsPolicy.camra', /did you mean "camera"/],
    [{ permissionsPolicy: { camera: ["'self'"] } }, 'headers.permissionsPolicy.camera[0]', /without quotes/],
    [{ permissionsPolicy: { camera: ['https://a.example/x'] } }, 'headers.permissionsPolicy.camera[0]', /path/],
    [{ readableCookies: ['a b'] }, 'headers.readableCookies[0]', /cookie/],
    [{ removeHeaders: ['a: b'] }, 'headers.removeHeaders[0]', /header/],
    [{ keepHeaders: ['X-XSS-Protection'] }, 'headers.keepHeaders', /never/],
    [{ reports: '//evil.example/x' }, 'headers.reports', /path/],
    [{ reports: '/a";x="b' }, 'headers.reports', /path/],
    [{ cacheControl: 'a\r\nb' }, 'headers.cacheControl', /line/],
    [{ origins: ['https://*.a.example'] }, 'headers.origins[0]', /wildcard/],
  ])('%j', (options, field, message) => {
    const error = refusal(options);
    expect(error.field).toBe(field);
    expect(`${error.message} ${error.fix}`).toMatch(message);
  });

  test.each([
    [() => headers.profile('swager' as never), /did you mean "swagger"/],
    [() => headers.profile('embeddable'), /who may embed/],
    [() => headers.profile('embeddable', { by: ['https://a.example;x'] }), /";"/],
    [() => headers.profile({ contentSecurityPolicy: { directives: { defaultSrc: ['*'] } } }), /dangerouslyAllow/],
    [() => headers.profile({ readableCookies: ['a'] } as never), /no such setting/],
    [() => clearSiteData({} as never, ['cookie' as never]), /"cookie"/],
    [() => clearSiteData({} as never, []), /nothing to clear/],
  ])('helper %#', (call, message) => {
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(message);
  });
});

describe.each(EXPRESS)('route profiles, Express %s', (_, express) => {
  async function withProfiles(
    options: HeadersOptions,
    ...profiles: DecisionHandler[]
  ): Promise<[Received['headers'], Received['headers']]> {
    const app = express();
    app.use(headers(options));
    app.get('/special', ...profiles, (_req, res) => void res.send('special'));
    app.get('/', (_req, res) => void res.send('other'));
    served = await serve(app);
    await send(served.url, { target: '/special' });
    return [(await send(served.url, { target: '/special' })).headers, (await send(served.url)).headers];
  }

  test('swagger: inline styles and data: images, scripts as strict as before', async () => {
    const [special, other] = await withProfiles({}, headers.profile('swagger'));
    const policy = special['content-security-policy'] ?? '';
    expect(policy).toContain("style-src 'self' 'unsafe-inline';");
    expect(policy).toContain("img-src 'self' data:");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('trusted-types');
    expect(special['x-frame-options']).toBe('deny');
    expect(other['content-security-policy']).not.toContain('unsafe');
  });

  test('oauth-popup', async () => {
    const [special, other] = await withProfiles({}, headers.profile('oauth-popup'));
    expect(special['cross-origin-opener-policy']).toBe('same-origin-allow-popups');
    expect(other['cross-origin-opener-policy']).toBe('same-origin');
  });

  test('embeddable by those that are named, whatever X-Frame-Options is elsewhere', async () => {
    const [special, other] = await withProfiles(
      { xFrameOptions: 'sameorigin' },
      headers.profile('embeddable', { by: ['https://partner.example'] }),
    );
    expect(special['content-security-policy']).toContain('frame-ancestors https://partner.example;');
    expect(special['cross-origin-resource-policy']).toBe('cross-origin');
    expect(special).not.toHaveProperty('x-frame-options');
    expect(other['x-frame-options']).toBe('sameorigin');
  });

  test('api starts from nothing, also where the app has directives of its own', async () => {
    const [special] = await withProfiles(
      {
        contentSecurityPolicy: { directives: { imgSrc: ['https:'] }, dangerouslyAllow: ["style-src 'unsafe-inline'"] },
      },
      headers.profile('api'),
    );
    expect(special['content-security-policy']).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; sandbox; " +
        'report-uri /.well-known/bulwark/reports; report-to default',
    );
  });

  test('an object lies over the settings of the app, and the later of two wins by field', async () => {
    const [special] = await withProfiles(
      {
        contentSecurityPolicy: { directives: { fontSrc: ['https://fonts.example'] } },
        permissionsPolicy: { camera: ['self'] },
      },
      headers.profile({
        contentSecurityPolicy: { directives: { 'img-src': ['https://a.example'] } },
        permissionsPolicy: { usb: ['self'] },
      }),
      headers.profile({
        contentSecurityPolicy: { directives: { imgSrc: ['https://b.example'] } },
        cacheControl: 'private, max-age=5',
      }),
    );
    expect(special['content-security-policy']).toContain('font-src https://fonts.example; img-src https://b.example;');
    expect(special['permissions-policy']).toMatch(/camera=\(self\).*usb=\(self\)/);
    expect(special['cache-control']).toBe('private, max-age=5');
  });

  test('a route without a policy', async () => {
    const [special] = await withProfiles({}, headers.profile({ contentSecurityPolicy: false }));
    expect(special).not.toHaveProperty('content-security-policy');
    expect(special['x-content-type-options']).toBe('nosniff');
  });

  test('the decision says what it is', () => {
    expect(decisionOf(headers.profile('api'))).toMatchObject({
      practice: 'headers',
      kind: 'setting',
      summary: 'profile api',
    });
    expect(decisionOf(headers.profile({ cacheControl: false }))?.summary).toBe('own cacheControl');
  });

  test('an exempt route keeps what it sets, but vendor names go and cookies are guarded', async () => {
    const exemption = exempt('headers', { reason: 'a proxied site brings its own' });
    const decision = decisionOf(exemption);
    const app = express();
    app.use((req, _res, next) => {
      // As the gate does it: the exemption is known before the route runs.
      contextOf(req).decisions = decision === undefined ? [] : [decision];
      next();
    });
    app.use(headers());
    app.get('/', exemption, (_req, res) => {
      res.setHeader('X-Frame-Options', 'SAMEORIGIN');
      res.setHeader('Set-Cookie', 'a=1');
      res.send('ok');
    });
    served = await serve(app);
    const got = (await send(served.url)).headers;
    expect(got['x-frame-options']).toBe('SAMEORIGIN');
    expect(got['set-cookie']).toEqual(['a=1; HttpOnly; SameSite=Lax']);
    for (const name of ['x-powered-by', 'content-security-policy', 'x-content-type-options']) {
      expect(got).not.toHaveProperty(name);
    }
  });

  test('an exemption that comes too late does not hold', async () => {
    const [special] = await withProfiles({}, exempt('headers', { reason: 'nobody saw it in time' }));
    expect(special['x-frame-options']).toBe('deny');
  });
});
