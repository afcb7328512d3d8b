import { createRequire } from 'node:module';
import type { RequestHandler } from 'express';
import sanitizeHtml from 'sanitize-html';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { html, validate } from '../../src/index.ts';
import { one } from '../support/ask.ts';
import { EXPRESS, type Sent } from '../support/http.ts';
import { type App, handWire, pairOf } from './support/hand-wired.ts';

const hpp = createRequire(import.meta.url)('hpp') as () => RequestHandler;
const post = (body: object): Sent => ({
  method: 'POST',
  target: '/',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const REFUSED = { status: 400, code: 'ERR_VALIDATION' };

/** A validator as boilerplates write it: it looks at those parts of a request that the request has. */
const byOwnProperty =
  (schemas: Record<string, z.ZodType>): RequestHandler =>
  (req, res, next) => {
    const parts = Object.keys(schemas).filter((part) => Object.hasOwn(req, part));
    const fits = parts.every((part) => schemas[part]?.safeParse(req[part as 'query']).success);
    if (fits) next();
    else res.status(400).send('does not fit');
  };

/** What `{ $ne: null }` means to a document database. */
const matches = (value: string, condition: unknown): boolean =>
  typeof condition === 'object' && condition !== null && '$ne' in condition
    ? value !== condition.$ne
    : value === condition;

describe.each(EXPRESS)('validation on Express %s', (version, express) => {
  it(`1.6.4, 3.1, 4.1f: a validator that looks for an own query ${version === '5' ? 'is skipped' : 'works on Express 4'}`, async () => {
    const query = z.strictObject({ token: z.string(), role: z.enum(['user']).optional() });
    const build = (secured: boolean): App => {
      const app = express();
      const check = secured ? validate({ query }) : byOwnProperty({ query });
      app.get('/', check, (_req, res) => void res.send('ran'));
      return app;
    };
    const { wired, secured } = pairOf(build);
    for (const target of ['/?token=x&role=hacker&evil=1', '/?role=user', '/']) {
      expect((await one(wired, { target })).status).toBe(version === '5' ? 200 : 400);
      expect((await one(secured, { target })).json()).toMatchObject(REFUSED);
    }
    expect((await one(secured, { target: '/?token=x' })).status).toBe(200);
  });

  it(`1.6.2b: hpp ${version === '5' ? 'does nothing' : 'works on Express 4'}, and the parameter that comes twice is a list`, async () => {
    const build = (secured: boolean): App => {
      const app = express();
      const check = secured ? validate({ query: z.object({ sort: z.string() }) }) : hpp();
      app.get('/', check, (req, res) => void res.json(req.query.sort));
      return app;
    };
    const { wired, secured } = pairOf(build);
    const twice = { target: '/?sort=name&sort=evil' };
    expect((await one(wired, twice)).json()).toEqual(version === '5' ? ['name', 'evil'] : 'evil');
    expect((await one(secured, twice)).json()).toMatchObject(REFUSED);
    expect((await one(secured, { target: '/?sort=name' })).json()).toBe('name');
  });

  it('3.2a: a parameter that comes twice is a list, and toLowerCase() fails: the stack goes out', async () => {
    const search = validate({ query: z.object({ q: z.string() }) });
    const build = (secured: boolean): App => {
      const app = express();
      if (secured) app.use('/search', search);
      app.get('/search', (req, res) => void res.send((req.query.q as string).toLowerCase()));
      app.get('/unvalidated', (req, res) => void res.send((req.query.q as string).toLowerCase()));
      return app;
    };
    const { wired, secured } = pairOf(build);
    const twice = { target: '/search?q=a&q=b' };
    const leaked = await one(wired, twice);
    expect(leaked.status).toBe(500);
    expect(leaked.body).toMatch(/toLowerCase is not a function.*node_modules/s);
    expect((await one(secured, twice)).json()).toMatchObject(REFUSED);
    const unvalidated = await one(secured, { target: '/unvalidated?q=a&q=b' });
    expect(unvalidated.json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(unvalidated.body).not.toMatch(/toLowerCase|node_modules/);
  });

  it('1.14.2: an operator in a JSON body is a password that always fits', async () => {
    const users = [{ email: 'ann@shop.example', password: 'hunter2' }];
    const login = validate({ body: z.object({ email: z.string(), password: z.string() }) });
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      if (secured) app.use(login);
      app.post('/', (req, res) => {
        const { email, password } = req.body as { email: unknown; password: unknown };
        const user = users.find((known) => matches(known.email, email) && matches(known.password, password));
        res.status(user === undefined ? 401 : 200).send(user?.email ?? 'who are you?');
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const operator = post({ email: 'ann@shop.example', password: { $ne: null } });
    expect((await one(wired, operator)).status).toBe(200);
    const refused = await one(secured, operator);
    expect(refused.json()).toMatchObject({ ...REFUSED, fields: { password: expect.any(String) as unknown } });
    expect((await one(secured, post({ email: 'ann@shop.example', password: 'wrong' }))).status).toBe(401);
    expect((await one(secured, post({ email: 'ann@shop.example', password: 'hunter2' }))).status).toBe(200);
  });

  it('4.2c: a validator whose result nobody uses: one field more, and the sender is an admin', async () => {
    const body = z.object({ name: z.string() });
    const checked = validate({ body });
    const build = (secured: boolean): App => {
      const app = express();
      handWire(app, express, { order: ['helmet', 'json'] });
      const parseOnly: RequestHandler = (req, _res, next) => next(body.safeParse(req.body).error);
      app.post('/', secured ? checked : parseOnly, (req, res) => {
        res.json({ role: 'user', ...(req.body as object) });
      });
      app.post('/typed', ...(secured ? [validate({ body }, { unknown: 'strip' })] : [parseOnly]), (req, res) => {
        res.json({ role: 'user', ...((req.valid?.body ?? req.body) as object) });
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const more = post({ name: 'mallory', role: 'admin' });
    expect((await one(wired, more)).json()).toEqual({ role: 'admin', name: 'mallory' });
    expect((await one(secured, more)).json()).toMatchObject({ ...REFUSED, fields: { role: 'unknown field' } });
    // Where unknown fields are dropped, what handlers read has none.
    expect((await one(secured, { ...more, target: '/typed' })).json()).toEqual({ role: 'user', name: 'mallory' });
    expect((await one(secured, post({ name: 'ann' }))).json()).toEqual({ role: 'user', name: 'ann' });
  });

  it('2.12: a sanitiser before the parser finds nothing, one behind the validator changes what was validated', async () => {
    const sanitise: RequestHandler = (req, _res, next) => {
      const { text } = (req.body ?? {}) as { text?: string };
      if (text !== undefined) req.body = { text: sanitizeHtml(text) };
      next();
    };
    const short = z.object({ text: z.string().max(20) });
    const note = validate({
      body: z.object({
        text: z
          .string()
          .transform(html({ preset: 'basic' }))
          .pipe(z.string().max(20)),
      }),
    });
    const build = (secured: boolean): App => {
      const app = express();
      if (!secured) app.use('/before', sanitise);
      handWire(app, express, { order: ['helmet', 'json'] });
      const validated: RequestHandler = (req, _res, next) => next(short.safeParse(req.body).error);
      const checks = secured ? [note] : [validated];
      app.post('/before', ...checks, (req, res) => void res.json(secured ? note.of(req).body : req.body));
      app.post('/behind', ...(secured ? checks : [validated, sanitise]), (req, res) => {
        res.json(secured ? note.of(req).body : req.body);
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    const script = { ...post({ text: '<b onclick=x()>a</b>' }), target: '/before' };
    expect((await one(wired, script)).json()).toEqual({ text: '<b onclick=x()>a</b>' });
    expect((await one(secured, script)).json()).toEqual({ text: '<b>a</b>' });
    const grows = { ...post({ text: '&&&&&&&&&&&&&&&&&&&&' }), target: '/behind' };
    expect((await one(wired, grows)).json<{ text: string }>().text).toHaveLength(100);
    expect((await one(secured, grows)).json()).toMatchObject(REFUSED);
  });

  it('1.15i: //evil and /\\evil get past startsWith("/")', async () => {
    const build = (): App => {
      const app = express();
      app.get('/', (req, res) => {
        const next = req.query.next as string;
        res.redirect(next.startsWith('/') ? next : '/');
      });
      return app;
    };
    const { wired, secured } = pairOf(build);
    for (const evil of ['//evil.example', '/\\evil.example', '/\t/evil.example', '///evil.example/x']) {
      const target = `/?next=${encodeURIComponent(evil)}`;
      const led = await one(wired, { target });
      expect(led.status).toBe(302);
      const away = new URL(led.headers.location ?? '', 'https://shop.example').host !== 'shop.example';
      // Express encodes the tab, and so takes the trick out of it.
      expect(away).toBe(!evil.includes('\t'));
      const refused = await one(secured, { target });
      expect(refused.json()).toMatchObject({ status: 400, code: 'ERR_REDIRECT_EXTERNAL' });
      expect(refused.headers.location).toBeUndefined();
    }
    expect((await one(secured, { target: '/?next=/account' })).headers.location).toBe('/account');
  });
});
