import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { headers as profiles, secure } from '../src/index.ts';
import { ask, one, QUIET } from './support/ask.ts';
import { EXPRESS_ALL, type Received } from './support/http.ts';

type Answer = (res: Response) => unknown;

/** Whatever a handler may say with `res.json()` and `res.send()`, the usual and the odd. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  'an object': (res) => res.json({ a: [1, 'ü', null], html: '<script>' }),
  'null as JSON': (res) => res.json(null),
  'nothing as JSON': (res) => res.json(undefined),
  'text as JSON': (res) => res.json('text'),
  'an object with a toJSON': (res) => res.json({ toJSON: () => ({ x: 1 }) }),
  'an object by send': (res) => res.send({ a: 1 }),
  'a page': (res) => res.send('<p>grüße 😀</p>'),
  'an empty page': (res) => res.send(''),
  'nothing by send': (res) => res.send(),
  'null by send': (res) => res.send(null),
  'true by send': (res) => res.send(true),
  bytes: (res) => res.send(Buffer.from('bytes')),
  'a large object': (res) => res.json({ text: 'x'.repeat(40_000) }),
  'a large page': (res) => res.send('ü'.repeat(20_000)),
  'a type of its own': (res) => res.type('application/vnd.api+json').json({ a: 1 }),
  'text with a type': (res) => res.type('text/plain').send('a'),
  'a charset of its own': (res) => res.set('Content-Type', 'text/html; charset=latin1').send('é'),
  created: (res) => res.status(201).json({ id: 1 }),
  'no content': (res) => res.status(204).json({ a: 1 }),
  'reset content': (res) => res.status(205).send('a'),
  'not modified': (res) => res.status(304).send('a'),
  'an error': (res) => res.status(404).json({ error: 'none' }),
  'an ETag of its own': (res) => res.set('ETag', '"mine"').json({ a: 1 }),
  'what may be kept': (res) => res.set('Cache-Control', 'max-age=60').json({ a: 1 }),
  jsonp: (res) => res.jsonp({ a: 1 }),
  status: (res) => res.sendStatus(402),
};
const ASKED = ['GET', 'HEAD'] as const;
/** What the gate decides itself. */
const APART = ['content-security-policy', 'cache-control', 'vary', 'x-content-type-options', 'date', 'keep-alive'];

function shown({ status, headers, body }: Received, known: Received): object {
  const names = Object.keys(known.headers).filter((name) => !APART.includes(name) && name !== 'x-powered-by');
  return { status, body, headers: Object.fromEntries(names.map((name) => [name, headers[name]])) };
}

describe.each(EXPRESS_ALL)('answers in a gate on Express %s', (_version, express) => {
  const appWith = (answer: Answer) => {
    const app = express();
    app.get('/', (_req, res) => void answer(res));
    return app;
  };

  it.each(Object.entries(ANSWERS))('are those of Express but for the ETag: %s', async (_name, answer) => {
    for (const method of ASKED) {
      const bare = await one(appWith(answer), { method, target: '/' });
      const app = appWith(answer);
      secure(app, QUIET);
      const ours = await one(app, { method, target: '/' });
      if (ours.headers.etag === undefined) delete bare.headers.etag;
      expect(shown(ours, bare)).toEqual(shown(bare, bare));
    }
  });

  it('have an ETag where it is of use, and 304 with it', async () => {
    const app = appWith((res) => res.json({ a: 1 }));
    app.get('/kept', (_req, res) => void res.set('Cache-Control', 'private, max-age=5').json({ a: 1 }));
    app.get(
      '/profile',
      profiles.profile({ cacheControl: 'public, max-age=5' }),
      (_req, res) => void res.json({ a: 1 }),
    );
    secure(app, QUIET);
    const [plain, kept, profile] = await ask(app, { target: '/' }, { target: '/kept' }, { target: '/profile' });
    expect(plain?.headers.etag).toBeUndefined();
    expect(plain?.headers['cache-control']).toContain('no-store');
    for (const answer of [kept, profile]) expect(answer?.headers.etag).toMatch(/^W\//);
    const asked = { 'if-none-match': kept?.headers.etag ?? '' };
    const again = await ask(app, { target: '/', headers: asked }, { target: '/kept', headers: asked });
    expect(again.map(({ status }) => status)).toEqual([304, 304]);
  });

  it.each(['strong', () => '"own"'])('have the ETags that an app has chosen', async (etag) => {
    const app = appWith((res) => res.json({ a: 1 }));
    app.set('etag', etag);
    secure(app, QUIET);
    expect((await one(app, { target: '/' })).headers.etag).toMatch(/^"/);
  });

  it("obey the app's settings of JSON, whenever they were made", async () => {
    const app = appWith((res) => res.json({ a: '<' }));
    secure(app, QUIET);
    app.set('json spaces', 1);
    expect((await one(app, { target: '/' })).body).toBe('{\n "a": "<"\n}');
    app.set('json spaces', undefined);
    app.set('json escape', true);
    expect((await one(app, { target: '/' })).body).toBe('{"a":"\\u003c"}');
    app.set('json escape', false);
    app.set('json replacer', (_key: string, value: unknown) => (value === '<' ? 'replaced' : value));
    expect((await one(app, { target: '/' })).body).toBe('{"a":"replaced"}');
  });

  it('are seen by what stands in front of res.send, of one response or of all', async () => {
    const seen: string[] = [];
    const app = express();
    app.use((_req, res, next) => {
      const { send } = res;
      res.send = function counted(this: Response, body: unknown): Response {
        seen.push(`one ${typeof body}`);
        return send.call(this, body);
      } as Response['send'];
      next();
    });
    app.get('/', (_req, res) => void res.json({ a: 1 }));
    secure(app, QUIET);
    await one(app, { target: '/' });
    expect(seen).toEqual(['one string']);

    const all = appWith((res) => res.json({ a: 1 }));
    secure(all, QUIET);
    const shared: Response = express.response;
    const { send } = shared;
    shared.send = function counted(this: Response, body: unknown): Response {
      seen.push(`all ${typeof body}`);
      return send.call(this, body);
    } as Response['send'];
    try {
      await one(all, { target: '/' });
      const later = appWith((res) => res.json({ a: 1 }));
      secure(later, QUIET);
      await one(later, { target: '/' });
    } finally {
      shared.send = send;
    }
    expect(seen).toEqual(['one string', 'all string', 'all string']);
  });

  it('of a mounted app go by its own settings', async () => {
    const inner = appWith((res) => res.json({ a: 1 }));
    inner.set('json spaces', 1);
    const app = express();
    app.use('/inner', inner);
    secure(app, QUIET);
    expect((await one(app, { target: '/inner/' })).body).toBe('{\n "a": 1\n}');
  });
});
