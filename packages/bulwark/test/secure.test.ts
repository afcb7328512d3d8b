import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import { access, exempt, limit, type Policy, secure } from '../src/index.ts';
import { EXPRESS, type Express, type Received, type Sent, send, serve } from './support/http.ts';

const methodOverride = createRequire(import.meta.url)('method-override') as (
  getter: string,
  options: { methods: string[] },
) => Parameters<ReturnType<Express>['use']>[0];

const HOST = { host: 'shop.example' };
const FOREIGN = { ...HOST, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
const QUIET = { origins: 'https://shop.example', https: false, logging: { level: false }, mode: 'production' } satisfies Policy;

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

describe.each(EXPRESS)('secure() on Express %s', (version, express) => {
  async function ask(app: unknown, ...requests: Sent[]): Promise<Received[]> {
    const served = await serve(app);
    try {
      const answers: Received[] = [];
      for (const request of requests) {
        answers.push(await send(served.url, { ...request, headers: { ...HOST, ...request.headers } }));
      }
      return answers;
    } finally {
      await served.close();
    }
  }

  async function one(app: unknown, request: Sent): Promise<Received> {
    const [answer] = await ask(app, request);
    return answer as Received;
  }

  const isCovered = (answer: Received): void => {
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-powered-by']).toBeUndefined();
    expect(answer.headers['x-request-id']).toBeDefined();
    expect(answer.headers.ratelimit).toBeDefined();
    expect(answer.headers.vary).toMatch(/\bOrigin\b/i);
  };

  describe('stands in front of everything and behind it', () => {
    it('covers routes and middleware that were added before it', async () => {
      const app = express();
      let reached = 0;
      app.use((_req, _res, next) => {
        reached++;
        next();
      });
      app.get('/early', (_req, res) => void res.send('early'));
      secure(app, QUIET);
      isCovered(await one(app, { target: '/early' }));
      expect(reached).toBe(1);
      const refused = await one(app, { method: 'POST', target: '/early', headers: FOREIGN });
      expect(refused.status).toBe(403);
      expect(reached).toBe(1);
    });

    it('ends 404, 405, thrown errors and rejected promises in the gate', async () => {
      const app = express();
      secure(app, QUIET);
      app.get('/throws', () => {
        throw new Error('SELECT secret');
      });
      app.get('/rejects', async () => {
        await Promise.resolve();
        throw new Error('SELECT secret');
      });
      app.get('/rejects-nothing', () => Promise.reject(undefined));
      app.param('id', async () => {
        throw new Error('SELECT secret');
      });
      app.get('/param/:id', (_req, res) => void res.send('unreached'));
      app.use('/error-handler', async () => {
        throw new Error('first');
      });
      const failing = async (_error: unknown, _req: unknown, _res: unknown, _next: unknown): Promise<void> => {
        throw new Error('SELECT secret in the error handler');
      };
      app.use('/error-handler', failing as never);
      const answers = await ask(
        app,
        { target: '/nowhere' },
        { method: 'DELETE', target: '/throws' },
        { target: '/throws' },
        { target: '/rejects' },
        { target: '/rejects-nothing' },
        { target: '/param/1' },
        { target: '/error-handler' },
        { target: '/param/%ff' },
      );
      expect(answers.map(({ status }) => status)).toEqual([404, 405, 500, 500, 500, 500, 500, 400]);
      expect(answers[1]?.headers.allow).toBe('GET, HEAD');
      for (const [i, answer] of answers.entries()) {
        // A malformed address is refused before anything is counted.
        if (i < 7) isCovered(answer);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(answer.body).not.toMatch(/SELECT|secret|node_modules/);
      }
    });

    it('answers 404 and covers it in an app without any route', async () => {
      const app = express();
      secure(app, QUIET);
      const answer = await one(app, { target: '/' });
      expect(answer.status).toBe(404);
      isCovered(answer);
    });

    it('holds under supertest, http.createServer and gate.handler', async () => {
      const app = express();
      const gate = secure(app, QUIET);
      app.get('/', (_req, res) => void res.send('home'));
      const tested = await supertest(app as unknown as Handler).get('/').set('host', 'shop.example');
      expect(tested.status).toBe(200);
      expect(tested.headers['content-security-policy']).toBeDefined();
      for (const listener of [app as unknown as Handler, gate.handler]) {
        const served = await serve(http.createServer(listener).listeners('request')[0]);
        isCovered(await send(served.url, { headers: HOST }));
        await served.close();
      }
    });

    it('as a sub-app ends its own 404 and errors, and leaves the parent alone', async () => {
      const parent = express();
      const child = express();
      secure(child, QUIET);
      child.get('/ok', (_req, res) => void res.send('ok'));
      child.get('/throws', () => {
        throw new Error('SELECT secret');
      });
      parent.use('/child', child);
      parent.get('/parent', (_req, res) => void res.send('parent'));
      const [ok, missing, thrown, outside] = await ask(
        parent,
        { target: '/child/ok' },
        { target: '/child/nowhere' },
        { target: '/child/throws' },
        { target: '/parent' },
      );
      for (const answer of [ok, missing, thrown]) isCovered(answer as Received);
      expect([ok?.status, missing?.status, thrown?.status, outside?.status]).toEqual([200, 404, 500, 200]);
      expect(outside?.headers['content-security-policy']).toBeUndefined();
    });

    it('covers apps mounted below it, however they are mounted', async () => {
      const app = express();
      secure(app, QUIET);
      const [byUse, byRouter, hidden] = [express(), express(), express()];
      for (const mounted of [byUse, byRouter, hidden]) {
        mounted.get('/', (_req, res) => void res.send('mounted'));
      }
      app.use('/use', byUse);
      app.use(express.Router().use('/router', byRouter));
      app.use('/hidden', (req, res, next) => void (hidden as unknown as (...args: unknown[]) => void)(req, res, next));
      for (const target of ['/use', '/router', '/hidden', '/use/nowhere', '/hidden/nowhere']) {
        isCovered(await one(app, { target }));
      }
    });
  });

  describe('refuses to be put on wrongly', () => {
    it('twice, on what is no app, late, nested, and beside another trust in proxies', async () => {
      const app = express();
      secure(app, QUIET);
      expect(() => secure(app, QUIET)).toThrow(expect.objectContaining({ code: 'ERR_SECURED_TWICE' }));
      expect(() => secure(() => undefined, QUIET)).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED_EXPRESS' }));
      expect(() => secure(express.Router(), QUIET)).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED_EXPRESS' }));

      const late = express();
      late.get('/', (_req, res) => void res.send('unprotected'));
      await one(late, { target: '/' });
      expect(() => secure(late, QUIET)).toThrow(expect.objectContaining({ code: 'ERR_SECURED_LATE' }));

      const trusting = express();
      trusting.set('trust proxy', 1);
      expect(() => secure(trusting, QUIET)).toThrow(/proxy: \{ hops: 1 \}/);
      const trustingLater = express();
      const gate = secure(trustingLater, QUIET);
      trustingLater.get('/', (_req, res) => void res.send('home'));
      trustingLater.set('trust proxy', true);
      await expect(gate.listen({ port: 0 })).rejects.toThrow(/trust proxy/);

      const outer = express();
      const inner = express();
      secure(inner, QUIET);
      outer.use('/inner', inner);
      const outerGate = secure(outer, QUIET);
      await expect(outerGate.listen({ port: 0 })).rejects.toThrow(/mounted below/);
    });

    it('leaves the app as it was when the policy is refused', async () => {
      const app = express();
      expect(() => secure(app, { origins: 'https://shop.example/path' })).toThrow();
      const gate = secure(app, QUIET);
      expect(gate.policy.origins).toEqual(['https://shop.example']);
    });
  });

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

  describe('res.locals.nonce', () => {
    it('is the nonce of the header where it is used, and absent where it is not', async () => {
      const app = express();
      secure(app, QUIET);
      app.get('/used', (_req, res) => void res.type('html').send(`<script nonce="${res.locals.nonce}">1</script>`));
      app.get('/unused', (_req, res) => void res.type('html').send('<p>no script</p>'));
      app.get('/own', (_req, res) => {
        res.locals.nonce = 'fixed';
        res.type('html').send(`<script nonce="${res.locals.nonce}">1</script>`);
      });
      const [used, again, unused, own] = await ask(
        app,
        { target: '/used' },
        { target: '/used' },
        { target: '/unused' },
        { target: '/own' },
      );
      const nonces = [used, again, own].map((answer) => /nonce="([^"]+)"/.exec(answer?.body ?? '')?.[1]);
      expect(new Set(nonces).size).toBe(3);
      for (const [i, answer] of [used, again, own].entries()) {
        expect(answer?.headers['content-security-policy']).toContain(`'nonce-${nonces[i]}'`);
      }
      expect(unused?.headers['content-security-policy']).not.toContain('nonce-');
    });

    it('is announced by a template that prints it, not by one that does not', async () => {
      const app = express();
      secure(app, QUIET);
      app.engine('txt', (path: string, locals: object, done: (error: null, text: string) => void) => {
        done(null, path.endsWith('with.txt') ? `nonce=${String((locals as { nonce: unknown }).nonce)}` : 'none');
      });
      app.set('views', new URL('./data/views', import.meta.url).pathname);
      app.get('/:view', (req, res) => void res.render(`${req.params.view}.txt`));
      const [printed, silent] = await ask(app, { target: '/with' }, { target: '/without' });
      const nonce = /nonce=(\S+)/.exec(printed?.body ?? '')?.[1];
      expect(nonce).toMatch(/^[\w-]{16,}$/);
      expect(printed?.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
      expect(silent?.body).toBe('none');
      expect(silent?.headers['content-security-policy']).not.toContain('nonce-');
    });
  });

  it(`leaves apps of Express ${version} without a gate as they are`, async () => {
    secure(express(), QUIET);
    const plain = express();
    plain.get('/', (_req, res) => void res.send('plain'));
    const answer = await one(plain, { target: '/' });
    expect(answer.body).toBe('plain');
    expect(answer.headers['content-security-policy']).toBeUndefined();
    expect(answer.headers['x-powered-by']).toBe('Express');
  });
});
