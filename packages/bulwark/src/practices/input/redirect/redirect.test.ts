import type http from 'node:http';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { one, QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Received } from '../../../../test/support/http.ts';
import { LEAVING, OWN, STAYING } from '../../../../test/support/redirect-corpus.ts';
import type { Handler } from '../../../context.ts';
import { ConfigError } from '../../../errors.ts';
import type { SecurityEvent } from '../../../events.ts';
import { exempt, type Gate, secure } from '../../../index.ts';
import { errors } from '../../errors/index.ts';
import { redirect } from '../index.ts';

type App = ReturnType<Express>;
type Send = (req: Request, res: Response) => unknown;

const to =
  (target: string): Send =>
  (_req, res) =>
    res.redirect(target);
/** What code without types does. */
const call = (res: Response, ...args: unknown[]): unknown => Reflect.apply(res.redirect, res, args) as unknown;
const IDP = 'https://idp.example';

function gated(
  express: Express,
  send: Send,
  policy = {},
  ...before: Handler[]
): { app: App; gate: Gate; events: SecurityEvent[] } {
  const app = express();
  const gate = secure(app, { ...QUIET, errors: { onError: () => undefined }, ...policy });
  const events: SecurityEvent[] = [];
  gate.on('malicious_redirect', (event) => void events.push(event));
  app.get('/', ...before, (req, res) => void send(req, res));
  return { app, gate, events };
}

function alone(express: Express, send: Send, external: string[] = []): App {
  const app = express();
  app.use(redirect({ origins: OWN, external }));
  app.get('/', (req, res) => void send(req, res));
  app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
  return app;
}

const expectRefused = (answer: Received): void => {
  expect(answer.json()).toMatchObject({ status: 400, code: 'ERR_REDIRECT_EXTERNAL' });
  expect(answer.headers.location).toBeUndefined();
  expect(answer.body).toContain('redirect.external()');
  expect(answer.body).not.toContain('evil');
};

it('the corpus is large, and no target is in it twice', () => {
  expect(LEAVING.length + STAYING.length).toBeGreaterThanOrEqual(100);
  expect(new Set([...LEAVING, ...STAYING]).size).toBe(LEAVING.length + STAYING.length);
});

describe.each(EXPRESS)('redirects on Express %s', (version, express) => {
  describe.each(LEAVING.map((target) => [target]))('to %j', (target) => {
    it('are refused, in a gate and alone', async () => {
      expectRefused(await one(gated(express, to(target)).app, {}));
      expectRefused(await one(alone(express, to(target)), {}));
    });
  });

  it.each(STAYING.map((target) => [target]))('to %j go on as Express sends them', async (target) => {
    const plain = await one(
      express().get('/', (_req, res) => res.redirect(target)),
      {},
    );
    for (const app of [gated(express, to(target)).app, alone(express, to(target))]) {
      const answer = await one(app, {});
      expect([answer.status, answer.headers.location]).toEqual([302, plain.headers.location]);
    }
  });

  it('the guard that everybody writes lets some of them by (the control)', async () => {
    const passed: string[] = [];
    for (const target of LEAVING.filter((candidate) => candidate.startsWith('/'))) {
      const app = express().get('/', (_req, res) =>
        target.startsWith('/') ? res.redirect(target) : res.redirect('/'),
      );
      const { headers } = await one(app, {});
      // What a browser makes of it.
      if (URL.canParse(headers.location ?? '', OWN) && new URL(headers.location ?? '', OWN).origin !== OWN)
        passed.push(target);
    }
    expect(passed).toEqual(expect.arrayContaining(['//evil.example', '/\\evil.example', '///evil.example']));
  });

  it('in every form that res.redirect() has', async () => {
    const forms: Send[] = [
      (_req, res) => res.redirect(301, '//evil.example'),
      (_req, res) => res.status(303).redirect('//evil.example'),
      (_req, res) => call(res, new URL('https://evil.example')),
      (_req, res) => call(res, ['//evil.example', 'x']),
      (_req, res) => call(res, '//evil.example', 302),
      (_req, res) => call(res, '302', '//evil.example'),
      (_req, res) => res.status(302).location('//evil.example').end(),
      (_req, res) => res.status(308).location('//evil.example').send('moved'),
      (_req, res) => res.status(308).location('//evil.example').json({}),
    ];
    for (const send of forms) expectRefused(await one(gated(express, send).app, {}));
    for (const send of forms) expectRefused(await one(alone(express, send), {}));
  });

  it('what an object says of itself is asked once', async () => {
    let asked = 0;
    const fickle = { toString: () => (asked++ === 0 ? '/' : '//evil.example') };
    const answer = await one(gated(express, (_req, res) => call(res, fickle)).app, {});
    expect([answer.headers.location, asked]).toEqual(['/', 1]);
  });

  it('a refusal within a callback is answered, and the process lives on', async () => {
    const late = (_req: Request, res: Response): void => void setImmediate(() => res.redirect('//evil.example'));
    expectRefused(await one(gated(express, late).app, {}));
    expectRefused(await one(alone(express, late), {}));
    const muted = (_req: Request, res: Response): void =>
      void setImmediate(() => res.status(302).location('//evil.example').send('x'));
    expectRefused(await one(gated(express, muted).app, {}));
  });

  it('so is one of a handler that goes on, or is async', async () => {
    const goesOn: Send = async (_req, res) => {
      await Promise.resolve();
      res.redirect('//evil.example');
      res.end();
    };
    expectRefused(await one(gated(express, goesOn).app, {}));
    expectRefused(await one(alone(express, goesOn), {}));
  });

  it('“back” is where the browser came from on Express 4, and a page on 5', async () => {
    const back: Send = (_req, res) => res.redirect('back');
    const from = (referer: string): object => ({ headers: { referer } });
    const elsewhere = await one(gated(express, back).app, from('https://evil.example/page'));
    const here = await one(gated(express, back).app, from(`${OWN}/page`));
    expect([elsewhere.status, here.headers.location]).toEqual(version === '4' ? [400, `${OWN}/page`] : [302, 'back']);
    expect((await one(gated(express, back).app, {})).headers.location).toBe(version === '4' ? '/' : 'back');
    // Express 4 takes the second where the first is empty.
    const both = { headers: { referrer: '', referer: 'https://evil.example/page' } };
    expect((await one(gated(express, back).app, both)).status).toBe(version === '4' ? 400 : 302);
  });

  it('every own origin is one', async () => {
    const two = { origins: [OWN, 'https://admin.shop.example'] };
    expect((await one(gated(express, to('https://admin.shop.example/x'), two).app, {})).status).toBe(302);
    expectRefused(await one(gated(express, to('https://other.shop.example/x'), two).app, {}));
  });

  it('declared ones pass: by the policy, by the route, and no near miss', async () => {
    const policy = { input: { redirects: [IDP] } };
    expect((await one(gated(express, to(`${IDP}/authorize?x`), policy).app, {})).headers.location).toBe(
      `${IDP}/authorize?x`,
    );
    expect((await one(gated(express, to(`${IDP}/a`), {}, redirect.external(IDP)).app, {})).status).toBe(302);
    expect((await one(alone(express, to(`${IDP}/a`), [IDP]), {})).status).toBe(302);
    for (const miss of [
      'http://idp.example/',
      'https://idp.example.evil.example/',
      'https://idp.example:8443/',
      'https://idp.example@evil.example/',
    ]) {
      expect((await one(gated(express, to(miss), policy).app, {})).status).toBe(400);
      expect((await one(gated(express, to(miss), {}, redirect.external(IDP)).app, {})).status).toBe(400);
    }
  });

  it('what one route declares does not hold for another', async () => {
    const app = express();
    const gate = secure(app, { ...QUIET });
    app.get('/a', redirect.external(IDP), to(IDP));
    app.get('/b', to(IDP));
    app.get('/c', redirect.external(IDP), (_req, _res, next) => next('route'));
    app.get('/c', to(IDP));
    expect((await one(app, { target: '/a' })).status).toBe(302);
    expect((await one(app, { target: '/b' })).status).toBe(400);
    expect((await one(app, { target: '/c' })).status).toBe(400);
    expect(gate.coverage().find(({ path }) => path === '/a')?.practices.input.reason).toBe(`may redirect to ${IDP}`);
  });

  it('alone, a route declares it where it stands', async () => {
    const app = express();
    app.use(redirect({ origins: OWN }));
    app.get('/a', redirect.external(IDP), to(IDP));
    app.get('/b', to(IDP));
    app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
    expect((await one(app, { target: '/a' })).status).toBe(302);
    expect((await one(app, { target: '/b' })).status).toBe(400);
  });

  it('mounted apps and routers are in it too', async () => {
    const { app } = gated(express, to('/'));
    app.use('/sub', express().get('/x', to('//evil.example')));
    app.use('/router', express.Router().get('/x', to('//evil.example')));
    expectRefused(await one(app, { target: '/sub/x' }));
    expectRefused(await one(app, { target: '/router/x' }));
  });

  it('lifted by an exemption of the route, and off with input', async () => {
    const lifted = exempt('input', { reason: 'a short link leads where its owner wants' });
    expect((await one(gated(express, to('//evil.example'), {}, lifted).app, {})).headers.location).toBe(
      '//evil.example',
    );
    expect((await one(gated(express, to('//evil.example'), { input: false }).app, {})).headers.location).toBe(
      '//evil.example',
    );
  });

  it('in monitor mode it is reported once, and passes', async () => {
    const withStatus: Send = (_req, res) => res.status(303).redirect('//evil.example');
    for (const send of [to('//evil.example'), withStatus]) {
      const { app, events } = gated(express, send, { monitor: ['input'] });
      expect((await one(app, {})).headers.location).toBe('//evil.example');
      expect(events.map(({ code, monitored }) => [code, monitored])).toEqual([['ERR_REDIRECT_EXTERNAL', true]]);
    }
  });

  it('a refusal is an event that does not hold the target', async () => {
    const { app, events } = gated(express, to('//evil.example/'));
    await one(app, { target: '/?next=evil' });
    expect(events).toEqual([
      expect.objectContaining({ event: 'malicious_redirect', code: 'ERR_REDIRECT_EXTERNAL', path: '/' }),
    ]);
    expect(JSON.stringify(events)).not.toContain('evil.');
  });

  describe('a Location that was set by hand', () => {
    const byHand =
      (status: number, location: string): Send =>
      (_req, res) => {
        res.writeHead(status, { Location: location });
        res.end();
      };

    it('goes out and is reported, if it is foreign and nobody declared it', async () => {
      const { app, events } = gated(express, byHand(302, 'https://evil.example/'));
      expect((await one(app, {})).headers.location).toBe('https://evil.example/');
      expect(events).toEqual([expect.objectContaining({ monitored: true, practice: 'input', path: '/' })]);
      expect(JSON.stringify(events)).not.toContain('evil');
    });

    it.each<[string, number, string, object]>([
      ['of the site', 302, '/account', {}],
      ['of a created resource', 201, 'https://files.example/1', {}],
      ['with 304', 304, 'https://files.example/1', {}],
      ['that is declared', 302, `${IDP}/x`, { input: { redirects: [IDP] } }],
    ])('%s is not', async (_what, status, location, policy) => {
      const { app, events } = gated(express, byHand(status, location), policy);
      expect((await one(app, {})).headers.location).toBe(location);
      expect(events).toEqual([]);
    });

    it('res.location() without the status of a redirect is nobody’s business; with it later, it is reported', async () => {
      const created = gated(express, (_req, res) => res.status(201).location('https://files.example/1').end());
      expect((await one(created.app, {})).headers.location).toBe('https://files.example/1');
      expect(created.events).toEqual([]);
      const later = gated(express, (_req, res) => res.location('https://evil.example/').status(302).end());
      expect((await one(later.app, {})).status).toBe(302);
      expect(later.events).toHaveLength(1);
    });

    it('alone, it is a warning of the process, on bare node:http too', async () => {
      const warnings: string[] = [];
      const listen = (warning: Error): void => void warnings.push(warning.message);
      process.on('warning', listen);
      const guard = redirect({ origins: OWN });
      const app = (req: http.IncomingMessage, res: http.ServerResponse): void =>
        guard(req, res, () => void res.writeHead(302, { location: 'https://evil.example' }).end());
      expect((await one(app, {})).status).toBe(302);
      await new Promise((resolve) => setImmediate(resolve));
      process.off('warning', listen);
      // Each kind of warning is given once in a process, and both versions run in this one.
      expect(warnings.filter((text) => text.includes('Location header')).length).toBe(version === '4' ? 1 : 0);
    });
  });
});

describe('what is refused at construction', () => {
  it.each<[string, () => unknown]>([
    ['no origin', () => redirect({} as { origins: string })],
    ['an unknown key', () => redirect({ origins: OWN, externals: [] } as { origins: string })],
    ['a pattern', () => redirect({ origins: OWN, external: ['https://*.idp.example'] })],
    ['a path', () => redirect({ origins: OWN, external: ['https://idp.example/authorize'] })],
    ['nothing declared', () => (redirect.external as () => unknown)()],
    ['no origin declared', () => redirect.external('idp.example')],
    ['a pattern in the policy', () => secure(EXPRESS[1][1](), { ...QUIET, input: { redirects: ['*'] } })],
    [
      'no list in the policy',
      () => secure(EXPRESS[1][1](), { ...QUIET, input: { redirects: IDP as unknown as string[] } }),
    ],
  ])('%s', (_what, make) => {
    expect(make).toThrow(ConfigError);
  });
});
