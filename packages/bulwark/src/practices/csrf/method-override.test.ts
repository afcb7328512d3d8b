import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Served, send, serve } from '../../../test/support/http.ts';
import { serveBehind } from '../../../test/support/refusing-app.ts';
import type { Handler } from '../../context.ts';
import { csrf } from './index.ts';

const methodOverride = createRequire(import.meta.url)('method-override') as (
  getter: string,
  options?: object,
) => Handler;

const EVIL = 'https://evil.example';
const POLICY = { origins: ['https://shop.example'] };

/** What many have in place of a check: it knows which methods change something, and comes first. */
const firstByMethod: Handler = (req, res, next) => {
  if (['GET', 'HEAD', 'OPTIONS'].includes(req.method ?? '') || req.headers.origin === POLICY.origins[0]) return next();
  res.statusCode = 403;
  res.end();
};

/** A link on another site, which carries cookies that are SameSite=Lax. */
const LINK = {
  Cookie: 'sid=1',
  'Sec-Fetch-Site': 'cross-site',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};

describe.each(EXPRESS)('a method that is changed behind the check, on Express %s', (_, express) => {
  let served: Served;
  let deleted = 0;
  afterEach(() => served.close());

  const start = async (check: Handler, getter: string): Promise<void> => {
    deleted = 0;
    served = await serve(createApp(express, check, methodOverride(getter, { methods: null })));
  };
  const createApp = (express: Express, check: Handler, override: Handler): unknown => {
    const app = express();
    app.use(check, override);
    app.get('/account', (_req, res) => void res.send('account'));
    app.delete('/account', (_req, res) => {
      deleted++;
      res.send('deleted');
    });
    return app;
  };

  it('control: a link with _method=DELETE passes a check that comes first', async () => {
    await start(firstByMethod, '_method');
    expect((await send(`${served.url}/account?_method=DELETE`, { headers: LINK })).body).toBe('deleted');
    expect(deleted).toBe(1);
  });

  it.each([
    '_method=DELETE',
    '%5Fmethod=DELETE',
    '%5f%6d%65%74%68%6f%64=DELETE',
    'a=%&_method=DELETE',
    'x=1&_method=GET&_method=DELETE',
    '[_method]=DELETE',
    '%5B_method%5D=DELETE',
    '_method[]=DELETE',
  ])('here: ?%s', async (query) => {
    await start(csrf(POLICY), '_method');
    const answer = await send(`${served.url}/account?${query}`, { headers: LINK });
    expect(answer.status).toBe(403);
    expect(deleted).toBe(0);
  });

  it('control: a header in a GET passes such a check', async () => {
    await start(firstByMethod, 'X-HTTP-Method-Override');
    const headers = { Origin: EVIL, Cookie: 'sid=1', 'X-HTTP-Method-Override': 'DELETE' };
    expect((await send(`${served.url}/account`, { headers })).body).toBe('deleted');
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('here: %s', async (name) => {
    await start(csrf(POLICY), name);
    for (const headers of [{ Origin: EVIL }, { Origin: 'null' }, LINK, { Cookie: 'sid=1' }] as const) {
      const answer = await send(`${served.url}/account`, { headers: { ...headers, [name]: 'DELETE' } });
      expect(answer.status).toBe(403);
    }
    expect(deleted).toBe(0);
    const own = { Origin: 'https://shop.example', Cookie: 'sid=1', [name]: 'DELETE' };
    expect((await send(`${served.url}/account`, { headers: own })).body).toBe('deleted');
  });

  it('near misses: other parameters are left alone', async () => {
    await start(csrf(POLICY), '_method');
    for (const query of [
      '',
      'method=DELETE',
      'a_method=DELETE',
      '_methods=1',
      'q=_method',
      'q=%5Fmethod',
      '_method%20=1',
      'q=100%',
    ]) {
      expect((await send(`${served.url}/account?${query}`, { headers: LINK })).body).toBe('account');
    }
  });

  it('says what made a GET a state change', async () => {
    const app = await serveBehind(express, csrf(POLICY));
    served = app;
    const reasonOf = async (path: string, headers: Record<string, string>): Promise<unknown> =>
      (await send(app.url + path, { headers: { ...LINK, ...headers } })).json().reason;
    expect(await reasonOf('/?_method=PUT', {})).toMatch(
      /Sec-Fetch-Site.*the parameter _method makes it a state change/,
    );
    expect(await reasonOf('/', { 'x-method-override': 'PUT' })).toMatch(/the header X-Method-Override makes/);
    expect(await reasonOf('/?_method[]=PUT', {})).toMatch(/the parameter _method/);
  });
});
