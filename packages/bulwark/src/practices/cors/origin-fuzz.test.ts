import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { type RefusingApp, serveBehind } from '../../../test/support/refusing-app.ts';
import { cors } from './index.ts';

/** What resembles `https://shop.example` and `https://xn--bcher-kva.example` but is neither. */
const LOOKALIKES = [
  'https://evilshop.example',
  'https://shop.example.evil.example',
  'https://shop.examplee',
  'https://shop.exampl',
  'https://shop-example',
  'https://shopxexample',
  'https://a.shop.example',
  'https://shop.example:8443',
  'https://shop.example:443',
  'https://shop.example:0443',
  'https://shop.example:',
  'http://shop.example',
  'http://shop.example:443',
  'wss://shop.example',
  'HTTPS://shop.example',
  'https://SHOP.example',
  'https://shop.example/',
  'https://shop.example.',
  'https://shop.example?',
  'https://shop.example#',
  'https://shop.example\\',
  'https:shop.example',
  'https:///shop.example',
  '//shop.example',
  'shop.example',
  'https://user@shop.example',
  'https://shop.example@evil.example',
  'https://shop.example%2eevil.example',
  'https://shop.example%00.evil.example',
  'https://shop.example,https://evil.example',
  'https://shop.example https://evil.example',
  'https://shop.example, https://shop.example',
  'https://evil.example, https://shop.example',
  'https://xn--bcher-kva.example.',
  'https://xn--bcher-kvb.example',
  'https://b\u00fccher.example',
  'null, https://shop.example',
  'NULL',
  'undefined',
  '*',
  'file://',
  'moz-extension://shop.example',
  'chrome-extension://shop.example',
  '__proto__',
  'constructor',
];

describe.each(EXPRESS)('origins that are almost right, on Express %s', (_, express) => {
  let app: RefusingApp;
  beforeAll(async () => {
    const options = { origins: ['https://shop.example', 'https://bücher.example'], credentials: true };
    app = await serveBehind(express, cors({ ...options, ownOrigins: ['https://own.example'] }));
  });
  afterAll(() => app.close());

  it.each(['https://shop.example', 'https://xn--bcher-kva.example', 'https://own.example'])(
    'control: %s itself is allowed',
    async (origin) => {
      const answer = await send(app.url, { headers: { Origin: origin } });
      expect(answer.status).toBe(200);
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
    },
  );

  it.each(LOOKALIKES)('%j is refused, and its handler is not reached', async (origin) => {
    const before = app.ran();
    const preflight = { Origin: origin, 'Access-Control-Request-Method': 'PUT' };
    for (const sent of [
      { method: 'GET', headers: { Origin: origin } },
      { method: 'POST', headers: { Origin: origin, 'Sec-Fetch-Mode': 'cors' } },
      { method: 'OPTIONS', headers: preflight },
    ]) {
      const answer = await send(app.url, sent);
      expect(answer.status).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    }
    expect(app.ran()).toBe(before);
  });

  it('refuses an Origin header that came twice', async () => {
    const twice = ['https://shop.example', 'https://shop.example'];
    const answer = await send(app.url, { headers: { Origin: twice } });
    expect(answer.json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
  });

  it('allows, refuses, and never fails, whatever the headers hold', async () => {
    const value = fc.oneof(
      fc.constantFrom('https://shop.example', 'null', '', 'GET', 'cors', 'same-origin', ...LOOKALIKES.slice(0, 30)),
      fc.string({
        unit: fc
          .integer({ min: 0x20, max: 0xff })
          .filter((c) => c !== 0x7f)
          .map((c) => String.fromCharCode(c)),
      }),
    );
    const headers = fc.record(
      {
        Origin: value,
        'Access-Control-Request-Method': value,
        'Access-Control-Request-Headers': value,
        'Sec-Fetch-Site': value,
        'Sec-Fetch-Mode': value,
      },
      { requiredKeys: [] },
    );
    const method = fc.constantFrom('GET', 'POST', 'OPTIONS', 'PROPFIND');
    await fc.assert(
      fc.asyncProperty(method, headers, async (method, headers) => {
        const answer = await send(app.url, { method, headers });
        expect([200, 204, 403]).toContain(answer.status);
        const allowed = answer.headers['access-control-allow-origin'];
        // Node trims white space around a header's value.
        if (allowed !== undefined) expect(allowed).toBe(headers.Origin?.trim());
        expect([undefined, 'https://shop.example', 'https://xn--bcher-kva.example', 'https://own.example']).toContain(
          allowed,
        );
      }),
      { numRuns: 200 },
    );
  });
});
