import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import { exempt } from '../../decisions.ts';
import type { Policy } from '../../policy.ts';
import { secure } from '../../secure.ts';
import { cors } from './index.ts';

const PARTNER = 'https://partner.example';
const EVIL = 'https://evil.example';

/** What cors and csrf agree on inside the gate, which knows a route before it runs. */
describe.each(EXPRESS)('cors and csrf inside secure(), on Express %s', (_, express) => {
  let served: Served;
  afterEach(() => served.close());

  const start = async (policy: Partial<Policy> = {}): Promise<void> => {
    const app = express();
    secure(app, { origins: ['https://shop.example'], mode: 'test', https: false, logging: false, ...policy });
    app.get('/', (_req, res) => void res.send('page'));
    app.get('/data', cors.allow({ dangerouslyAnyOrigin: true }), (_req, res) => void res.send('feed'));
    app.put('/data', cors.allow({ origins: [PARTNER] }), (_req, res) => void res.send('put'));
    app.post('/hook', exempt('csrf', { reason: 'the sender signs it' }), (_req, res) => void res.send('hook'));
    app.get('/by-hand', exempt('cors', { reason: 'sets its own headers' }), (_req, res) => {
      res.set('Access-Control-Allow-Origin', PARTNER).send('by hand');
    });
    served = await serve(app);
  };
  const ask = (method: string, path: string, headers: Record<string, string>): Promise<Received> =>
    send(served.url + path, { method, headers: { Host: 'shop.example', ...headers } });
  const crossSite = (origin: string): Record<string, string> => ({
    Origin: origin,
    'Sec-Fetch-Site': 'cross-site',
    'Sec-Fetch-Mode': 'cors',
  });

  it('answers a preflight by the route of the method that it asks for', async () => {
    await start();
    const preflight = (origin: string, method: string): Promise<Received> =>
      ask('OPTIONS', '/data', { Origin: origin, 'Access-Control-Request-Method': method });
    expect((await preflight(EVIL, 'GET')).headers['access-control-allow-origin']).toBe('*');
    expect((await preflight(PARTNER, 'PUT')).headers['access-control-allow-origin']).toBe(PARTNER);
    expect((await preflight(EVIL, 'PUT')).json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
    for (const method of ['constructor', '__proto__', '*', 'PU T'])
      expect((await preflight(EVIL, method)).status).toBe(403);
  });

  it('lets the origins of a route change its state, and nobody else', async () => {
    await start();
    expect((await ask('PUT', '/data', crossSite(PARTNER))).body).toBe('put');
    expect((await ask('PUT', '/data', crossSite(EVIL))).json()).toMatchObject({ code: 'ERR_CSRF_CROSS_SITE' });
    expect((await ask('POST', '/', crossSite(PARTNER))).json()).toMatchObject({ code: 'ERR_CSRF_CROSS_SITE' });
    expect((await ask('GET', '/', crossSite(PARTNER))).json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
  });

  it('one exemption opens a route that other sites post to', async () => {
    await start();
    const form = { Origin: EVIL, Cookie: 'sid=1' };
    expect((await ask('POST', '/hook', form)).body).toBe('hook');
    expect((await ask('POST', '/hook', { ...form, Origin: 'null' })).body).toBe('hook');
    expect((await ask('POST', '/', { ...form, Origin: 'null' })).json()).toMatchObject({
      code: 'ERR_CSRF_NULL_ORIGIN',
    });
  });

  it('refuses state changes itself where csrf is off', async () => {
    await start({ csrf: false });
    expect((await ask('POST', '/', { Origin: EVIL })).json()).toMatchObject({ code: 'ERR_CORS_ORIGIN' });
  });

  it('leaves an exempt route its own headers', async () => {
    await start();
    const answer = await ask('GET', '/by-hand', { Origin: EVIL });
    expect(answer.headers['access-control-allow-origin']).toBe(PARTNER);
  });

  it('what the policy opens to every page, every page may load', async () => {
    await start({ cors: { dangerouslyAnyOrigin: true } });
    expect((await ask('GET', '/', crossSite(EVIL))).headers['access-control-allow-origin']).toBe('*');
    const image = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' };
    expect((await ask('GET', '/', image)).status).toBe(200);
    expect((await ask('POST', '/', crossSite(EVIL))).json()).toMatchObject({ code: 'ERR_CSRF_CROSS_SITE' });
  });

  it('an old app with a cors() of its own goes on as before in monitor mode', async () => {
    await start({ monitor: true });
    const answer = await ask('GET', '/by-hand', { Origin: EVIL });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(PARTNER);
    expect((await ask('OPTIONS', '/data', { Origin: EVIL, 'Access-Control-Request-Method': 'PUT' })).status).toBe(200);
  });
});
