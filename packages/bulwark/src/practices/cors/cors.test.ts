import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Received, send } from '../../../test/support/http.ts';
import { type Behind, type RefusingApp, serveBehind } from '../../../test/support/refusing-app.ts';
import { contextOf, type Next } from '../../context.ts';
import { type CorsOptions, cors } from './index.ts';

const OWN = 'https://shop.example';
const SIBLING = 'https://www.shop.example';
const PARTNER = 'https://partner.example';
const EVIL = 'https://evil.example';

const POLICY: CorsOptions = { ownOrigins: [OWN, SIBLING], origins: [PARTNER] };

type Headers = Readonly<Record<string, string>>;

describe.each(EXPRESS)('cors on Express %s', (_, express) => {
  let app: RefusingApp;
  afterEach(() => app.close());

  const start = async (options: CorsOptions = POLICY, behind: Behind = {}): Promise<void> => {
    app = await serveBehind(express, cors(options), behind);
  };
  const ask = (method: string, headers: Headers): Promise<Received> => send(app.url, { method, headers });
  const preflight = (origin: string, method: string, names?: string): Promise<Received> =>
    ask('OPTIONS', {
      Origin: origin,
      'Access-Control-Request-Method': method,
      ...(names === undefined ? {} : { 'Access-Control-Request-Headers': names }),
    });

  const READS: readonly [string, Headers, number, string | undefined][] = [
    ['no Origin: curl, health checks, link previews', {}, 200, undefined],
    ['a navigation from elsewhere', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }, 200, undefined],
    ['the own origin', { Origin: OWN }, 200, OWN],
    ['another own origin', { Origin: SIBLING }, 200, SIBLING],
    ['a listed origin', { Origin: PARTNER, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'cross-site' }, 200, PARTNER],
    ['a foreign origin', { Origin: EVIL, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'cross-site' }, 403, undefined],
    ['a foreign origin, old browser', { Origin: EVIL }, 403, undefined],
    ['a sandboxed frame', { Origin: 'null', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'cross-site' }, 403, undefined],
    ['null after a redirected form, old browser', { Origin: 'null' }, 200, undefined],
    ['null after a redirected form', { Origin: 'null', 'Sec-Fetch-Mode': 'navigate' }, 200, undefined],
    [
      'a page that this server knows under another name',
      { Origin: 'https://x.example', 'Sec-Fetch-Site': 'same-origin' },
      200,
      undefined,
    ],
    ['an empty Origin', { Origin: '' }, 403, undefined],
  ];

  it.each(READS)('a read with %s', async (_name, headers, status, allowed) => {
    await start();
    const answer = await ask('GET', headers);
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBe(allowed);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers.vary).toBe('Origin');
    expect(app.ran()).toBe(status === 200 ? 1 : 0);
    if (status === 403)
      expect(answer.json()).toMatchObject({
        code: 'ERR_CORS_ORIGIN',
        reason: expect.stringContaining('Origin header'),
      });
  });

  const WRITES: readonly [string, Headers, number][] = [
    ['no Origin', {}, 200],
    ['the own origin', { Origin: OWN }, 200],
    ['a listed origin', { Origin: PARTNER, 'Sec-Fetch-Mode': 'cors' }, 200],
    ['a foreign origin', { Origin: EVIL, 'Sec-Fetch-Mode': 'cors' }, 403],
    ['a foreign origin, old browser', { Origin: EVIL }, 403],
    ['null, old browser', { Origin: 'null' }, 403],
    ['a form of another site, which is csrf’s to judge', { Origin: EVIL, 'Sec-Fetch-Mode': 'navigate' }, 200],
    ['a beacon of another site, which is csrf’s to judge', { Origin: EVIL, 'Sec-Fetch-Mode': 'no-cors' }, 200],
  ];

  it.each(WRITES)('a POST with %s', async (_name, headers, status) => {
    await start();
    const answer = await ask('POST', headers);
    expect(answer.status).toBe(status);
    expect(app.ran()).toBe(status === 200 ? 1 : 0);
    if (headers.Origin === EVIL) expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('leaves state changes to csrf where secure() says that it stands behind, and reads not', async () => {
    await start({ ...POLICY, stateChanges: 'leave-to-csrf' });
    expect((await ask('DELETE', { Origin: EVIL })).status).toBe(200);
    expect((await ask('QUERY', { Origin: 'null' })).status).toBe(200);
    expect((await ask('GET', { Origin: EVIL })).status).toBe(403);
    expect((await preflight(EVIL, 'DELETE')).status).toBe(403);
  });

  it('refuses a method that is not on the list, but not to the own origins', async () => {
    await start({ ...POLICY, methods: 'GET, HEAD' });
    expect((await ask('POST', { Origin: PARTNER })).json()).toMatchObject({ code: 'ERR_CORS_METHOD' });
    expect((await ask('POST', { Origin: OWN })).status).toBe(200);
    expect((await ask('OPTIONS', { Origin: PARTNER })).status).toBe(200);
  });

  it('answers a preflight by itself', async () => {
    await start({ ...POLICY, credentials: true });
    const answer = await preflight(PARTNER, 'PUT', 'content-type, X-Requested-With');
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': PARTNER,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'Content-Type, Authorization, X-Requested-With, If-Match, If-None-Match',
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    });
    expect(answer.headers).not.toHaveProperty('access-control-expose-headers');
    expect(app.ran()).toBe(0);
  });

  it.each([
    ['a foreign origin', EVIL, 'GET', undefined, 'ERR_CORS_ORIGIN'],
    ['null', 'null', 'GET', undefined, 'ERR_CORS_ORIGIN'],
    ['a method that is not allowed', PARTNER, 'QUERY', undefined, 'ERR_CORS_METHOD'],
    ['a method in lower case', PARTNER, 'put', undefined, 'ERR_CORS_METHOD'],
    ['an empty method', PARTNER, '', undefined, 'ERR_CORS_METHOD'],
    ['a header that is not allowed', PARTNER, 'PUT', 'content-type,x-admin', 'ERR_CORS_HEADER'],
    ['a header with a wildcard', PARTNER, 'PUT', '*', 'ERR_CORS_HEADER'],
  ])('refuses a preflight with %s: 403, no permission, never 500', async (_name, origin, method, names, code) => {
    await start();
    const answer = await preflight(origin, method, names);
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ code });
    expect(answer.headers.vary).toBe('Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
    expect(
      Object.keys(answer.headers).filter((name) => /^access-control-(allow-(methods|headers)|max-age)/.test(name)),
    ).toEqual([]);
    expect(app.ran()).toBe(0);
  });

  it('never permits private network access, and takes the leave of a left-over cors() away', async () => {
    const leftOver = (_req: IncomingMessage, res: ServerResponse, next: Next): void => {
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Access-Control-Allow-Credentials', 'true');
      res.setHeader('Access-Control-Allow-Private-Network', 'true');
      res.setHeader('Access-Control-Expose-Headers', 'X-Total-Count, retry-after');
      res.setHeader('Vary', 'Accept-Encoding');
      next();
    };
    await start(POLICY, { then: [leftOver] });
    const without = await ask('GET', {});
    expect(without.headers).not.toHaveProperty('access-control-allow-origin');
    expect(without.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(without.headers).not.toHaveProperty('access-control-allow-private-network');
    expect(without.headers.vary).toBe('Accept-Encoding, Origin');
    const listed = await ask('GET', { Origin: PARTNER });
    expect(listed.headers['access-control-allow-origin']).toBe(PARTNER);
    expect(listed.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(listed.headers['access-control-expose-headers']).toBe(
      'X-Total-Count, retry-after, RateLimit, RateLimit-Policy, X-Request-Id',
    );
    const pna = await send(app.url, {
      method: 'OPTIONS',
      headers: {
        Origin: PARTNER,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Private-Network': 'true',
      },
    });
    expect(pna.status).toBe(204);
    expect(pna.headers).not.toHaveProperty('access-control-allow-private-network');
  });

  it('overrules headers that a handler gives to writeHead, and keeps a Vary: *', async () => {
    const answers = (_req: IncomingMessage, res: ServerResponse): void => {
      res.writeHead(201, { 'Access-Control-Allow-Origin': EVIL, Vary: '*' });
      res.end();
    };
    await start(POLICY, { then: [answers] });
    const answer = await ask('GET', {});
    expect(answer.status).toBe(201);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(answer.headers.vary).toBe('*');
  });

  it('says Vary once, also where the app has said it', async () => {
    const varies = (_req: IncomingMessage, res: ServerResponse, next: Next): void => {
      res.setHeader('Vary', ['origin', 'Cookie']);
      next();
    };
    await start(POLICY, { then: [varies] });
    const values = (await ask('GET', {})).rawHeaders.filter((_value, i, all) => all[i - 1]?.toLowerCase() === 'vary');
    expect(values.join(', ')).toBe('origin, Cookie');
  });

  it('keeps its headers on errors', async () => {
    const fails = (_req: IncomingMessage, _res: ServerResponse, next: Next): void => next(new Error('broken'));
    await start(POLICY, { then: [fails] });
    const answer = await ask('GET', { Origin: PARTNER });
    expect(answer.status).toBe(500);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': PARTNER, vary: 'Origin' });
  });

  it('takes the origin of the request’s own host for the own one where none is given', async () => {
    await start({});
    expect((await ask('POST', { Origin: app.url })).status).toBe(200);
    expect((await ask('POST', { Origin: app.url.replace('http:', 'https:') })).status).toBe(403);
    expect((await ask('POST', { Origin: 'http://127.0.0.1' })).status).toBe(403);
  });

  it('answers 200 to preflights where old clients need that', async () => {
    await start({ ...POLICY, optionsSuccessStatus: 200, maxAge: '1m' });
    const answer = await preflight(PARTNER, 'GET');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'content-length': '0', 'access-control-max-age': '60' });
  });

  it('in monitor mode: judges, and leaves what the app does', async () => {
    const old = (req: IncomingMessage, res: ServerResponse, next: Next): void => {
      res.setHeader('Access-Control-Allow-Origin', '*');
      if (req.method === 'OPTIONS') res.end();
      else next();
    };
    await start({ ...POLICY, reportOnly: true }, { then: [old] });
    const answer = await preflight(PARTNER, 'PUT');
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
    expect((await preflight(EVIL, 'PUT')).json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
  });

  it('leaves a route alone from which it was lifted', async () => {
    const lifted = (req: IncomingMessage, res: ServerResponse, next: Next): void => {
      contextOf(req).decisions = [{ practice: 'cors', kind: 'exemption', summary: 'exempt' }];
      res.setHeader('Access-Control-Allow-Origin', 'https://by.hand.example');
      next();
    };
    await start(POLICY, { then: [lifted] });
    expect((await ask('GET', {})).headers['access-control-allow-origin']).toBe('https://by.hand.example');
  });

  describe('cors.allow()', () => {
    it('opens one route to everybody, without cookies', async () => {
      await start({ ...POLICY, credentials: true }, { decisions: [cors.allow({ dangerouslyAnyOrigin: true })] });
      for (const headers of [{}, { Origin: EVIL }, { Origin: 'null', 'Sec-Fetch-Mode': 'cors' }, { Origin: PARTNER }]) {
        const answer = await ask('GET', headers);
        expect(answer.status).toBe(200);
        expect(answer.headers['access-control-allow-origin']).toBe('*');
        expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
      }
      const own = await ask('GET', { Origin: SIBLING });
      expect(own.headers).toMatchObject({
        'access-control-allow-origin': SIBLING,
        'access-control-allow-credentials': 'true',
      });
      expect((await preflight(EVIL, 'GET')).headers['access-control-allow-origin']).toBe('*');
    });

    it('takes the place of the policy’s list; the innermost counts', async () => {
      const outer = cors.allow({ dangerouslyAnyOrigin: true });
      const inner = cors.allow({ origin: 'https://other.example', credentials: true });
      await start(POLICY, { decisions: [outer, inner] });
      expect((await ask('GET', { Origin: PARTNER })).status).toBe(403);
      expect((await ask('GET', { Origin: EVIL })).status).toBe(403);
      const other = await ask('GET', { Origin: 'https://other.example' });
      expect(other.headers).toMatchObject({
        'access-control-allow-origin': 'https://other.example',
        'access-control-allow-credentials': 'true',
      });
      expect((await ask('GET', { Origin: OWN })).status).toBe(200);
    });
  });
});
