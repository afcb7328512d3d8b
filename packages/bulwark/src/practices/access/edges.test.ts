import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { ask, FOREIGN, HOST, one, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Express, type Sent, send, serve } from '../../../test/support/http.ts';
import { exempt } from '../../decisions.ts';
import type { Policy } from '../../policy.ts';
import { secure } from '../../secure.ts';
import { limit } from '../rate-limit/index.ts';
import { type AccessOptions, access, type Identify, type Identity, identityOf } from './index.ts';

const say =
  (text: string): RequestHandler =>
  (_req, res) =>
    void res.send(text);

describe.each(EXPRESS)('access at its edges on Express %s', (_version, express) => {
  /** An app with a route for each kind of decision, and a user found by `identify`. */
  function gated(
    options: AccessOptions,
    policy: Partial<Policy> = {},
  ): { app: ReturnType<Express>; worked: () => number } {
    let worked = 0;
    const app = express();
    secure(app, { ...QUIET, errors: { onError: () => undefined }, access: options, ...policy });
    const work: RequestHandler = (_req, _res, next) => {
      worked++;
      next();
    };
    app.get('/open', access.public('a test'), work, say('open'));
    app.get('/mine', access.authenticated(), work, (req, res) => void res.json(identityOf(req)));
    app.get('/admin', access.role('admin'), work, say('admin'));
    app.get('/proto', access.role('__proto__', 'constructor', 'toString'), work, say('proto'));
    app.get('/fresh', access.factor('totp', { within: '10m' }), work, say('fresh'));
    app.get('/factor', access.factor('constructor', { within: '10m' }), work, say('factor'));
    app.get('/any', access.factor('any', { within: '10m' }), work, say('any'));
    app.get('/none', work, say('none'));
    return { app, worked: () => worked };
  }

  async function statuses(app: unknown, ...targets: (string | Sent)[]): Promise<number[]> {
    const sent = targets.map((target) => (typeof target === 'string' ? { target } : target));
    return (await ask(app, ...sent)).map(({ status }) => status);
  }

  const identify = (found: unknown): Identify => (() => found) as Identify;

  describe('who it is', () => {
    it.each([undefined, null, false, '', 0])('is a stranger, where identify returns %j', async (found) => {
      const { app, worked } = gated({ identify: identify(found) });
      expect(await statuses(app, '/mine', '/admin', '/fresh', '/none', '/open')).toEqual([401, 401, 401, 403, 200]);
      expect(worked()).toBe(1);
    });

    it.each<[string, unknown]>([
      ['a name', 'ann'],
      ['true', true],
      ['a number', 7],
      ['a list', ['ann']],
      ['a function', () => ({ id: 'ann' })],
      ['no id', {}],
      ['an empty id', { id: '' }],
      ['an id of null', { id: null }],
      ['an id that is an object', { id: { $ne: null } }],
      ['an id that is no number', { id: Number.NaN }],
      ['a role instead of roles', { id: 'ann', roles: 'admin' }],
      ['roles by name', { id: 'ann', roles: { admin: true } }],
      ['a role that is no name', { id: 'ann', roles: ['admin', { name: 'admin' }] }],
      ['factors that are none', { id: 'ann', factors: 'totp' }],
    ])('is an error and lets nobody in, where identify returns %s', async (_name, found) => {
      const { app, worked } = gated({ identify: identify(found) });
      expect(await statuses(app, '/mine', '/admin', '/any', '/none')).toEqual([500, 500, 500, 403]);
      expect(worked()).toBe(0);
      // The control: what is well formed is let in.
      expect(await statuses(gated({ identify: identify({ id: 7 }) }).app, '/mine')).toEqual([200]);
    });

    it.each<[string, Identify]>([
      [
        'throws',
        () => {
          throw new Error('store down');
        },
      ],
      ['rejects', () => Promise.reject(new Error('store down'))],
      ['rejects with nothing', () => Promise.reject(undefined)],
      ['rejects with null', () => Promise.reject(null)],
      [
        'returns what throws',
        () => ({
          get id(): string {
            throw new Error('lazy');
          },
        }),
      ],
    ])('is an error and lets nobody in, where identify %s', async (_name, failing) => {
      const { app, worked } = gated({ identify: failing });
      expect(await statuses(app, '/mine', '/admin', '/any', '/open')).toEqual([500, 500, 500, 200]);
      expect(worked()).toBe(1);
    });

    it('is kept as it was found: what changes afterwards gives no role', async () => {
      const user = { id: 'ann', roles: ['editor'], factors: {} as Record<string, number> };
      const { app } = gated({ identify: identify(user) });
      expect((await one(app, { target: '/mine' })).json()).toEqual(user);
      const raised = express();
      secure(raised, { ...QUIET, access: { identify: identify(user) } });
      raised.get('/', access.authenticated(), (req, res) => {
        user.roles.push('admin');
        res.json(identityOf(req)?.roles);
      });
      expect((await one(raised, {})).json()).toEqual(['editor']);
    });
  });

  describe('what it may', () => {
    it('is no role by inheritance, and one that is called like an object’s own', async () => {
      const bare = gated({ identify: identify({ id: 'ann', roles: [] }) }).app;
      expect(await statuses(bare, '/proto', '/admin')).toEqual([403, 403]);
      const named = gated({ identify: identify({ id: 'ann', roles: ['constructor'] }) }).app;
      expect(await statuses(named, '/proto', '/admin')).toEqual([200, 403]);
    });

    it.each<[string, Record<string, unknown>, number]>([
      ['now', { totp: Date.now() }, 200],
      ['nine minutes ago', { totp: Date.now() - 540_000 }, 200],
      ['eleven minutes ago', { totp: Date.now() - 660_000 }, 403],
      ['in an hour', { totp: Date.now() + 3_600_000 }, 403],
      ['at the end of time', { totp: Number.POSITIVE_INFINITY }, 403],
      ['never', { totp: Number.NaN }, 403],
      ['in seconds, not milliseconds', { totp: Math.floor(Date.now() / 1000) }, 403],
      ['as text', { totp: String(Date.now()) }, 403],
      ['as a date', { totp: new Date() }, 403],
      ['as true', { totp: true }, 403],
      ['another one', { sms: Date.now() }, 403],
    ])('needs a factor that was proven %s', async (_name, factors, status) => {
      const { app } = gated({ identify: identify({ id: 'ann', factors }) });
      expect(await statuses(app, '/fresh', '/factor')).toEqual([status, 403]);
    });
  });

  describe('with req.user, as passport sets it', () => {
    it.each<[string, unknown, number[]]>([
      ['nobody', undefined, [401, 401]],
      ['null', null, [401, 401]],
      ['a name', 'ann', [401, 401]],
      ['an object without an id', { name: 'ann' }, [401, 401]],
      ['an empty id', { id: '' }, [401, 401]],
      ['an id', { id: 7 }, [200, 403]],
      ['a subject', { sub: 'ann', role: 'admin' }, [200, 200]],
      ['roles', { _id: 'ann', roles: ['admin', 7] }, [200, 200]],
    ])('%s', async (_name, user, expected) => {
      const app = express();
      secure(app, { ...QUIET, access: { undecided: 'deny' } });
      app.use((req, _res, next) => {
        Object.assign(req, { user });
        next();
      });
      app.get('/mine', access.authenticated(), say('mine'));
      app.get('/admin', access.role('admin'), say('admin'));
      expect(await statuses(app, '/mine', '/admin')).toEqual(expected);
    });

    it('does not count where identify says who it is', async () => {
      const app = express();
      secure(app, { ...QUIET, access: { identify: () => undefined } });
      app.use((req, _res, next) => {
        Object.assign(req, { user: { id: 'ann', roles: ['admin'] } });
        next();
      });
      app.get('/admin', access.role('admin'), say('admin'));
      expect(await statuses(app, '/admin')).toEqual([401]);
    });
  });

  describe('in its place', () => {
    const nobody = { identify: () => undefined };

    it('holds for everything below a router, and for what stands behind it', async () => {
      const app = express();
      const identity: Identity = { id: 'ann', roles: ['editor'] };
      secure(app, { ...QUIET, access: { identify: () => identity } });
      const router = express.Router();
      router.use(access.role('admin'));
      router.get('/x', access.public('too late to open it'), say('x'));
      router.use('/deep', express.Router().get('/y', say('y')));
      app.use('/admin', router);
      app.get('/both', access.role('editor'), access.role('admin'), say('both'));
      app.get('/one', access.role('editor', 'admin'), say('one'));
      expect(await statuses(app, '/admin/x', '/admin/deep/y', '/both', '/one')).toEqual([403, 403, 403, 200]);
    });

    it('holds for HEAD, and for a handler of its own for OPTIONS', async () => {
      const { app, worked } = gated(nobody);
      app.options('/mine', access.authenticated(), say('options'));
      expect(await statuses(app, { method: 'HEAD', target: '/mine' }, { method: 'OPTIONS', target: '/mine' })).toEqual([
        401, 401,
      ]);
      expect(worked()).toBe(0);
    });

    it('comes after the limit, so guesses are counted, and after CSRF, so a forged request learns nothing', async () => {
      const app = express();
      secure(app, { ...QUIET, access: nobody });
      app.post('/login', access.authenticated(), limit({ limit: 2, window: '1m' }), say('in'));
      const guess = { method: 'POST', target: '/login' };
      expect(await statuses(app, guess, { ...guess, headers: FOREIGN }, guess)).toEqual([401, 403, 429]);
    });

    it('comes before every handler of the app, parsers of its own and validators too', async () => {
      const app = express();
      secure(app, { ...QUIET, access: nobody });
      let parsed = 0;
      const parse = express.json({ verify: () => void parsed++ });
      app.use(parse);
      app.post('/raw', exempt('input', { reason: 'parses by itself' }), parse, access.authenticated(), say('raw'));
      const answer = await one(app, {
        method: 'POST',
        target: '/raw',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect([answer.status, parsed]).toEqual([401, 0]);
    });

    it('does not refuse a preflight, which carries no credentials', async () => {
      const app = express();
      secure(app, { ...QUIET, access: nobody, cors: { origins: ['https://app.example'], credentials: true } });
      app.put('/mine', access.authenticated(), say('mine'));
      const asking = { origin: 'https://app.example', 'access-control-request-method': 'PUT' };
      const [preflight, call] = await ask(
        app,
        { method: 'OPTIONS', target: '/mine', headers: asking },
        { method: 'PUT', target: '/mine', headers: { origin: 'https://app.example' } },
      );
      expect([preflight?.status, preflight?.headers['access-control-allow-origin']]).toEqual([
        204,
        'https://app.example',
      ]);
      expect(call?.status).toBe(401);
    });
  });

  describe('alone', () => {
    async function alone(options: AccessOptions, target: string): Promise<number> {
      const app = express();
      app.use(access(options));
      app.get('/mine', access.authenticated(), say('mine'));
      app.get('/undecided', say('undecided'));
      const served = await serve(app);
      try {
        return (await send(served.url, { target, headers: HOST })).status;
      } finally {
        await served.close();
      }
    }

    it('finds the user, and decisions are carried out where they stand', async () => {
      expect(await alone({ identify: () => ({ id: 'ann' }) }, '/mine')).toBe(200);
      expect(await alone({ identify: () => ({ id: 'ann' }) }, '/undecided')).toBe(200);
      // Refused; Express's own handler shows the status of the refusal.
      expect(await alone({ identify: () => undefined }, '/mine')).toBe(401);
      expect(await alone({ identify: () => ({ id: '' }) }, '/undecided')).toBe(500);
    });

    it('denies everything where it was asked to deny what is undecided: it cannot see the routes', async () => {
      expect(await alone({ undecided: 'deny' }, '/undecided')).toBe(403);
    });
  });

  describe('the check access/route-undecided', () => {
    async function judge(
      options: AccessOptions | false,
      ...routes: RequestHandler[]
    ): Promise<[string | undefined, string]> {
      const app = express();
      const gate = secure(app, { ...QUIET, access: options });
      app.get('/home', access.public('a test'), say('home'));
      app.get('/forgotten', say('forgotten'));
      for (const [i, guard] of routes.entries()) app.get(`/${i}`, guard, say('guarded'));
      const { results, findings } = await gate.selfTest();
      return [
        results['access/route-undecided'],
        findings.find(({ id }) => id === 'access/route-undecided')?.message ?? '',
      ];
    }

    it.each<[string, AccessOptions | false, RequestHandler[], string]>([
      ['an app without users', {}, [], 'not-applicable'],
      ['an app with users, and a route that is open', { identify: () => undefined, undecided: 'allow' }, [], 'fail'],
      ['an app that asks for users in a route', {}, [access.authenticated()], 'fail'],
      ['an app whose undecided routes are denied', { identify: () => undefined }, [], 'pass'],
      ['an app without access', false, [access.authenticated()], 'not-applicable'],
    ])('judges %s', async (_name, options, routes, result) => {
      const [judged, message] = await judge(options, ...routes);
      expect(judged).toBe(result);
      expect(message).toMatch(result === 'fail' ? /^Anyone may call GET \/forgotten: nobody decided\./ : /^$/);
    });
  });
});
