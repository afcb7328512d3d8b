import { createRequire } from 'node:module';
import { doubleCsrf } from 'csrf-csrf';
import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import type { Handler } from '../../context.ts';
import { csrf } from './index.ts';

const load = createRequire(import.meta.url);
const session = load('express-session') as (options: object) => Handler;
const cookieParser = load('cookie-parser') as () => Handler;
const methodOverride = load('method-override') as (getter: string) => Handler;

const tokens = doubleCsrf({
  getSecret: () => 'a secret that is only used in this test',
  getSessionIdentifier: (req) => (req as unknown as { sessionID?: string }).sessionID ?? '',
  cookieName: 'csrf',
  cookieOptions: { secure: false, sameSite: 'lax' },
  getCsrfTokenFromRequest: (req) => req.headers['x-csrf-token'],
});

const cookiesOf = (answer: Received): string =>
  (answer.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; ');

/** What goes wrong with csrf-csrf as it is commonly set up, and what becomes of the same app here. */
describe.each(EXPRESS)('csrf-csrf beside this practice, on Express %s', (_, express) => {
  let served: Served;
  afterEach(() => served.close());

  const start = async (set: (app: ReturnType<Express>) => void): Promise<void> => {
    const app = express();
    set(app);
    app.get('/form', (req, res) => void res.send(tokens.generateCsrfToken(req, res)));
    app.post('/transfer', (_req, res) => void res.send('transferred'));
    app.use(
      (
        error: Error & { statusCode?: number },
        _req: unknown,
        res: { statusCode: number; end(text: string): void },
        _next: unknown,
      ) => {
        res.statusCode = error.statusCode ?? 500;
        res.end(String(error));
      },
    );
    served = await serve(app);
  };
  const sessions = (saveUninitialized = false): Handler =>
    session({ secret: 'only used in this test', resave: false, saveUninitialized });

  describe('an anonymous visitor and a session that is not kept until it is used', () => {
    const sendForm = async (): Promise<Received> => {
      const form = await send(`${served.url}/form`);
      const headers = { Cookie: cookiesOf(form), 'X-CSRF-Token': form.body, Origin: served.url };
      return send(`${served.url}/transfer`, { method: 'POST', headers });
    };

    it('control: the token that the page has just got is refused', async () => {
      await start((app) => app.use(cookieParser(), sessions(false), tokens.doubleCsrfProtection));
      expect((await sendForm()).status).toBe(403);
    });

    it('control: where every visitor gets a session, the same token is accepted', async () => {
      await start((app) => app.use(cookieParser(), sessions(true), tokens.doubleCsrfProtection));
      expect((await sendForm()).status).toBe(200);
    });

    it('here: the form of the own page is accepted, with no token', async () => {
      await start((app) => app.use(csrf(), sessions()));
      const answer = await send(`${served.url}/transfer`, { method: 'POST', headers: { Origin: served.url } });
      expect(answer.body).toBe('transferred');
    });
  });

  describe('without cookie-parser', () => {
    it('control: every request that is checked ends in 500', async () => {
      await start((app) => app.use(sessions(), tokens.doubleCsrfProtection));
      const answer = await send(`${served.url}/transfer`, { method: 'POST', headers: { Origin: served.url } });
      expect(answer.status).toBe(500);
      expect(answer.body).toContain('TypeError');
    });

    it('here: nothing of the kind is needed', async () => {
      await start((app) => app.use(csrf()));
      expect((await send(`${served.url}/transfer`, { method: 'POST', headers: { Origin: served.url } })).status).toBe(
        200,
      );
      const forged = { Origin: 'https://evil.example', Cookie: 'sid=1' };
      expect((await send(`${served.url}/transfer`, { method: 'POST', headers: forged })).status).toBe(403);
    });
  });

  describe('a method that is changed behind the check', () => {
    let deleted = 0;
    const guardBut =
      (check: Handler): Handler =>
      (req, res, next) => {
        if (req.method === 'POST' && req.url === '/public') next();
        else check(req, res, next);
      };
    const setUp = (check: Handler, app: ReturnType<Express>): void => {
      deleted = 0;
      app.use(cookieParser(), guardBut(check), methodOverride('X-HTTP-Method-Override'));
      app.delete('/public', (_req, res) => {
        deleted++;
        res.send('deleted');
      });
      app.post('/public', (_req, res) => void res.send('posted'));
    };
    const forged = {
      method: 'POST',
      headers: { Origin: 'https://evil.example', Cookie: 'sid=1', 'X-HTTP-Method-Override': 'DELETE' },
    };

    it('control: an open POST becomes a DELETE that nobody has checked', async () => {
      await start((app) => setUp(tokens.doubleCsrfProtection as unknown as Handler, app));
      expect((await send(`${served.url}/public`, forged)).body).toBe('deleted');
      expect(deleted).toBe(1);
    });

    it('control: an exemption by hand has the same hole here', async () => {
      await start((app) => setUp(csrf(), app));
      expect((await send(`${served.url}/public`, forged)).body).toBe('deleted');
    });

    it('here: called once more behind the override, it judges the method of that moment', async () => {
      const check = csrf();
      await start((app) => {
        app.use(guardBut(check), methodOverride('X-HTTP-Method-Override'), guardBut(check));
        setUp(check, app);
      });
      expect((await send(`${served.url}/public`, forged)).status).toBe(403);
      expect(deleted).toBe(0);
      expect(
        (await send(`${served.url}/public`, { method: 'POST', headers: { Origin: 'https://evil.example' } })).body,
      ).toBe('posted');
    });
  });
});
