import { describe, expect, it } from 'vitest';
import { type Policy, secure } from '../../src/index.ts';
import { ask, one, QUIET } from '../support/ask.ts';
import { EXPRESS, type Received, type Sent } from '../support/http.ts';
import { type App, cors, EVIL, handWire, pairOf } from './support/hand-wired.ts';

const APP_ORIGIN = 'https://app.example';
const from = (origin: string, sent: Sent = {}): Sent => ({ ...sent, headers: { ...sent.headers, origin } });
const preflight = (origin: string, method = 'PUT'): Sent => ({
  method: 'OPTIONS',
  target: '/account',
  headers: { origin, 'access-control-request-method': method },
});
const allowed = (answer: Received): unknown => answer.headers['access-control-allow-origin'];
const granted = (answer: Received): unknown[] => [allowed(answer), answer.headers['access-control-allow-credentials']];

describe.each(EXPRESS)('CORS on Express %s', (version, express) => {
  let ran = 0;
  const shop = (corsOptions: object): App => {
    ran = 0;
    const app = express();
    handWire(app, express, { cors: corsOptions });
    app.all('/account', (_req, res) => {
      ran++;
      res.send('ann@shop.example');
    });
    return app;
  };
  const get = (origin: string): Sent => from(origin, { target: '/account' });

  it('1.4.1: any origin is repeated with credentials, null too', async () => {
    const { wired, secured } = pairOf(() => shop({ origin: true, credentials: true }));
    for (const origin of [EVIL, 'null']) {
      expect(granted(await one(wired, get(origin)))).toEqual([origin, 'true']);
      expect(granted(await one(secured, get(origin)))).toEqual([undefined, undefined]);
      const asked = await one(secured, preflight(origin));
      expect(asked.json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
      expect(granted(asked)).toEqual([undefined, undefined]);
    }
    // A sandboxed frame sends null in CORS mode, which is what the exception for old browsers is not for.
    const sandboxed = get('null');
    const answer = await one(secured, { ...sandboxed, headers: { ...sandboxed.headers, 'sec-fetch-mode': 'cors' } });
    expect(answer.json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
  });

  it('1.4.2a: a pattern over the end of the origin', async () => {
    const { wired, secured } = pairOf(() => shop({ origin: /example\.com$/ }), {
      cors: { origins: ['https://example.com'] },
    });
    expect(allowed(await one(wired, get('https://evilexample.com')))).toBe('https://evilexample.com');
    const [near, listed] = await ask(secured, get('https://evilexample.com'), get('https://example.com'));
    expect(near?.json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
    expect(listed?.headers['access-control-allow-origin']).toBe('https://example.com');
    const pattern = { cors: { origins: [/example\.com$/] } } as unknown as Partial<Policy>;
    expect(() => secure(express(), { ...QUIET, ...pattern })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_ORIGIN' }),
    );
  });

  it('1.4.2b: a wildcard within an origin, which is sent as it stands and serves nobody', async () => {
    const wildcard = 'http://localhost:*';
    const { wired, secured } = pairOf(() => shop({ origin: wildcard }));
    expect(allowed(await one(wired, get('http://localhost:5173')))).toBe(wildcard);
    expect(allowed(await one(secured, { target: '/account' }))).toBeUndefined();
    expect(() => secure(express(), { ...QUIET, cors: { origins: [wildcard] } })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_ORIGIN' }),
    );
  });

  it('1.4.3: “CORS blocks the request”: the handler runs for a page that is on no list', async () => {
    const { wired, secured } = pairOf(() => shop({ origin: [APP_ORIGIN], credentials: true }));
    const post = from(EVIL, {
      method: 'POST',
      target: '/account',
      headers: { 'content-type': 'text/plain', cookie: 'sid=1' },
      body: '{"to":"evil"}',
    });
    ran = 0;
    expect((await one(wired, post)).status).toBe(200);
    expect(ran).toBe(1);
    expect((await one(secured, post)).json()).toMatchObject({ status: 403, code: 'ERR_CSRF_ORIGIN' });
    expect(ran).toBe(1);
  });

  it('1.4.4a: refusing by an error: 500 and a stack', async () => {
    const origin = (from: string | undefined, done: (error: Error | null, allow?: boolean) => void): void =>
      from === APP_ORIGIN ? done(null, true) : done(new Error('Not allowed by CORS'));
    const { wired, secured } = pairOf((secured) => shop(secured ? { origin: APP_ORIGIN } : { origin }));
    const leaked = await one(wired, get(EVIL));
    expect(leaked.status).toBe(500);
    expect(leaked.body).toMatch(/Not allowed by CORS.*node_modules/s);
    const refused = await one(secured, get(EVIL));
    expect(refused.json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
    expect(refused.body).not.toMatch(/node_modules|\bat /);
  });

  it('1.4.4b: refusing by an error: 500 for curl and health checks, which have no Origin', async () => {
    const origin = (from: string | undefined, done: (error: Error | null, allow?: boolean) => void): void =>
      from === APP_ORIGIN ? done(null, true) : done(new Error('Not allowed by CORS'));
    const { wired, secured } = pairOf((secured) => shop(secured ? { origin: APP_ORIGIN } : { origin }));
    expect((await one(wired, { target: '/account' })).status).toBe(500);
    expect((await one(secured, { target: '/account' })).status).toBe(200);
  });

  it('2.8: cors behind the login and behind the routes: the listed origin is refused, and reads are not marked', async () => {
    const build = (): App => {
      const app = express();
      app.get('/public', (_req, res) => void res.send('public'));
      app.use((req, res, next) => {
        if (req.headers.authorization === undefined) res.status(401).send('log in first');
        else next();
      });
      app.use(cors({ origin: [APP_ORIGIN] }));
      app.put('/account', (_req, res) => void res.send('saved'));
      return app;
    };
    const { wired, secured } = pairOf(build, { cors: { origins: [APP_ORIGIN] } });
    const requests = [preflight(APP_ORIGIN), from(APP_ORIGIN, { target: '/public' })];
    const [refused, unmarked] = await ask(wired, ...requests);
    expect(refused?.status).toBe(401);
    expect(unmarked?.headers).not.toHaveProperty('access-control-allow-origin');
    const [answered, marked] = await ask(secured, ...requests);
    expect(answered?.status).toBe(204);
    expect(answered?.headers['access-control-allow-origin']).toBe(APP_ORIGIN);
    expect(marked?.headers['access-control-allow-origin']).toBe(APP_ORIGIN);
  });

  it(`3.3: app.options('*', cors()) ${version === '4' ? 'is needed' : 'throws at the start'}; here preflights need no route`, async () => {
    const wire = (): App => {
      const app = express();
      app.options('*', cors({ origin: [APP_ORIGIN] }));
      return app;
    };
    if (version === '5') expect(wire).toThrow(/Missing parameter name|pathToRegexp/);
    else expect((await one(wire(), preflight(APP_ORIGIN))).status).toBe(204);
    const app = express();
    secure(app, { ...QUIET, cors: { origins: [APP_ORIGIN] } });
    app.put('/account', (_req, res) => void res.send('saved'));
    const [listed, foreign] = await ask(app, preflight(APP_ORIGIN), preflight(EVIL));
    expect([listed?.status, foreign?.status]).toEqual([204, 403]);
  });

  it('4.1b: cors() without options, which is copied everywhere: every page reads every answer', async () => {
    const { wired, secured } = pairOf(() => shop({}));
    expect(allowed(await one(wired, get(EVIL)))).toBe('*');
    expect((await one(secured, get(EVIL))).json()).toMatchObject({ status: 403, code: 'ERR_CORS_ORIGIN' });
    expect(allowed(await one(secured, { target: '/account' }))).toBeUndefined();
  });
});
