import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { access, exempt, limit, secure } from '../src/index.ts';
import { ask, FOREIGN, HOST, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express } from './support/http.ts';

const methodOverride = createRequire(import.meta.url)('method-override') as (
  getter: string,
  options: { methods: string[] },
) => Parameters<ReturnType<Express>['use']>[0];

describe.each(EXPRESS_ALL)("a route's decisions on Express %s", (_version, express) => {
  describe('knows a route before work is done, and the route that is reached after all', () => {
    it('lifts a practice only where the route says so', async () => {
      const app = express();
      secure(app, QUIET);
      app.post('/hook', exempt('csrf', { reason: 'signed by the sender' }), (_req, res) => void res.send('hook'));
      app.post('/transfer', (_req, res) => void res.send('transfer'));
      const [hook, transfer] = await ask(
        app,
        { method: 'POST', target: '/hook', headers: FOREIGN },
        { method: 'POST', target: '/transfer', headers: FOREIGN },
      );
      expect([hook?.status, transfer?.status]).toEqual([200, 403]);
    });

    it('judges a route that an exempt one falls through to', async () => {
      const app = express();
      secure(app, QUIET);
      let reached = 0;
      app.post('/hook', exempt('csrf', { reason: 'signed by the sender' }), (_req, _res, next) => next());
      app.post('/:any', (_req, res) => {
        reached++;
        res.send('any');
      });
      const [forged, own] = await ask(
        app,
        { method: 'POST', target: '/hook', headers: FOREIGN },
        { method: 'POST', target: '/hook', headers: { 'sec-fetch-site': 'same-origin' } },
      );
      expect([forged?.status, own?.status, reached]).toEqual([403, 200, 1]);
    });

    it('judges a method that was changed on the way', async () => {
      const app = express();
      secure(app, QUIET);
      let deleted = 0;
      app.use(methodOverride('x-custom-method', { methods: ['GET', 'POST'] }));
      app.post('/item', exempt('csrf', { reason: 'public counter' }), (_req, res) => void res.send('posted'));
      app.delete('/item', (_req, res) => {
        deleted++;
        res.send('deleted');
      });
      const [byPost, byGet, posted] = await ask(
        app,
        { method: 'POST', target: '/item', headers: { ...FOREIGN, 'x-custom-method': 'DELETE' } },
        { method: 'GET', target: '/item', headers: { ...HOST, cookie: 'a=b', 'x-custom-method': 'DELETE' } },
        { method: 'POST', target: '/item', headers: FOREIGN },
      );
      expect([byPost?.status, byGet?.status, posted?.status, deleted]).toEqual([403, 403, 200, 0]);
    });

    it('judges a URL that was rewritten on the way', async () => {
      const app = express();
      secure(app, { ...QUIET, access: { undecided: 'deny' } });
      app.use((req, _res, next) => {
        if (req.url === '/alias') req.url = '/secret';
        next();
      });
      app.get('/alias', access.public('rewritten'), (_req, res) => void res.send('alias'));
      app.get('/secret', (_req, res) => void res.send('secret'));
      app.get('/open', access.public('a test'), (_req, res) => void res.send('open'));
      const [rewritten, open] = await ask(app, { target: '/alias' }, { target: '/open' });
      expect([rewritten?.status, open?.status]).toEqual([403, 200]);
    });

    it('does not believe an exemption in a router that it could not see', async () => {
      const app = express();
      secure(app, QUIET);
      const router = express.Router();
      router.post('/hook', exempt('csrf', { reason: 'signed' }), (_req, res) => void res.send('hook'));
      app.use((req, res, next) => router(req, res, next));
      expect((await one(app, { method: 'POST', target: '/hook', headers: FOREIGN })).status).toBe(403);
    });

    it("counts a route's own limit before its body is read, and parsers' refusals too", async () => {
      const app = express();
      secure(app, QUIET);
      let handled = 0;
      app.post('/login', limit({ limit: 2, window: '1m' }), (_req, res) => {
        handled++;
        res.send('in');
      });
      const json = { 'content-type': 'application/json' };
      const answers = await ask(
        app,
        { method: 'POST', target: '/login', headers: json, body: '{"a":' },
        { method: 'POST', target: '/LOGIN/?x=1', headers: json, body: '{}' },
        { method: 'POST', target: '/login', headers: json, body: '{}' },
      );
      expect(answers.map(({ status }) => status)).toEqual([400, 200, 429]);
      expect(handled).toBe(1);
      expect(answers[2]?.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    });
  });

  describe('shows what it does', () => {
    it('covers every route by every practice, with reasons', () => {
      const app = express();
      const gate = secure(app, { ...QUIET, monitor: ['csrf'] });
      app.get('/', access.public('the home page'), (_req, res) => void res.send('home'));
      app.post('/hook', exempt('rate-limit', { reason: 'one sender' }), (_req, res) => void res.send('hook'));
      const [home, hook] = gate.coverage();
      expect(home).toMatchObject({ method: 'GET', path: '/' });
      expect(home?.practices.access).toEqual({ state: 'exempt', reason: 'the home page' });
      expect(home?.practices.headers).toEqual({ state: 'enforced' });
      expect(home?.practices.https).toEqual({ state: 'missing', reason: 'turned off in the policy' });
      expect(home?.practices.csrf.state).toBe('missing');
      expect(hook?.practices['rate-limit']).toEqual({ state: 'exempt', reason: 'one sender' });
      expect(hook?.practices.access.state).toBe('missing');
    });

    it('reports a refusal as an event, and in monitor mode reports and lets pass', async () => {
      for (const monitor of [[], ['csrf'], true] as const) {
        const app = express();
        const gate = secure(app, { ...QUIET, monitor });
        const events: unknown[] = [];
        gate.on('malicious_csrf', (event) => events.push(event));
        app.post('/', (_req, res) => void res.send('done'));
        const answer = await one(app, { method: 'POST', target: '/?secret=1', headers: FOREIGN });
        const monitored = monitor === true || monitor.length > 0;
        expect(answer.status).toBe(monitored ? 200 : 403);
        expect(events).toEqual([
          expect.objectContaining({
            event: 'malicious_csrf',
            practice: 'csrf',
            code: 'ERR_CSRF_CROSS_SITE',
            method: 'POST',
            path: '/',
            sourceIp: '127.0.0.1',
            ...(monitored ? { monitored: true } : {}),
          }),
        ]);
      }
    });

    it('in monitor mode lets pass what a route asks for itself, and reports it', async () => {
      const app = express();
      const gate = secure(app, { ...QUIET, monitor: ['access', 'rate-limit', 'https'], https: {} });
      const events: string[] = [];
      gate.on('*', (event) => {
        if (event.monitored) events.push(event.code ?? '');
      });
      app.get('/mine', access.authenticated(), limit({ limit: 1, window: '1m' }), (_req, res) => void res.send('mine'));
      const answers = await ask(app, { target: '/mine' }, { target: '/mine' });
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(events).toEqual([
        'ERR_HTTPS_REQUIRED',
        'ERR_AUTHENTICATION_REQUIRED',
        'ERR_HTTPS_REQUIRED',
        'ERR_RATE_LIMIT',
        'ERR_AUTHENTICATION_REQUIRED',
      ]);
    });

    it("keeps a route's own limit where the limit of every client is off", async () => {
      const app = express();
      secure(app, { ...QUIET, rateLimit: false });
      app.post('/login', limit({ limit: 1, window: '1m' }), (_req, res) => void res.send('in'));
      const malformed = {
        method: 'POST',
        target: '/login',
        headers: { 'content-type': 'application/json' },
        body: '{',
      };
      const answers = await ask(app, malformed, malformed);
      expect(answers.map(({ status }) => status)).toEqual([400, 429]);
    });

    it('refuses to start with undecided routes, where that was asked for', async () => {
      const app = express();
      const gate = secure(app, { ...QUIET, access: { undecided: 'refuse-to-start' } });
      app.get('/forgotten', (_req, res) => void res.send('open'));
      await expect(gate.listen({ port: 0 })).rejects.toThrow(/GET \/forgotten/);
      expect((await one(app, { target: '/forgotten' })).status).toBe(500);
    });

    it('tells every part of Express the same client', async () => {
      const app = express();
      secure(app, { ...QUIET, proxy: 'nginx' });
      app.get('/', (req, res) => void res.json([req.ip, req.protocol, req.secure, req.hostname]));
      const behind = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-forwarded-proto': 'https' };
      expect((await one(app, { headers: behind })).json()).toEqual(['203.0.113.9', 'https', true, 'shop.example']);
    });
  });
});
