import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { access, type CoverageRow, describeCoverage, exempt, type Gate, secure } from '../src/index.ts';
import { ask, FOREIGN, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express, type Sent } from './support/http.ts';

const DENY = { ...QUIET, access: { undecided: 'deny' } } as const;
const open = (): RequestHandler => access.public('a test') as RequestHandler;
const say =
  (text: string): RequestHandler =>
  (_req: Request, res: Response) =>
    void res.send(text);
const pass: RequestHandler = (_req: Request, _res: Response, next: NextFunction) => next();

/** Each row as `METHOD path: state of access`. */
const rowsOf = (gate: Gate): string[] =>
  gate.coverage().map(({ kind, method, path, practices }) => {
    const place = kind === 'route' ? path : `${path} (middleware)`;
    return `${method} ${place}: ${practices.access.state}`;
  });

async function statuses(app: unknown, ...requests: (string | Sent)[]): Promise<number[]> {
  const sent = requests.map((request) => (typeof request === 'string' ? { target: request } : request));
  return (await ask(app, ...sent)).map(({ status }) => status);
}

describe.each(EXPRESS_ALL)('what the gate sees of an app of Express %s', (version, express) => {
  const isExpress4 = version.startsWith('4');

  it('routers in routers in routers, with parameters of their own', async () => {
    const app = express();
    const gate = secure(app, DENY);
    const [outer, middle, inner] = [
      express.Router(),
      express.Router({ mergeParams: true }),
      express.Router({ mergeParams: true }),
    ];
    inner.get('/items/:item', open(), (req, res) => void res.json(req.params));
    inner.get('/secret', say('secret'));
    middle.use('/shops/:shop', inner);
    outer.use('/v1', middle);
    app.use('/api', outer);
    expect(rowsOf(gate)).toEqual([
      'GET /api/v1/shops/:shop/items/:item: exempt',
      'GET /api/v1/shops/:shop/secret: enforced',
    ]);
    const answer = await one(app, { target: '/api/v1/shops/7/items/8' });
    expect(answer.json()).toEqual({ shop: '7', item: '8' });
    expect(await statuses(app, '/api/v1/shops/7/secret', '/api/v1/shops/7/none')).toEqual([403, 404]);
  });

  it('app.route(), app.all(), lists of paths, expressions', async () => {
    const app = express();
    const gate = secure(app, DENY);
    app.route('/thing').get(open(), say('get')).post(say('post')).delete(access.role('admin'), say('delete'));
    app.route('/whole').all(open()).get(say('get')).put(say('put'));
    app.all('/any', open(), say('any'));
    app.get(['/a', '/b/:id'], open(), say('list'));
    app.get(/^\/x(\d+)$/, open(), say('expression'));
    expect(rowsOf(gate)).toEqual([
      'GET /thing: exempt',
      'POST /thing: enforced',
      'DELETE /thing: enforced',
      '* /whole: exempt',
      'GET /whole: exempt',
      'PUT /whole: exempt',
      '* /any: exempt',
      'GET /a | /b/:id: exempt',
      `GET ${String(/^\/x(\d+)$/)}: exempt`,
    ]);
    expect(
      await statuses(
        app,
        '/thing',
        { method: 'POST', target: '/thing' },
        { method: 'DELETE', target: '/thing' },
        { method: 'PUT', target: '/whole' },
        { method: 'PATCH', target: '/any' },
        '/b/7',
        '/x42',
        '/x',
      ),
    ).toEqual([200, 403, 401, 200, 200, 200, 200, 404]);
  });

  it('parameters with patterns of their own, and what app.param() does', async () => {
    const app = express();
    secure(app, DENY);
    const path = isExpress4 ? '/n/:id(\\d+)' : /^\/n\/(?<id>\d+)$/;
    app.get(path, open(), (req, res) => void res.json(req.params.id));
    const router = express.Router();
    router.param('user', (req, _res, next, id: string) => {
      Object.assign(req, { found: `user ${id}` });
      next();
    });
    router.get('/:user', open(), (req, res) => void res.send((req as { found?: string }).found));
    app.use('/users', router);
    const [number, word, user] = await ask(app, { target: '/n/7' }, { target: '/n/seven' }, { target: '/users/ann' });
    expect([number?.json(), word?.status, user?.body]).toEqual(['7', 404, 'user ann']);
  });

  it('apps below apps and routers, and a router that stands in two places', async () => {
    const app = express();
    const gate = secure(app, DENY);
    const [sub, deep] = [express(), express()];
    deep.get('/leaf', open(), say('leaf'));
    sub.use('/deep', deep);
    sub.get('/own', say('own'));
    app.use('/sub', sub);
    app.use('/r', express.Router().use('/deep', deep));
    const twice = express.Router().get('/x', say('x'));
    app.use('/public', open(), twice);
    app.use('/private', twice);
    expect(rowsOf(gate)).toEqual([
      'GET /sub/deep/leaf: exempt',
      'GET /sub/own: enforced',
      'GET /r/deep/leaf: exempt',
      'GET /public/x: exempt',
      'GET /private/x: enforced',
    ]);
    expect(await statuses(app, '/sub/deep/leaf', '/sub/own', '/r/deep/leaf', '/public/x', '/private/x')).toEqual([
      200, 403, 200, 200, 403,
    ]);
  });

  it('routes that come after the first request, in the app, in a router and in an app that was empty', async () => {
    const app = express();
    const gate = secure(app, DENY);
    const router = express.Router();
    const sub = express();
    app.use('/r', router);
    app.use('/sub', sub);
    expect(await statuses(app, '/late', '/r/late', '/sub/late')).toEqual([404, 404, 404]);
    for (const target of [app, router, sub]) {
      target.get('/late', open(), say('late'));
      target.get('/undecided', say('undecided'));
    }
    expect(await statuses(app, '/late', '/r/late', '/sub/late')).toEqual([200, 200, 200]);
    expect(await statuses(app, '/undecided', '/r/undecided', '/sub/undecided')).toEqual([403, 403, 403]);
    expect(rowsOf(gate).map((row) => row.split(':')[0])).toEqual([
      'GET /r/late',
      'GET /r/undecided',
      'GET /sub/late',
      'GET /sub/undecided',
      'GET /late',
      'GET /undecided',
    ]);
  });

  describe('of middleware that answers', () => {
    function withMiddleware(policy: typeof QUIET = DENY): { app: ReturnType<Express>; gate: Gate } {
      const app = express();
      const gate = secure(app, policy);
      app.use('/docs', pass, say('docs'));
      app.use('/files', access.public('downloads') as RequestHandler, say('file'));
      app.use(
        '/graphql',
        express.Router().use(exempt('csrf', { reason: 'tokens' }) as RequestHandler, open(), say('graphql')),
      );
      app.use('/api', express.Router().use(pass).get('/x', open(), say('x')));
      app.use('/failing', (_error: unknown, _req: Request, _res: Response, next: NextFunction) => next());
      return { app, gate };
    }

    it('a row for each path, with what is said of it, and none for routers that have routes', () => {
      expect(rowsOf(withMiddleware().gate)).toEqual([
        '* /docs (middleware): enforced',
        '* /files (middleware): exempt',
        '* /graphql (middleware): exempt',
        'GET /api/x: exempt',
      ]);
      expect(rowsOf(withMiddleware(QUIET).gate)[0]).toBe('* /docs (middleware): missing');
    });

    it('a row for an app that has no route at all, and for a router of middleware that has a path in it', () => {
      const app = express();
      const gate = secure(app, DENY);
      app.use(exempt('csrf', { reason: 'tokens' }) as RequestHandler, say('proxied'));
      app.use(
        '/rpc',
        express
          .Router()
          .use('/v1', pass)
          .use(exempt('input', { reason: 'raw' }) as RequestHandler)
          .use(say('rpc')),
      );
      app.use(express.Router().use(pass));
      expect(rowsOf(gate)).toEqual([
        '* /rpc/v1 (middleware): enforced',
        '* /rpc (middleware): enforced',
        '* / (middleware): enforced',
      ]);
      const [, rpc, all] = gate.coverage();
      expect([rpc?.practices.input.reason, all?.practices.csrf.reason]).toEqual(['raw', 'tokens']);
      app.get('/x', say('x'));
      expect(rowsOf(gate)).not.toContain('* / (middleware): enforced');
    });

    it('what a later router on its path says of it, as the gate goes by that too', async () => {
      const app = express();
      const gate = secure(app, DENY);
      app.use('/docs', (req: Request, res: Response, next: NextFunction) => {
        if (req.path === '/secret') res.send('docs');
        else next();
      });
      app.use('/docs', express.Router().use(open()).get('/open', say('open')));
      expect(await statuses(app, '/docs/open', '/docs/secret', '/docs/none')).toEqual([200, 200, 404]);
      expect(rowsOf(gate)).toEqual(['* /docs (middleware): exempt', 'GET /docs/open: exempt']);
    });

    it.each(['deny', 'allow'] as const)('a demand behind it that comes too late is none (%s)', async (undecided) => {
      const behind = (identify?: () => undefined) => {
        const app = express();
        const gate = secure(app, { ...QUIET, access: { undecided, ...(identify && { identify }) } });
        app.use('/files', say('files'), access.role('admin'));
        app.use('/rpc', express.Router().use(say('rpc'), access.role('admin')));
        app.use('/docs', pass, access.role('admin'), say('docs'));
        return { app, states: gate.coverage().map(({ path, practices }) => [path, practices.access]) };
      };
      const { app, states } = behind();
      const [state, status] = undecided === 'deny' ? (['enforced', 403] as const) : (['missing', 200] as const);
      const reason = undecided === 'deny' ? 'denied: no access decision' : 'no access decision';
      expect(states).toEqual([
        ['/files', { state, reason }],
        ['/rpc', { state, reason }],
        ['/docs', { state: 'enforced', reason: 'role admin' }],
      ]);
      expect(await statuses(app, '/files/a', '/rpc', '/docs')).toEqual([status, status, 401]);
      // Where the gate knows the user, it is carried out before all of them.
      const known = behind(() => undefined);
      expect(known.states.map(([, access]) => access)).toEqual(
        Array(3).fill({ state: 'enforced', reason: 'role admin' }),
      );
      expect(await statuses(known.app, '/files/a', '/rpc', '/docs')).toEqual([401, 401, 401]);
    });

    it('its exemptions show as escape hatches', async () => {
      const { results, findings } = await withMiddleware().gate.selfTest();
      expect(results['csrf/escape-hatch']).toBe('fail');
      expect(findings.find(({ id }) => id === 'csrf/escape-hatch')?.message).toContain(
        "exempt('csrf') on * /graphql (tokens)",
      );
    });

    it('no answer where nobody decided, on a path or on every path', async () => {
      const { app } = withMiddleware();
      expect(await statuses(app, '/docs', '/docs/deep/er', '/DOCS/', '/files/a', '/none')).toEqual([
        403, 403, 403, 200, 404,
      ]);
      expect(await statuses(app, { method: 'POST', target: '/graphql', headers: FOREIGN })).toEqual([200]);
      app.use(say('everything'));
      expect(await statuses(app, '/none', '/docs', '/files/a', '/api/x')).toEqual([403, 403, 200, 200]);
      // The control: without the rule, each of them answers.
      const { app: lax } = withMiddleware(QUIET);
      lax.use(say('everything'));
      expect(await statuses(lax, '/none', '/docs')).toEqual([200, 200]);
    });

    it('no stop of the start: it may only pass by', async () => {
      const app = express();
      const gate = secure(app, { ...QUIET, access: { undecided: 'refuse-to-start' } });
      app.use('/api', pass);
      app.get('/api/x', open(), say('x'));
      expect(await statuses(app, '/api/x', '/api/y')).toEqual([200, 403]);
      expect(rowsOf(gate)).toEqual(['* /api (middleware): enforced', 'GET /api/x: exempt']);
    });
  });

  describe('where nobody may call what nobody decided', () => {
    it('an address that nothing has is 404, and no event; a method that its route does not have is 405', async () => {
      const app = express();
      const gate = secure(app, DENY);
      const heard: string[] = [];
      gate.on('*', ({ code }) => {
        if (code !== undefined) heard.push(code);
      });
      app.get('/orders', access.authenticated(), say('orders'));
      app.get('/forgotten', say('forgotten'));
      app.use((_error: unknown, _req: Request, _res: Response, next: NextFunction) => next());
      const [none, put, options, forgotten, head] = await ask(
        app,
        { target: '/none' },
        { method: 'PUT', target: '/orders' },
        { method: 'OPTIONS', target: '/orders' },
        { target: '/forgotten' },
        { method: 'HEAD', target: '/forgotten' },
      );
      expect([none?.status, put?.status, options?.status, forgotten?.status, head?.status]).toEqual([
        404, 405, 405, 403, 403,
      ]);
      expect(none?.json()).toMatchObject({ code: 'ERR_NOT_FOUND', detail: 'nothing is served at this address' });
      expect(put?.headers.allow).toBe('GET, HEAD');
      expect(heard.filter((code) => code !== 'ERR_METHOD_NOT_ALLOWED')).toEqual([
        'ERR_ACCESS_DENIED',
        'ERR_ACCESS_DENIED',
      ]);
    });

    it('an address is 403 where a router hides in a closure: something may be there', async () => {
      const app = express();
      secure(app, DENY);
      const hidden = express.Router().get('/x', say('hidden'));
      app.use('/h', (req, res, next) => hidden(req, res, next));
      expect(await statuses(app, '/h/x', '/h/none', '/none')).toEqual([403, 403, 404]);
    });

    it('in monitor mode all of it is let pass', async () => {
      const app = express();
      secure(app, { ...DENY, monitor: ['access'] });
      app.get('/forgotten', say('forgotten'));
      expect(await statuses(app, '/forgotten', '/none')).toEqual([200, 404]);
    });
  });
});

describe('the coverage as text', () => {
  const [, express] = EXPRESS_ALL[1];

  function rows(): CoverageRow[] {
    const app = express();
    const gate = secure(app, {
      ...DENY,
      https: {},
      cors: false,
      monitor: ['headers'],
      access: { identify: () => undefined },
    });
    app.get('/', access.public('explains the server'), say('home'));
    app.get('/orders/:id', access.role('admin', 'owner') as RequestHandler, say('order'));
    app.post('/forgotten', say('forgotten'));
    app.use('/docs', say('docs'));
    app.post(
      '/webhooks/a-path-that-is-longer-than-half-of-a-terminal-is-wide',
      access.public('signed by the sender over the raw bytes of the body') as RequestHandler,
      exempt('csrf', {
        reason: 'signed by the sender, whoever that is, over all of the raw bytes of the body',
      }) as RequestHandler,
      say('hook'),
    );
    return gate.coverage();
  }

  it('says who may call each route, and what is special about it', () => {
    expect(describeCoverage(rows().slice(0, 4), 100)).toBe(
      [
        'GET  /            public: explains the server',
        'GET  /orders/:id  role admin or owner',
        'POST /forgotten   NOBODY: denied: no access decision',
        '*    /docs/…      NOBODY: denied: no access decision',
        '',
        'On every route: client, csrf, errors, https, input, limits, logging, rate-limit, secrets',
        'On none: cors (turned off in the policy), headers (in monitor mode: reports and lets pass)',
      ].join('\n'),
    );
  });

  it.each([80, 120])('fits a terminal of %i columns, however long paths and reasons are', (width) => {
    const lines = describeCoverage(rows(), width).split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines.join(' ')).toContain('without csrf: signed by the sender');
    expect(lines).toContain('POST /webhooks/a-path-that-is-longer-than-half-of-a-terminal-is-wide');
  });

  it('says that anybody may call, and that there are no routes', () => {
    const app = express();
    const gate = secure(app, QUIET);
    expect(describeCoverage(gate.coverage())).toBe('no routes');
    app.get('/', say('home'));
    expect(describeCoverage(gate.coverage())).toMatch(/^GET \/ {2}ANYBODY: no access decision\n/);
  });
});
