import { describe, expect, it } from 'vitest';
import { ask, one } from '../support/ask.ts';
import { EXPRESS } from '../support/http.ts';
import { type App, pairOf } from './support/hand-wired.ts';

const PAGE = { accept: 'text/html' };
const PROXIED = { ...PAGE, 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };

describe.each(EXPRESS)('the redirect to HTTPS on Express %s', (_version, express) => {
  const build = (secured: boolean): App => {
    const app = express();
    if (!secured) {
      app.use((req, res, next) => {
        if (req.secure) next();
        else res.redirect(301, `https://${req.headers.host}${req.originalUrl}`);
      });
    }
    app.get('/', (_req, res) => void res.send('home'));
    app.post('/login', (_req, res) => void res.send('welcome'));
    return app;
  };

  it('1.15d: behind a proxy that ends TLS the redirect leads to itself for ever', async () => {
    const { wired, secured } = pairOf(build, { https: {}, proxy: 'nginx' });
    const loop = await one(wired, { headers: PROXIED });
    expect([loop.status, loop.headers.location]).toEqual([301, 'https://shop.example/']);
    expect((await one(secured, { headers: PROXIED })).body).toBe('home');
  });

  it('1.15e: the redirect goes where the Host header says, and takes a password along', async () => {
    const { wired, secured } = pairOf(build, { https: {} });
    const foreign = { headers: { ...PAGE, host: 'evil.example' } };
    const login = { method: 'POST', target: '/login', body: 'password=hunter2' };
    const [open, repeated] = await ask(wired, foreign, login);
    expect(open?.headers.location).toBe('https://evil.example/');
    expect(repeated?.status).toBe(301);
    const [refused, told, redirected] = await ask(secured, foreign, login, { headers: PAGE });
    expect(refused?.status).toBe(421);
    expect(refused?.body).toContain('ERR_HOST_NOT_ALLOWED');
    expect(refused?.headers.location).toBeUndefined();
    expect(told?.json()).toMatchObject({ status: 403, code: 'ERR_HTTPS_REQUIRED' });
    expect([redirected?.status, redirected?.headers.location]).toEqual([308, 'https://shop.example/']);
  });
});
