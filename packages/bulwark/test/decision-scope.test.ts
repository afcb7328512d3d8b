import { describe, expect, it } from 'vitest';
import { access, exempt, headers, limit, secure } from '../src/index.ts';
import { cors } from '../src/practices/cors/index.ts';
import { ask, FOREIGN, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Express } from './support/http.ts';

type App = ReturnType<Express>;
type Next = (error?: unknown) => void;

const PARTNER = { origin: 'https://partner.example', 'sec-fetch-site': 'cross-site' };

describe.each(EXPRESS_ALL)('how far a decision reaches on Express %s', (_version, express) => {
  const answer = (text: string) => (_req: unknown, res: { send(text: string): unknown }) => void res.send(text);
  const goOn = (_req: unknown, _res: unknown, next: Next): void => next();

  describe('a router that is passed without a route', () => {
    it('makes no later route public', async () => {
      const app = express();
      const gate = secure(app, { ...QUIET, access: { undecided: 'deny' } });
      app.use(express.Router().use(access.public('an open router')).get('/open', answer('open')));
      app.get('/admin', answer('admin'));
      const [open, admin] = await ask(app, { target: '/open' }, { target: '/admin' });
      expect([open?.status, admin?.status]).toEqual([200, 403]);
      expect(coverageOf(gate, '/admin', 'access')).toBe('enforced');
    });

    it('exempts no later route, not even one on the same path', async () => {
      const app = express();
      secure(app, QUIET);
      const hooks = (): App =>
        express
          .Router()
          .use(exempt('csrf', { reason: 'signed' }))
          .post('/hook', answer('hook')) as App;
      app.use(hooks());
      app.use('/api', hooks());
      app.post('/transfer', answer('transfer'));
      app.use('/api', express.Router().post('/transfer', answer('transfer')));
      const targets = ['/hook', '/api/hook', '/transfer', '/api/transfer'];
      const answers = await ask(app, ...targets.map((target) => ({ method: 'POST', target, headers: FOREIGN })));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 403, 403]);
    });

    it('lifts nothing from a middleware that stands behind it', async () => {
      const app = express();
      secure(app, QUIET);
      app.use(
        express
          .Router()
          .use(exempt('csrf', { reason: 'signed' }))
          .post('/hook', answer('hook')),
      );
      app.use('/rpc', answer('rpc'));
      expect((await one(app, { method: 'POST', target: '/rpc', headers: FOREIGN })).status).toBe(403);
    });

    it('lets nobody read or embed a later route', async () => {
      const app = express();
      secure(app, QUIET);
      const allow = cors.allow({ origins: [PARTNER.origin], credentials: true });
      const embeddable = headers.profile('embeddable', { by: [PARTNER.origin] });
      app.use(express.Router().use(allow, embeddable).get('/feed', answer('feed')));
      app.get('/account', answer('account'));
      const asking = { origin: PARTNER.origin, 'sec-fetch-site': 'same-origin' };
      const [feed, account] = await ask(
        app,
        { target: '/feed', headers: asking },
        { target: '/account', headers: asking },
      );
      expect(feed?.headers['access-control-allow-origin']).toBe(PARTNER.origin);
      expect(feed?.headers['content-security-policy']).toContain(`frame-ancestors ${PARTNER.origin}`);
      expect(account?.status).toBe(200);
      expect(account?.headers['access-control-allow-origin']).toBeUndefined();
      expect(account?.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    });

    it('still demands what it demands of whoever passes it', async () => {
      const app = express();
      secure(app, QUIET);
      app.use(express.Router().use(access.authenticated()).get('/mine', answer('mine')));
      app.get('/later', answer('later'));
      expect((await one(app, { target: '/later' })).status).toBe(401);
    });
  });

  it('a router of middleware alone keeps the exemption of its path', async () => {
    const app = express();
    secure(app, QUIET);
    app.use(
      '/graphql',
      express
        .Router()
        .use(exempt('csrf', { reason: 'tokens' }))
        .use(answer('graphql')),
    );
    expect((await one(app, { method: 'POST', target: '/graphql', headers: FOREIGN })).status).toBe(200);
  });

  it('a route that is fallen through to is not reached by the trust of the one before', async () => {
    const app = express();
    secure(app, QUIET);
    app.post('/feed', cors.allow({ origins: [PARTNER.origin] }), goOn);
    app.post('/:any', answer('any'));
    expect((await one(app, { method: 'POST', target: '/feed', headers: PARTNER })).status).toBe(403);
  });

  it('a route that is fallen through to has the CORS policy that the one before was exempt from', async () => {
    const app = express();
    secure(app, QUIET);
    app.get('/own', exempt('cors', { reason: 'answers for itself' }), goOn);
    app.get('/:any', (_req, res) => {
      res.setHeader('Access-Control-Allow-Origin', 'https://evil.example');
      res.send('any');
    });
    const headers = { origin: 'https://evil.example', 'sec-fetch-mode': 'no-cors' };
    const answered = await one(app, { target: '/own', headers });
    expect(answered.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('HEAD with a handler of its own does not borrow the decisions of GET', async () => {
    const app = express();
    secure(app, { ...QUIET, access: { undecided: 'deny' } });
    app.route('/own').get(access.public('open'), answer('get')).head(answer('head'));
    app.get('/get', access.public('open'), answer('get'));
    const [own, get] = await ask(app, { method: 'HEAD', target: '/own' }, { method: 'HEAD', target: '/get' });
    expect([own?.status, get?.status]).toEqual([403, 200]);
  });

  it('a refusal that an error handler swallows is no permission for the next route', async () => {
    const admin = access.role('admin');
    const once = limit({ limit: 1, window: '1m', at: 'route' });
    const app = express();
    secure(app, QUIET);
    const swallow = (_error: unknown, _req: unknown, _res: unknown, next: Next): void => next();
    app.get('/admin', admin, answer('first'));
    app.get('/once', once, answer('first'));
    app.use(swallow);
    app.get('/admin', admin, answer('second'));
    app.get('/once', once, answer('second'));
    const answers = await ask(app, { target: '/admin' }, { target: '/once' }, { target: '/once' });
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 429]);
  });

  it('a limit of its own does not hide that a route is exempt from the limit of every client', async () => {
    const app = express();
    const gate = secure(app, QUIET);
    const own = limit({ limit: 5, window: '1m' });
    app.post('/hook', exempt('rate-limit', { reason: 'one sender' }), own, answer('hook'));
    const [row] = gate.coverage();
    expect(row?.practices['rate-limit']).toEqual({ state: 'exempt', reason: 'one sender, 5 per 1m by client' });
    const { findings } = await gate.selfTest();
    expect(findings.map(({ message }) => message).join()).toContain('POST /hook');
  });

  it('the coverage shows an exemption wherever it holds, and a requirement only there', () => {
    const app = express();
    const gate = secure(app, QUIET);
    const reason = { reason: 'signed by the sender' };
    app.use(['/a', '/b'], exempt('csrf', reason));
    app.use('/Hooks', exempt('csrf', reason));
    app.use('/:tenant/in', exempt('csrf', reason));
    app.use('/fixed', exempt('csrf', reason));
    const nested = express.Router();
    nested.use('/deep', exempt('csrf', reason));
    nested.post(['/deep/x', '/flat'], answer('list'));
    app.use('/n', nested);
    app.use(['/p', '/q'], access.authenticated());
    for (const path of ['/a/1', '/hooks/1', '/acme/in', '/:any/1', '/p/1', '/other']) app.post(path, answer(path));
    const csrf = gate.coverage().map(({ path, practices }) => [path, practices.csrf.state]);
    expect(csrf).toEqual([
      ['/n/deep/x | /flat', 'exempt'],
      ['/a/1', 'exempt'],
      ['/hooks/1', 'exempt'],
      ['/acme/in', 'exempt'],
      ['/:any/1', 'exempt'],
      ['/p/1', 'enforced'],
      ['/other', 'enforced'],
    ]);
    expect(coverageOf(gate, '/p/1', 'access')).toBe('enforced');
    expect(coverageOf(gate, '/other', 'access')).toBe('missing');
  });
});

function coverageOf(gate: ReturnType<typeof secure>, path: string, practice: 'access' | 'csrf'): string | undefined {
  return gate.coverage().find((row) => row.path === path)?.practices[practice].state;
}
