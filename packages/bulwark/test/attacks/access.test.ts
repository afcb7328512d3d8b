import { describe, expect, it } from 'vitest';
import { access } from '../../src/index.ts';
import { ask } from '../support/ask.ts';
import { EXPRESS, type Sent } from '../support/http.ts';
import { type App, handWire, pairOf, statuses } from './support/hand-wired.ts';

const ANN = 'Bearer ann';

describe.each(EXPRESS)('access on Express %s', (_version, express) => {
  it('2.13a: a guard on each route, and one route where it was forgotten', async () => {
    let deleted = 0;
    const guard: import('express').RequestHandler = (req, res, next) => {
      if (req.headers.authorization === ANN) next();
      else res.status(401).send('log in first');
    };
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      const authenticated = secured ? access.authenticated() : guard;
      app.get('/orders', authenticated, (_req, res) => void res.send('orders'));
      app.put('/orders/:id', authenticated, (_req, res) => void res.send('saved'));
      app.delete('/orders/:id', (_req, res) => {
        deleted++;
        res.send('deleted');
      });
      return app;
    };
    const { wired, secured, gate } = pairOf(build, {
      access: { identify: (req) => (req.headers.authorization === ANN ? { id: 'ann' } : undefined) },
    });
    const requests: Sent[] = [
      { target: '/orders' },
      { method: 'PUT', target: '/orders/7' },
      { method: 'DELETE', target: '/orders/7' },
    ];
    expect(statuses(await ask(wired, ...requests))).toEqual([401, 401, 200]);
    expect(deleted).toBe(1);
    const [list, save, remove, known, forgotten] = await ask(
      secured,
      ...requests,
      { target: '/orders', headers: { authorization: ANN } },
      { method: 'DELETE', target: '/orders/7', headers: { authorization: ANN } },
    );
    for (const answer of [list, save]) {
      expect(answer?.json()).toMatchObject({ status: 401, code: 'ERR_AUTHENTICATION_REQUIRED' });
    }
    expect(known?.body).toBe('orders');
    // Nobody decided about it, so nobody may call it, and the coverage says so before a visitor finds out.
    for (const answer of [remove, forgotten]) {
      expect(answer?.json()).toMatchObject({ status: 403, code: 'ERR_ACCESS_DENIED' });
    }
    expect(deleted).toBe(1);
    const row = gate.coverage().find(({ method }) => method === 'DELETE');
    expect(row?.practices.access).toEqual({
      state: 'enforced',
      reason: 'denied: no access decision',
    });
  });

  it('2.13b: what answers is no route, and no guard of a route stands before it', async () => {
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      app.use('/internal-docs', (_req, res) => void res.send('every endpoint'));
      app.use(
        '/metrics',
        express.Router().use((_req, res) => void res.send('customers 42')),
      );
      if (secured) app.use('/assets', access.public('scripts and styles'));
      app.use('/assets', (_req, res) => void res.send('body {}'));
      return app;
    };
    const { wired, secured, gate } = pairOf(build, { access: { identify: () => undefined } });
    const requests: Sent[] = [{ target: '/internal-docs/' }, { target: '/metrics' }, { target: '/assets/a.css' }];
    expect(statuses(await ask(wired, ...requests))).toEqual([200, 200, 200]);
    const [docs, metrics, assets] = await ask(secured, ...requests);
    for (const answer of [docs, metrics]) {
      expect(answer?.json()).toMatchObject({ status: 403, code: 'ERR_ACCESS_DENIED' });
    }
    expect(assets?.body).toBe('body {}');
    expect(gate.coverage().map(({ path, practices }) => [path, practices.access])).toEqual([
      ['/internal-docs', { state: 'enforced', reason: 'denied: no access decision' }],
      ['/metrics', { state: 'enforced', reason: 'denied: no access decision' }],
      ['/assets', { state: 'exempt', reason: 'scripts and styles' }],
      // An app without any route: what stands on every path has a row as well.
      ['/', { state: 'enforced', reason: 'denied: no access decision' }],
    ]);
  });
});
