import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { type RefusingApp, serveBehind } from '../../../test/support/refusing-app.ts';
import type { Handler } from '../../context.ts';
import { cors } from './index.ts';

const corsPackage = createRequire(import.meta.url)('cors') as (options?: object) => Handler;

const EVIL = 'https://evil.example';
const OWN = 'https://shop.example';
const policy = cors({ ownOrigins: [OWN], origins: ['https://example.com'], credentials: true });

/** What goes wrong with the cors package as it is commonly set up, and what becomes of the same request here. */
describe.each(EXPRESS)('the cors package beside this practice, on Express %s', (_, express) => {
  let app: RefusingApp;
  afterEach(() => app.close());

  const start = async (practice: Handler): Promise<void> => {
    app = await serveBehind(express, practice);
  };
  const allowedTo = async (origin: string): Promise<string | undefined> =>
    (await send(app.url, { headers: { Origin: origin } })).headers['access-control-allow-origin'];

  describe('reflection with cookies', () => {
    it('control: origin: true gives every origin, and null, the cookies', async () => {
      await start(corsPackage({ origin: true, credentials: true }));
      for (const origin of [EVIL, 'null']) {
        const { headers } = await send(app.url, { headers: { Origin: origin } });
        expect(headers['access-control-allow-origin']).toBe(origin);
        expect(headers['access-control-allow-credentials']).toBe('true');
      }
    });

    it('here', async () => {
      await start(policy);
      expect(await allowedTo(EVIL)).toBeUndefined();
      expect(await allowedTo('null')).toBeUndefined();
    });
  });

  describe('a pattern', () => {
    it('control: /example\\.com$/ takes evilexample.com', async () => {
      await start(corsPackage({ origin: /example\.com$/ }));
      expect(await allowedTo('https://evilexample.com')).toBe('https://evilexample.com');
    });

    it('here', async () => {
      await start(policy);
      expect(await allowedTo('https://example.com')).toBe('https://example.com');
      expect(await allowedTo('https://evilexample.com')).toBeUndefined();
    });
  });

  describe('refusal by an error', () => {
    const refusing = {
      origin: (origin: string | undefined, done: (error: Error | null, allow?: boolean) => void) =>
        origin === OWN ? done(null, true) : done(new Error('Not allowed by CORS')),
    };

    it('control: 500 for a foreign origin, and for curl', async () => {
      await start(corsPackage(refusing));
      expect((await send(app.url, { headers: { Origin: EVIL } })).status).toBe(500);
      expect((await send(app.url)).status).toBe(500);
    });

    it('here: 403, and curl is served', async () => {
      await start(policy);
      expect((await send(app.url, { headers: { Origin: EVIL } })).status).toBe(403);
      expect((await send(app.url)).status).toBe(200);
    });
  });

  describe('"CORS blocks the request"', () => {
    const post = { method: 'POST', headers: { Origin: EVIL, 'Content-Type': 'text/plain' }, body: '{"to":"evil"}' };

    it('control: an allow-list does not keep the handler from running', async () => {
      await start(corsPackage({ origin: [OWN], credentials: true }));
      expect((await send(app.url, post)).status).toBe(200);
      expect(app.ran()).toBe(1);
    });

    it('here it does not run', async () => {
      await start(policy);
      expect((await send(app.url, post)).json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
      expect(app.ran()).toBe(0);
    });
  });

  describe('a Vary that gets lost', () => {
    const clobbers: Handler = (_req, res, next) => {
      res.setHeader('Vary', 'Accept-Encoding');
      next();
    };

    it('control: a later middleware sets Vary, and a cache mixes origins up', async () => {
      app = await serveBehind(express, corsPackage({ origin: [OWN] }), { then: [clobbers] });
      const { headers } = await send(app.url, { headers: { Origin: OWN } });
      expect(headers).toMatchObject({ 'access-control-allow-origin': OWN, vary: 'Accept-Encoding' });
    });

    it('here it stays', async () => {
      app = await serveBehind(express, policy, { then: [clobbers] });
      expect((await send(app.url, { headers: { Origin: OWN } })).headers.vary).toBe('Accept-Encoding, Origin');
    });
  });

  it('a left-over cors() behind the practice opens nothing', async () => {
    app = await serveBehind(express, policy, { then: [corsPackage({ origin: true, credentials: true })] });
    expect((await send(app.url, { headers: { Origin: EVIL } })).status).toBe(403);
    const navigated = await send(app.url, { headers: { Origin: EVIL, 'Sec-Fetch-Mode': 'no-cors' } });
    expect(navigated.status).toBe(200);
    expect(navigated.headers).not.toHaveProperty('access-control-allow-origin');
    const asked = await send(app.url, {
      method: 'OPTIONS',
      headers: { Origin: EVIL, 'Access-Control-Request-Method': 'PUT' },
    });
    expect(asked.status).toBe(403);
  });
});
