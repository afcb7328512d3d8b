import type { IncomingMessage, ServerResponse } from 'node:http';
import supertest from 'supertest';
import { describe, expect, it } from 'vitest';
import { access, secure } from '../src/index.ts';
import { ERROR_SOURCES } from '../src/practices/errors/fixtures/error-sources.ts';
import { ask, expectCovered, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL } from './support/http.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

describe.each(EXPRESS_ALL)('the edges of the gate on Express %s', (_version, express) => {
  it('covers routes that were added after the first request', async () => {
    const app = express();
    secure(app, { ...QUIET, access: { undecided: 'deny' } });
    expect((await one(app, { target: '/late' })).status).toBe(404);
    app.get('/late', access.public('a test'), async () => {
      throw new Error('SELECT secret');
    });
    app.get('/undecided', (_req, res) => void res.send('open'));
    const [late, undecided] = await ask(app, { target: '/late' }, { target: '/undecided' });
    expect([late?.status, undecided?.status]).toEqual([500, 403]);
  });

  it('answers 500 when something in its own way throws, and lives on', async () => {
    const app = express();
    const failing = { info: broken, warn: broken, error: broken };
    secure(app, { ...QUIET, rateLimit: { key: broken }, logging: { logger: failing } });
    app.get('/', (_req, res) => void res.send('home'));
    const [first, second] = await ask(app, { target: '/' }, { target: '/' });
    expect([first?.status, second?.status]).toEqual([500, 500]);
  });

  it('judges OPTIONS by its own decisions, whatever method it asks about', async () => {
    const app = express();
    secure(app, { ...QUIET, access: { undecided: 'deny' } });
    app
      .route('/x')
      .post(access.public('a test'), (_req, res) => void res.send('posted'))
      .options((_req, res) => void res.send('options'));
    const asking = { 'access-control-request-method': 'POST' };
    const own = { ...asking, origin: 'https://shop.example' };
    const [bare, withMethod, preflight] = await ask(
      app,
      { method: 'OPTIONS', target: '/x' },
      { method: 'OPTIONS', target: '/x', headers: asking },
      { method: 'OPTIONS', target: '/x', headers: own },
    );
    expect([bare?.status, withMethod?.status, preflight?.status]).toEqual([403, 403, 204]);
  });

  it('gives a nonce where a parent app has made res.locals already', async () => {
    const parent = express();
    const child = express();
    secure(child, QUIET);
    child.get('/', (_req, res) => void res.type('html').send(`${res.locals.from} nonce=${res.locals.nonce}`));
    parent.use((_req, res, next) => {
      res.locals.from = 'parent';
      next();
    });
    parent.use('/child', child);
    const answer = await one(parent, { target: '/child' });
    const nonce = /^parent nonce=(\S+)$/.exec(answer.body)?.[1];
    expect(nonce).toBeDefined();
    expect(answer.headers['content-security-policy']).toContain(`'nonce-${nonce}'`);
  });

  it('leaves what a parent app adds when the head is written', async () => {
    const parent = express();
    const child = express();
    secure(child, QUIET);
    child.get('/', (_req, res) => void res.send('child'));
    parent.use((_req, res, next) => {
      const { writeHead } = res;
      res.writeHead = function addCookie(this: typeof res, ...args: unknown[]) {
        this.appendHeader('Set-Cookie', 'parent=1');
        return (writeHead as (...all: unknown[]) => typeof res).apply(this, args);
      } as typeof writeHead;
      next();
    });
    parent.use('/child', child);
    const answer = await one(parent, { target: '/child' });
    expect(answer.headers['set-cookie']).toEqual(['parent=1']);
    expectCovered(answer);
  });

  it('in test mode answers a test tool over plain HTTP, under the name of this machine', async () => {
    const app = express();
    secure(app, { origins: 'https://shop.example', mode: 'test', logging: { level: false } });
    app.get('/', (_req, res) => void res.send('home'));
    expect((await supertest(app as unknown as Listener).get('/')).text).toBe('home');
    const strict = express();
    secure(strict, { origins: 'https://shop.example', mode: 'production', logging: { level: false } });
    strict.get('/', (_req, res) => void res.send('home'));
    expect((await supertest(strict as unknown as Listener).get('/')).status).toBe(421);
  });

  it('does not redirect in a circle behind a proxy that nobody declared', async () => {
    const app = express();
    secure(app, { ...QUIET, https: {} });
    const page = { accept: 'text/html' };
    const [direct, behind] = await ask(
      app,
      { target: '/', headers: page },
      { target: '/', headers: { ...page, 'x-forwarded-proto': 'https' } },
    );
    expect([direct?.status, direct?.headers.location]).toEqual([308, 'https://shop.example/']);
    expect(behind?.status).toBe(403);
    expect(behind?.body).toContain('proxy');
  });

  it('answers every error that a handler can raise, and tells nothing of it', async () => {
    const app = express();
    secure(app, QUIET);
    for (const [i, source] of ERROR_SOURCES.entries()) {
      app.get(`/${i}`, async () => {
        await Promise.resolve();
        throw source.make();
      });
    }
    const answers = await ask(app, ...ERROR_SOURCES.map((_, i) => ({ target: `/${i}` })));
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toMatch(/node_modules|SELECT|hunter2/);
      expectCovered(answer);
    }
  });
});

function broken(): never {
  throw new Error('broken');
}
