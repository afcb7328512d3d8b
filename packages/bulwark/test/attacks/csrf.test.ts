import { doubleCsrf } from 'csrf-csrf';
import { describe, expect, it } from 'vitest';
import { exempt } from '../../src/index.ts';
import { ask, HOST, one, QUIET } from '../support/ask.ts';
import { EXPRESS, type Received, type Sent, send, serve } from '../support/http.ts';
import { type App, EVIL, handWire, methodOverride, pairOf } from './support/hand-wired.ts';

const OWN = QUIET.origins;
const tokens = doubleCsrf({
  getSecret: () => 'a secret that is only used in these tests',
  getSessionIdentifier: (req) => (req as unknown as { sessionID?: string }).sessionID ?? '',
  cookieName: 'csrf',
  cookieOptions: { secure: false, sameSite: 'lax' },
  getCsrfTokenFromRequest: (req) => req.headers['x-csrf-token'],
});
const cookiesOf = (answer: Received): string =>
  (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; ');

describe.each(EXPRESS)('CSRF on Express %s', (_version, express) => {
  /** A page with a form, and what the form is sent to. */
  const shop = (order: readonly ('cookies' | 'session')[], check: boolean): App => {
    const app = express();
    handWire(app, express, { order });
    if (check) app.use(tokens.doubleCsrfProtection);
    app.get('/form', (req, res) => void res.send(check ? tokens.generateCsrfToken(req, res) : ''));
    app.post('/transfer', (_req, res) => void res.send('transferred'));
    return app;
  };
  /** The own page's script reads the token and sends the form at once. */
  const sendForm = async (app: App): Promise<Received> => {
    const served = await serve(app);
    try {
      const form = await send(`${served.url}/form`, { headers: HOST });
      const headers = { ...HOST, cookie: cookiesOf(form), 'x-csrf-token': form.body, origin: OWN };
      return await send(`${served.url}/transfer`, { method: 'POST', headers });
    } finally {
      await served.close();
    }
  };
  const forged: Sent = { method: 'POST', target: '/transfer', headers: { origin: EVIL, cookie: 'connect.sid=1' } };

  it('1.5.2a: csrf-csrf and saveUninitialized: false: the valid token of the own page is refused', async () => {
    const { wired, secured } = pairOf((secured) => shop(['cookies', 'session'], !secured));
    expect((await sendForm(wired)).status).toBe(403);
    expect((await sendForm(secured)).body).toBe('transferred');
    expect((await one(secured, forged)).json()).toMatchObject({ status: 403, code: 'ERR_CSRF_ORIGIN' });
  });

  it('1.5.2b: csrf-csrf without cookie-parser: every form ends in a TypeError', async () => {
    const { wired, secured } = pairOf((secured) => shop(['session'], !secured));
    const broken = await one(wired, { ...forged, headers: { origin: OWN } });
    expect(broken.status).toBe(500);
    expect(broken.body).toContain('TypeError');
    expect((await sendForm(secured)).body).toBe('transferred');
    expect((await one(secured, forged)).status).toBe(403);
  });

  it('1.5.4, 2.7: the check before method-override: an open POST becomes a DELETE that nobody has checked', async () => {
    let deleted = 0;
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['cookies', 'session'] });
      if (!secured) {
        app.use((req, res, next) => {
          if (req.method === 'POST' && req.path === '/public') next();
          else tokens.doubleCsrfProtection(req, res, next);
        });
      }
      app.use(methodOverride('X-HTTP-Method-Override'));
      app.post('/public', exempt('csrf', { reason: 'a public form without a log-in' }), (_req, res) => {
        res.send('posted');
      });
      app.delete('/public', (_req, res) => {
        deleted++;
        res.send('deleted');
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const open = { ...forged, target: '/public' };
    const overridden = { ...open, headers: { ...open.headers, 'x-http-method-override': 'DELETE' } };
    expect((await one(wired, overridden)).body).toBe('deleted');
    expect(deleted).toBe(1);
    const [posted, refused] = await ask(secured, open, overridden);
    expect(posted?.body).toBe('posted');
    expect(refused?.json()).toMatchObject({ status: 403, code: 'ERR_CSRF_ORIGIN' });
    expect(deleted).toBe(1);
  });

  it('3.6: a check that lists the methods which change something, and QUERY, which has a body and is not on the list', async () => {
    let ran = 0;
    const build = (): App => {
      const app = express();
      handWire(app, express, { order: ['cookies', 'session'] });
      app.use((req, res, next) => {
        if (['POST', 'PUT', 'PATCH', 'DELETE'].includes(req.method)) tokens.doubleCsrfProtection(req, res, next);
        else next();
      });
      app.all('/transfer', (_req, res) => {
        ran++;
        res.send('transferred');
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const query = { ...forged, method: 'QUERY', body: '{"to":"evil"}' };
    expect((await one(wired, query)).body).toBe('transferred');
    expect(ran).toBe(1);
    const crossSite = { ...query, headers: { ...query.headers, 'sec-fetch-site': 'cross-site' } };
    const [byOrigin, bySite] = await ask(secured, query, crossSite);
    expect(byOrigin?.json()).toMatchObject({ status: 403, code: 'ERR_CSRF_ORIGIN' });
    expect(bySite?.json()).toMatchObject({ status: 403, code: 'ERR_CSRF_CROSS_SITE' });
    expect(ran).toBe(1);
  });
});
