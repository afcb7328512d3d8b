import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { access, exempt, limit, secure } from '../src/index.ts';
import { ask, FOREIGN, HOST, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express, type Sent, send, serve } from './support/http.ts';

type App = ReturnType<Express>;

const SAME_SITE = { ...HOST, 'sec-fetch-site': 'same-origin' };

/** So many that a walk through all of them is cut short. */
function addOthers(app: App, count = 200): void {
  for (let i = 0; i < count; i++) app.get(`/other${i}/:id`, (_req, res) => void res.send(`other ${i}`));
}

/** What a look-up by the text of the path would say: the control of these attacks. */
function byText(
  path: string,
  guard: RequestHandler,
  asRead: (path: string) => string = (text) => text,
): RequestHandler {
  return (req, res, next) => (asRead(req.path) === path ? guard(req, res, next) : next());
}

describe.each(EXPRESS_ALL)('an app with many routes on Express %s', (_version, express) => {
  it('counts every spelling of a path that the router takes for it', async () => {
    const login: RequestHandler = (_req, res) => void res.send('in');
    const spellings = ['/login', '/LOGIN', '/login/', '/Login?next=/x', '/lOgIn/'];
    const requests: Sent[] = spellings.map((target) => ({ method: 'POST', target, headers: SAME_SITE }));

    const naive = express();
    let counted = 0;
    naive.use(byText('/login', (_req, res, next) => void (++counted > 2 ? res.sendStatus(429) : next())));
    addOthers(naive);
    naive.post('/login', login);
    expect((await ask(naive, ...requests)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(counted).toBe(1);

    const app = express();
    secure(app, QUIET);
    addOthers(app);
    app.post('/login', limit({ limit: 2, window: '1m' }), login);
    expect((await ask(app, ...requests)).map(({ status }) => status)).toEqual([200, 200, 429, 429, 429]);
  });

  it('lifts nothing for a path that only looks like the exempt one once it is decoded', async () => {
    const forged: Sent[] = ['/%68ook', '/hoo%6B', '/hook', '/HOOK/'].map((target) => ({
      method: 'POST',
      target,
      headers: FOREIGN,
    }));

    const naive = express();
    const exempted = new Set<string>();
    const exempting: RequestHandler = (req, _res, next) => {
      exempted.add(req.url);
      next();
    };
    naive.use(byText('/hook', exempting, decodeURIComponent));
    naive.use((req, res, next) => void (exempted.has(req.url) ? next() : res.sendStatus(403)));
    addOthers(naive);
    naive.post('/hook', (_req, res) => void res.send('hook'));
    naive.post('/:page', (_req, res) => void res.send('page'));
    expect((await ask(naive, ...forged)).map(({ body }) => body)).toEqual(['page', 'page', 'hook', 'Forbidden']);

    const app = express();
    // With it, such a spelling is refused before anyone looks a route up.
    secure(app, { ...QUIET, input: false });
    addOthers(app);
    app.post('/hook', exempt('csrf', { reason: 'signed by the sender' }), (_req, res) => void res.send('hook'));
    app.post('/:page', (_req, res) => void res.send('page'));
    const answers = await ask(app, ...forged);
    expect(answers.map(({ status, body }) => (status === 200 ? body : status))).toEqual([403, 403, 'hook', 'hook']);
  });

  it('judges the route that a rewritten URL leads to, wherever it stands', async () => {
    const asked: string[] = [];
    const app = express();
    secure(app, { ...QUIET, access: { identify: () => undefined } });
    app.use((req, _res, next) => {
      if (req.url.startsWith('/old/')) req.url = req.url.slice('/old'.length);
      next();
    });
    addOthers(app, 50);
    app.get('/orders', access.authenticated(), (_req, res) => {
      asked.push('orders');
      res.send('orders');
    });
    addOthers(app, 50);
    app.get('/news', access.public('for all'), (_req, res) => void res.send('news'));
    app.get('/old/:any', access.public('moved'), (_req, res) => void res.send('nothing moved'));
    const answers = await ask(
      app,
      { target: '/old/orders' },
      { target: '/old/news' },
      { target: '/old/else' },
      { target: '/ORDERS/' },
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 404, 401]);
    expect(asked).toEqual([]);
  });

  it('answers many requests at once, each by its own path', async () => {
    const app = express();
    secure(app, QUIET);
    const router = express.Router({ mergeParams: true });
    for (let i = 0; i < 60; i++) {
      router.get(`/part${i}/:id`, async (req, res) => {
        await new Promise((resolve) => setImmediate(resolve));
        const { tenant, id } = req.params as Record<string, string>;
        res.send(`${tenant} ${i} ${id} ${req.baseUrl}${req.url}`);
      });
    }
    app.use(async (_req, _res, next) => {
      await new Promise((resolve) => setImmediate(resolve));
      next();
    });
    addOthers(app, 60);
    app.use('/:tenant', router);
    const served = await serve(app);
    try {
      const numbers = Array.from({ length: 120 }, (_, i) => i);
      const bodies = await Promise.all(
        numbers.map(async (i) => (await send(served.url, { target: `/t${i}/part${i % 60}/${i}`, headers: HOST })).body),
      );
      expect(bodies).toEqual(numbers.map((i) => `t${i} ${i % 60} ${i} /t${i}/part${i % 60}/${i}`));
    } finally {
      await served.close();
    }
  });
});
