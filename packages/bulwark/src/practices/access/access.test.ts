import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import type { RunningFacts } from '../../check.ts';
import { ConfigError } from '../../errors.ts';
import { secure } from '../../secure.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { access, type Identity } from './index.ts';

const ORIGIN = 'https://shop.example';

const USERS: Record<string, Identity> = {
  ann: { id: 'ann', roles: ['editor'] },
  root: { id: 'root', roles: ['admin'], factors: { totp: Date.now() - 1000 } },
  late: { id: 'late', roles: ['admin'], factors: { totp: Date.now() - 3_600_000 } },
};

const identify = (req: { headers: Record<string, unknown> }): Identity | undefined =>
  USERS[String(req.headers['x-user'])];

describe.each(EXPRESS)('access on Express %s', (_version, express) => {
  async function statusOf(app: unknown, path: string, user?: string, method = 'GET'): Promise<number> {
    const served = await serve(app);
    const headers = { host: 'shop.example', ...(user === undefined ? {} : { 'x-user': user }) };
    try {
      return (await send(served.url, { method, target: path, headers })).status;
    } finally {
      await served.close();
    }
  }

  it('alone, judges req.user where the decision stands; the control leaves the third route open', async () => {
    expect(await statusOf(createVulnerable(express), '/orders')).toBe(401);
    expect(await statusOf(createVulnerable(express), '/orders/1', undefined, 'DELETE')).toBe(200);

    expect(await statusOf(createSecured(express), '/orders')).toBe(401);
    expect(await statusOf(createSecured(express), '/orders', 'ann')).toBe(200);
    expect(await statusOf(createSecured(express), '/orders/1', undefined, 'DELETE')).toBe(401);
    expect(await statusOf(createSecured(express), '/orders/1', 'ann', 'DELETE')).toBe(403);
    expect(await statusOf(createSecured(express), '/orders/1', 'root', 'DELETE')).toBe(200);
  });

  function gated(undecided?: 'deny' | 'allow'): unknown {
    const app = express();
    secure(app, {
      origins: ORIGIN,
      https: false,
      logging: false,
      access: { identify, ...(undecided === undefined ? {} : { undecided }) },
    });
    app.get('/open', access.public('a test'), (_req, res) => void res.send('open'));
    app.get('/mine', access.authenticated(), (_req, res) => void res.send('mine'));
    app.get('/admin', access.role('admin', 'owner'), (_req, res) => void res.send('admin'));
    app.get('/fresh', access.factor('totp', { within: '10m' }), (_req, res) => void res.send('fresh'));
    app.get('/any', access.factor('any', { within: '10m' }), (_req, res) => void res.send('any'));
    app.get('/undecided', (_req, res) => void res.send('undecided'));
    return app;
  }

  it.each([
    ['/open', undefined, 200],
    ['/mine', undefined, 401],
    ['/mine', 'ann', 200],
    ['/admin', undefined, 401],
    ['/admin', 'ann', 403],
    ['/admin', 'root', 200],
    ['/fresh', 'ann', 403],
    ['/fresh', 'late', 403],
    ['/fresh', 'root', 200],
    ['/any', 'root', 200],
    ['/any', 'late', 403],
    ['/undecided', 'root', 403],
  ])('in the gate, %s for %s is %i', async (path, user, status) => {
    expect(await statusOf(gated(), path, user)).toBe(status);
  });

  it('lets an undecided route pass where the policy says so', async () => {
    expect(await statusOf(gated('allow'), '/undecided')).toBe(200);
  });

  it('decides before the handlers that stand before the decision', async () => {
    const app = express();
    secure(app, { origins: ORIGIN, https: false, logging: false, access: { identify } });
    let worked = 0;
    app.get(
      '/late',
      (_req, _res, next) => {
        worked++;
        next();
      },
      access.authenticated(),
      (_req, res) => void res.send('late'),
    );
    expect(await statusOf(app, '/late')).toBe(401);
    expect(worked).toBe(0);
    expect(await statusOf(app, '/late', 'ann')).toBe(200);
    expect(worked).toBe(1);
  });

  it('answers 500 and not the route when identify fails', async () => {
    const app = express();
    const failing = (): never => {
      throw new Error('store down');
    };
    secure(app, { origins: ORIGIN, https: false, logging: false, access: { identify: failing } });
    app.get('/mine', access.authenticated(), (_req, res) => void res.send('mine'));
    expect(await statusOf(app, '/mine', 'ann')).toBe(500);
  });
});

describe('the decisions of access', () => {
  it('refuse to be made without what they need', () => {
    expect(() => access.public('')).toThrow(ConfigError);
    expect(() => access.role('')).toThrow(/access\.role/);
    expect(() => access.factor('totp', { within: 'soon' })).toThrow(/access\.factor\(\)\.within/);
    expect(() => access({ undecided: 'maybe' as 'deny' })).toThrow(/access\.undecided/);
  });
});

describe('access/disabled', () => {
  const facts = (off: readonly 'access'[] | undefined): RunningFacts => ({
    origin: ORIGIN,
    exchanges: {},
    ...(off === undefined ? {} : { inside: { off, monitored: [], hatches: [] } }),
  });
  const [check] = checks;

  it('fails where access is off, passes where it is on, and cannot tell from outside', () => {
    expect(check?.judge(facts(['access'])).result).toBe('fail');
    expect(check?.judge(facts([])).result).toBe('pass');
    expect(check?.judge(facts(undefined)).result).toBe('unknown');
  });
});
