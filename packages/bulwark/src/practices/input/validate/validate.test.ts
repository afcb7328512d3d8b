import http from 'node:http';
import type { ErrorRequestHandler } from 'express';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { one, QUIET } from '../../../../test/support/ask.ts';
import { EXPRESS, type Express, type Sent, serve } from '../../../../test/support/http.ts';
import { secure } from '../../../secure.ts';
import { errors } from '../../errors/index.ts';
import { html, validate } from '../index.ts';

const post = (body: unknown, target = '/'): Sent => ({
  method: 'POST',
  target,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

type App = ReturnType<Express>;

/** An app with a parser in front and the error handler behind; alone, without a gate. */
function alone(express: Express, routes: (app: App) => void): App {
  const app = express();
  app.use(express.json());
  routes(app);
  app.use(errors({ onError: () => undefined }) as ErrorRequestHandler);
  return app;
}

function gated(express: Express, routes: (app: App) => void, policy = {}): App {
  const app = express();
  secure(app, { ...QUIET, errors: { onError: () => undefined }, ...policy });
  routes(app);
  return app;
}

const note = validate({ body: z.object({ title: z.string().max(5), tags: z.array(z.string()).default([]) }) });

describe.each(EXPRESS)('validate() on Express %s', (_version, express) => {
  describe.each([
    ['alone', alone],
    ['in a gate', gated],
  ] as const)('%s', (_where, make) => {
    it('the handler gets what the schema made, and the body stays as it was', async () => {
      const app = make(express, (a) =>
        a.post(
          '/',
          note,
          (req, res) => void res.json({ valid: req.valid, own: note.of(req), body: req.body as unknown }),
        ),
      );
      const valid = { body: { title: 'a', tags: [] } };
      expect((await one(app, post({ title: 'a' }))).json()).toEqual({ valid, own: valid, body: { title: 'a' } });
    });

    it('what does not fit is refused with its fields, and the handler does not run', async () => {
      let ran = 0;
      const app = make(express, (a) => a.post('/', note, (_req, res) => void res.json(++ran)));
      const answer = await one(app, post({ title: 'longer', tags: ['a', 5] }));
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({
        code: 'ERR_VALIDATION',
        detail: '2 fields do not fit',
        fields: {
          title: 'Too big: expected string to have <=5 characters',
          'tags[1]': 'Invalid input: expected string, received number',
        },
      });
      expect(ran).toBe(0);
      // The control: without validate() the handler would have run.
      const open = make(express, (a) => a.post('/', (_req, res) => void res.json(++ran)));
      expect((await one(open, post({ title: 'longer', tags: ['a', 5] }))).status).toBe(200);
    });

    it('an unknown field is refused: nobody makes himself an admin', async () => {
      const save = (body: object): object => ({ role: 'user', ...body });
      const app = make(express, (a) => {
        a.post('/', note, (req, res) => void res.json(save(note.of(req).body)));
        a.post('/open', (req, res) => void res.json(save(req.body as object)));
      });
      const attack = { title: 'a', role: 'admin' };
      expect((await one(app, post(attack, '/open'))).json()).toMatchObject({ role: 'admin' });
      expect((await one(app, post(attack))).json()).toMatchObject({ status: 400, fields: { role: 'unknown field' } });
      expect((await one(app, post({ title: 'a' }))).json()).toMatchObject({ role: 'user' });
    });

    it('each part is checked, each is named, and params and headers refuse no others', async () => {
      const all = validate({
        params: z.object({ id: z.coerce.number().int() }),
        query: z.object({ page: z.coerce.number() }),
        headers: z.object({ 'x-version': z.enum(['1', '2']) }),
      });
      const app = make(express, (a) => a.get('/:id/:other', all, (req, res) => void res.json(req.valid)));
      const good = { target: '/5/x?page=2', headers: { 'x-version': '1', 'x-more': 'y' } };
      expect((await one(app, good)).json()).toEqual({
        params: { id: 5 },
        query: { page: 2 },
        headers: { 'x-version': '1' },
      });
      const bad = await one(app, { target: '/a/x?page=b&more=1', headers: { 'x-version': '3' } });
      expect(Object.keys(bad.json<{ fields: object }>().fields)).toEqual([
        'params.id',
        'query.page',
        'headers.x-version',
      ]);
      expect((await one(app, { ...good, target: '/5/x?page=2&more=1' })).json()).toMatchObject({
        fields: { 'query.more': 'unknown field' },
      });
      expect((await one(app, { ...good, target: '/5/x' })).status).toBe(400);
    });

    it('a name that comes twice in the query is a list, and no text', async () => {
      const search = validate({ query: z.object({ q: z.string() }) });
      const app = make(express, (a) =>
        a.get('/', search, (req, res) => void res.send(search.of(req).query.q.toLowerCase())),
      );
      expect((await one(app, { target: '/?q=A' })).body).toBe('a');
      expect((await one(app, { target: '/?q=A&q=B' })).status).toBe(400);
    });

    it('async schemas are waited for', async () => {
      const unique = validate({
        body: z.object({ name: z.string().refine(async (name) => Promise.resolve(name !== 'bob'), 'is taken') }),
      });
      const app = make(express, (a) => a.post('/', unique, (req, res) => void res.json(unique.of(req).body)));
      expect((await one(app, post({ name: 'free' }))).json()).toEqual({ name: 'free' });
      expect((await one(app, post({ name: 'bob' }))).json()).toMatchObject({
        status: 400,
        fields: { name: 'is taken' },
      });
      expect((await one(app, post({ name: 'free', evil: 1 }))).json()).toMatchObject({
        fields: { evil: 'unknown field' },
      });
    });

    it('a schema that throws fails closed: html() and text() with 400, a fault of its own with 500', async () => {
      const short = validate({ body: z.object({ text: z.string().transform(html({ max: 10 })) }) });
      const broken = validate({
        body: v.pipe(
          v.any(),
          v.check(() => {
            throw new Error('boom');
          }),
        ),
      });
      const app = make(express, (a) => {
        a.post('/', short, (req, res) => void res.json(short.of(req).body));
        a.post('/broken', broken, (_req, res) => void res.send('ran'));
      });
      expect((await one(app, post({ text: '<b onclick=x>' }))).json()).toMatchObject({
        code: 'ERR_VALIDATION',
        detail: 'a text is longer than 10 characters',
      });
      expect((await one(app, post({ text: '<i x>a' }))).json()).toEqual({ text: '<i>a</i>' });
      expect((await one(app, post({}, '/broken'))).json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    });

    it('a body that is nested deeper than schemas can follow is refused, not a fault of the server', async () => {
      const node: z.ZodType = z.object({ next: z.lazy(() => node).optional(), raw: z.any() });
      const app = make(express, (a) => a.post('/', validate({ body: node }), (_req, res) => void res.send('ran')));
      const deep = (levels: number): Sent => ({
        ...post({}),
        body: `{"raw":${'['.repeat(levels)}${']'.repeat(levels)}}`,
      });
      expect((await one(app, deep(30))).body).toBe('ran');
      expect((await one(app, deep(20_000))).json()).toMatchObject({ status: 400 });
    });

    it('without a parser, or without a body, the schema decides', async () => {
      const app = make(express, (a) => a.post('/', note, (_req, res) => void res.send('ran')));
      const answer = await one(app, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' });
      expect(answer.json()).toMatchObject({ status: 400, code: 'ERR_VALIDATION' });
      expect((await one(app, { method: 'POST' })).status).toBe(400);
    });

    it('two on a route both hold, and a router’s counts for its routes', async () => {
      const versioned = validate({ headers: z.object({ 'x-version': z.string() }) });
      const app = make(express, (a) => {
        const router = express.Router();
        router.use(versioned);
        router.post('/', note, (req, res) => void res.json(req.valid));
        a.use('/api', router);
      });
      const sent = post({ title: 'a' }, '/api/');
      expect((await one(app, sent)).json()).toMatchObject({
        fields: { 'headers.x-version': expect.any(String) as unknown },
      });
      const both = { ...sent, headers: { ...sent.headers, 'x-version': '1' } };
      expect((await one(app, both)).json()).toEqual({ headers: { 'x-version': '1' }, body: { title: 'a', tags: [] } });
      expect((await one(app, { ...both, body: '{"title":5}' })).status).toBe(400);
    });

    it('one that stands on two routes looks at the parameters of each', async () => {
      const numbered = validate({ params: z.object({ id: z.string().regex(/^\d+$/) }) });
      const app = make(express, (a) => {
        a.get('/:id/:name', numbered, (_req, _res, next) => next('route'));
        a.get('/:name/:id', numbered, (req, res) => void res.json(numbered.of(req).params));
      });
      expect((await one(app, { target: '/1/2' })).json()).toEqual({ id: '2' });
      // The first route was content with 1; the second must not live on that.
      expect((await one(app, { target: '/1/evil' })).json()).toMatchObject({
        status: 400,
        fields: { 'params.id': expect.any(String) as unknown },
      });
    });

    it('HEAD is validated like the GET that answers it', async () => {
      const paged = validate({ query: z.object({ page: z.coerce.number() }) });
      const app = make(express, (a) => a.get('/', paged, (_req, res) => void res.send('x')));
      expect((await one(app, { method: 'HEAD', target: '/?page=1' })).status).toBe(200);
      expect((await one(app, { method: 'HEAD', target: '/?page=x' })).status).toBe(400);
    });

    it('whoever goes away while an async schema thinks takes nobody along', async () => {
      let release = (): void => undefined;
      let asked = (): void => undefined;
      const waits = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const slow = validate({
        body: z.object({
          a: z.string().refine(
            () =>
              new Promise<boolean>((resolve) => {
                release = () => resolve(true);
                asked();
              }),
          ),
        }),
      });
      let finished = (): void => undefined;
      const handled = new Promise<void>((resolve) => {
        finished = resolve;
      });
      const app = make(express, (a) => {
        a.post('/', slow, (_req, res) => {
          res.json({});
          finished();
        });
        a.get('/', (_req, res) => void res.send('here'));
      });
      const served = await serve(app);
      try {
        const request = http.request(served.url, {
          method: 'POST',
          headers: { host: 'shop.example', 'content-type': 'application/json' },
        });
        request.on('error', () => undefined);
        request.end('{"a":"x"}');
        await waits;
        const closed = new Promise((resolve) => request.once('close', resolve));
        request.destroy();
        await closed;
        release();
        await handled;
        expect((await fetch(served.url, { headers: {} })).status).toBeLessThan(500);
      } finally {
        await served.close();
      }
    });
  });

  it('req.valid cannot be changed, replaced or redefined, and holds no key of a prototype', async () => {
    const open = validate({
      body: z.object({ list: z.array(z.object({ a: z.number() })), raw: z.any(), at: z.coerce.date() }),
    });
    const app = alone(express, (a) =>
      a.post('/', open, (req, res) => {
        const attempts: (() => unknown)[] = [
          () => Object.assign(req, { valid: {} }),
          () => Object.assign(req.valid as object, { body: {} }),
          () => Object.defineProperty(req, 'valid', { value: {} }),
          () => Reflect.deleteProperty(req, 'valid') || fail(),
          () => Object.assign(open.of(req).body, { list: [] }),
          () => (open.of(req).body.list as unknown[]).push(1),
          () => Object.assign(open.of(req).body.list[0] as object, { a: 2 }),
          () => Object.assign((open.of(req).body.raw as { x: object }).x, { y: 2 }),
        ];
        const held = attempts.map((attempt) => {
          try {
            attempt();
            return 'changed';
          } catch (error) {
            return (error as Error).name;
          }
        });
        const { raw, at } = open.of(req).body;
        res.json({
          held,
          own: Object.hasOwn(req, 'valid'),
          raw,
          keys: Object.getOwnPropertyNames(raw),
          date: at instanceof Date,
          body: Object.isFrozen(req.body),
        });
      }),
    );
    const body =
      '{"list":[{"a":1}],"at":"2026-11-01","raw":{"x":{"y":1},"__proto__":{"isAdmin":true},"constructor":{"prototype":{"b":1}}}}';
    expect((await one(app, { ...post({}), body })).json()).toEqual({
      held: Array(8).fill('TypeError'),
      own: true,
      raw: { x: { y: 1 } },
      keys: ['x'],
      date: true,
      body: false,
    });
  });

  it('is seen in the coverage, beside an exemption too', () => {
    const app = express();
    const gate = secure(app, { ...QUIET });
    app.post('/', note, (_req, res) => void res.end());
    const [row] = gate.coverage();
    expect(row?.practices.input).toEqual({ state: 'enforced', reason: 'validates body' });
  });

  it('in monitor mode it reports, lets pass, and has nothing to give', async () => {
    const events: unknown[] = [];
    const app = express();
    const gate = secure(app, { ...QUIET, monitor: ['input'], errors: { onError: () => undefined } });
    gate.on('input_validation_fail', ({ code, monitored }) => void events.push([code, monitored]));
    app.post('/', note, (req, res) => void res.json({ valid: req.valid ?? null }));
    app.post('/of', note, (req, res) => void res.json(note.of(req)));
    expect((await one(app, post({ title: 5 }))).json()).toEqual({ valid: null });
    expect((await one(app, post({ title: 5 }, '/of'))).status).toBe(500);
    expect(events).toEqual([
      ['ERR_VALIDATION', true],
      ['ERR_VALIDATION', true],
    ]);
  });

  it('in monitor mode what it found on one route is not there on the next', async () => {
    const numbered = validate({ params: z.object({ id: z.string().regex(/^\d+$/) }) });
    const app = gated(
      express,
      (a) => {
        a.get('/:id/:name', numbered, (_req, _res, next) => next('route'));
        a.get('/:name/:id', numbered, (req, res) => void res.json(req.valid));
      },
      { monitor: ['input'] },
    );
    expect((await one(app, { target: '/1/2' })).json()).toEqual({ params: { id: '2' } });
    expect((await one(app, { target: '/1/evil' })).json()).toEqual({});
  });

  it('in monitor mode of() has nothing of another route either', async () => {
    const numbered = validate({ params: z.object({ id: z.string().regex(/^\d+$/) }) });
    const app = gated(
      express,
      (a) => {
        a.get('/:id/:name', numbered, (_req, _res, next) => next('route'));
        a.get('/:name/:id', numbered, (req, res) => void res.json(numbered.of(req)));
      },
      { monitor: ['input'] },
    );
    expect((await one(app, { target: '/1/2' })).status).toBe(200);
    expect((await one(app, { target: '/1/evil' })).json()).toMatchObject({ code: 'ERR_INTERNAL' });
  });

  it('holds where input is off, and where the route is exempt from it', async () => {
    const app = gated(express, (a) => void a.use(express.json()).post('/', note, (_req, res) => void res.send('ran')), {
      input: false,
    });
    expect((await one(app, post({ title: 5 }))).status).toBe(400);
    expect((await one(app, post({ title: 'a' }))).body).toBe('ran');
  });
});

function fail(): never {
  throw new TypeError('it is still there');
}
