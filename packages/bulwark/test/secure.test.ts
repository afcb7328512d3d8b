import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import { secure } from '../src/index.ts';
import { ask, expectCovered, FOREIGN, HOST, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Received, send, serve } from './support/http.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

describe.each(EXPRESS_ALL)('secure() on Express %s', (version, express) => {
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
      expectCovered(await one(app, { target: '/early' }));
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
        if (i < 7) expectCovered(answer);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(answer.body).not.toMatch(/SELECT|secret|node_modules/);
      }
    });

    it('answers 404 and covers it in an app without any route', async () => {
      const app = express();
      secure(app, QUIET);
      const answer = await one(app, { target: '/' });
      expect(answer.status).toBe(404);
      expectCovered(answer);
    });

    it('holds under supertest, http.createServer and gate.handler', async () => {
      const app = express();
      const gate = secure(app, QUIET);
      app.get('/', (_req, res) => void res.send('home'));
      const tested = await supertest(app).get('/').set('host', 'shop.example');
      expect(tested.status).toBe(200);
      expect(tested.headers['content-security-policy']).toBeDefined();
      for (const listener of [app as unknown as Handler, gate.handler]) {
        const served = await serve(http.createServer(listener).listeners('request')[0]);
        expectCovered(await send(served.url, { headers: HOST }));
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
      for (const answer of [ok, missing, thrown]) expectCovered(answer as Received);
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
      app.use('/hidden', (req, res, next) => (hidden as unknown as (...args: unknown[]) => void)(req, res, next));
      for (const target of ['/use', '/router', '/hidden', '/use/nowhere', '/hidden/nowhere']) {
        expectCovered(await one(app, { target }));
      }
    });
  });

  describe('refuses to be put on wrongly', () => {
    it('twice, on what is no app, late, nested, and beside another trust in proxies', async () => {
      const app = express();
      secure(app, QUIET);
      expect(() => secure(app, QUIET)).toThrow(expect.objectContaining({ code: 'ERR_SECURED_TWICE' }));
      expect(() => secure(() => undefined, QUIET)).toThrow(
        expect.objectContaining({ code: 'ERR_UNSUPPORTED_EXPRESS' }),
      );
      expect(() => secure(express.Router(), QUIET)).toThrow(
        expect.objectContaining({ code: 'ERR_UNSUPPORTED_EXPRESS' }),
      );

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
