import { createHmac, timingSafeEqual } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST, QUIET } from '../../../../test/support/ask.ts';
import {
  EXPRESS,
  type Express,
  type Listener,
  type Received,
  type Served,
  send,
  serve,
} from '../../../../test/support/http.ts';
import { exempt } from '../../../decisions.ts';
import type { Policy } from '../../../policy.ts';
import { secure } from '../../../secure.ts';
import { input } from '../index.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

type App = ReturnType<Express>;

const show: RequestHandler = (req, res) => {
  const body: unknown = req.body;
  res.json(
    Buffer.isBuffer(body) ? { buffer: body.toString('latin1') } : { body: body === undefined ? 'undefined' : body },
  );
};

interface Guarded {
  readonly served: Served;
  readonly failures: unknown[];
  post(
    target: string,
    type: string | undefined,
    body?: string | Buffer,
    more?: Record<string, string>,
  ): Promise<Received>;
}

async function guarded(express: Express, add: (app: App) => void, policy: Partial<Policy> = {}): Promise<Guarded> {
  const app = express();
  const failures: unknown[] = [];
  secure(app, { ...QUIET, errors: { onError: (error) => void failures.push(error) }, ...policy });
  add(app);
  const served = await serve(app);
  open.push(served);
  const post: Guarded['post'] = (target, type, body, more = {}) =>
    send(served.url, {
      method: 'POST',
      target,
      headers: { ...HOST, ...(type === undefined ? {} : { 'content-type': type }), ...more },
      ...(body === undefined ? {} : { body }),
    });
  return { served, failures, post };
}

describe.each(EXPRESS)('what a route declares of its body, on Express %s', (version, express) => {
  it('input.raw() keeps the bytes, of any type and of none', async () => {
    const { post } = await guarded(express, (app) => app.post('/', input.raw(), show));
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'image/png', undefined]) {
      expect((await post('/', type, '{"a" :1,"a":2}')).json()).toEqual({ buffer: '{"a" :1,"a":2}' });
    }
    expect((await post('/', 'application/octet-stream', Buffer.from([0xff, 0, 0x80]))).json()).toEqual({
      buffer: '\xff\0\x80',
    });
    expect((await post('/', 'application/json')).json()).toEqual({ buffer: '' });
    expect((await post('/', undefined, 'x'.repeat(102_401))).json().code).toBe('ERR_BODY_TOO_LARGE');
    expect((await post('/', undefined, 'x'.repeat(102_400))).status).toBe(200);
  });

  it('a signature over the raw bytes fits; over what was parsed and written again it does not (control)', async () => {
    const secret = 'only used in this test';
    const sign = (bytes: string | Buffer): string => createHmac('sha256', secret).update(bytes).digest('hex');
    const verify = (bytes: (req: Request) => string | Buffer): RequestHandler => {
      return (req: Request, res: Response) => {
        const given = Buffer.from(String(req.headers['x-signature']));
        const known = Buffer.from(sign(bytes(req)));
        res.status(given.length === known.length && timingSafeEqual(given, known) ? 200 : 401).end();
      };
    };
    const { post } = await guarded(express, (app) => {
      app.post(
        '/raw',
        input.raw(),
        verify((req) => req.body as Buffer),
      );
      app.post(
        '/parsed',
        verify((req) => JSON.stringify(req.body)),
      );
    });
    const body = '{ "amount": 1.0 }';
    const signed = { 'x-signature': sign(body) };
    expect((await post('/raw', 'application/json', body, signed)).status).toBe(200);
    expect((await post('/raw', 'application/json', '{ "amount": 9.0 }', signed)).status).toBe(401);
    expect((await post('/parsed', 'application/json', body, signed)).status).toBe(401);
  });

  it('input.json() has limits of its own, and the policy’s for the rest', async () => {
    const { post } = await guarded(
      express,
      (app) => {
        app.post(
          '/large',
          input.json({ limit: '1mb' }),
          (req, res) => void res.json({ items: (req.body as []).length }),
        );
        app.post('/flat', input.json({ depth: 1, types: ['application/vnd.api+json'], duplicates: 'last' }), show);
        app.post('/usual', show);
      },
      { input: { json: { keys: 3 } } },
    );
    const large = JSON.stringify(Array(100_000).fill(1));
    expect((await post('/large', 'application/json', large)).json()).toEqual({ items: 100_000 });
    expect((await post('/usual', 'application/json', large)).json().code).toBe('ERR_BODY_TOO_LARGE');
    for (const path of ['/large', '/usual']) {
      const answer = await post(path, 'application/json', '{"a":1,"b":2,"c":3,"d":4}');
      expect(answer.json().code).toBe('ERR_BODY_TOO_MANY_FIELDS');
    }
    expect((await post('/flat', 'application/vnd.api+json', '{"a":1,"a":2}')).json()).toEqual({ body: { a: 2 } });
    expect((await post('/flat', 'application/vnd.api+json', '[[]]')).json().code).toBe('ERR_BODY_MALFORMED');
    expect((await post('/flat', 'application/json', '{}')).json()).toMatchObject({
      code: 'ERR_BODY_TYPE',
      detail: 'this route takes application/vnd.api+json',
    });
  });

  it('input.form() and input.text() take their type and no other; text is UTF-8', async () => {
    const { post } = await guarded(express, (app) => {
      app.post('/form', input.form({ parameterLimit: 2 }), show);
      app.post('/text', input.text({ types: ['text/plain', 'text/csv'], limit: 10 }), show);
    });
    const form = 'application/x-www-form-urlencoded';
    expect((await post('/form', form, 'a=1&b=2')).json()).toEqual({ body: { a: '1', b: '2' } });
    expect((await post('/form', form, 'a=1&b=2&c=3')).json().code).toBe('ERR_BODY_TOO_MANY_FIELDS');
    expect((await post('/form', form, 'a[__proto__][b]=1')).json().code).toBe('ERR_BODY_MALFORMED');
    expect((await post('/text', 'text/csv', 'é;1')).json()).toEqual({ body: 'é;1' });
    expect((await post('/text', 'text/plain')).json()).toEqual({ body: '' });
    expect((await post('/text', 'text/plain', Buffer.from([0xe9]))).json().code).toBe('ERR_BODY_MALFORMED');
    expect((await post('/text', 'text/plain; charset=latin1', 'a')).json().code).toBe('ERR_BODY_TYPE');
    expect((await post('/text', 'text/plain', 'x'.repeat(11))).json().code).toBe('ERR_BODY_TOO_LARGE');
    for (const [path, type] of [
      ['/form', 'application/json'],
      ['/form', undefined],
      ['/text', 'text/html'],
      ['/text', 'application/json'],
    ] as const) {
      expect([path, type, (await post(path, type, '{}')).json().code]).toEqual([path, type, 'ERR_BODY_TYPE']);
    }
  });

  it('text can be read everywhere; by default it stays unread', async () => {
    const usual = await guarded(express, (app) => app.post('/', show));
    expect((await usual.post('/', 'text/plain', 'a')).json()).toEqual({ body: {} });
    const policy = { input: { text: { limit: 3 } } };
    const reading = await guarded(express, (app) => app.post('/', show), policy);
    expect((await reading.post('/', 'text/plain', 'abc')).json()).toEqual({ body: 'abc' });
    expect((await reading.post('/', 'text/plain', 'abcd')).json().code).toBe('ERR_BODY_TOO_LARGE');
    expect((await reading.post('/', 'application/json', '{"a":1}')).json()).toEqual({ body: { a: 1 } });
  });

  it('the declaration nearest to the handler counts', async () => {
    const { post } = await guarded(express, (app) => {
      const router = express.Router();
      router.use(input.json({ limit: '1mb' }));
      router.post('/raw', input.raw(), show);
      router.post('/json', show);
      app.use('/api', router);
      app.post('/other', show);
    });
    expect((await post('/api/raw', 'application/json', '{"a" :1}')).json()).toEqual({ buffer: '{"a" :1}' });
    expect((await post('/api/json', 'text/plain', 'x')).json().code).toBe('ERR_BODY_TYPE');
    expect((await post('/other', 'text/plain', 'x')).json()).toEqual({ body: {} });
  });

  it('method, address and the framing of Content-Type are judged all the same', async () => {
    const { post, served } = await guarded(express, (app) => app.all('/', input.stream(), show));
    expect((await send(served.url, { method: 'TRACE', headers: HOST })).status).toBe(405);
    expect((await post('/%2fx', 'text/plain', 'x')).json().code).toBe('ERR_URL_INVALID');
    expect((await post('/?a[b]=1', 'text/plain', 'x')).json().code).toBe('ERR_QUERY_INVALID');
    expect((await post('/', 'text/plain, text/html', 'x')).json().code).toBe('ERR_BODY_TYPE');
    expect((await post('/', 'image/png', 'x')).json()).toEqual({ body: 'undefined' });
  });

  it('compressed bodies: 415, or within the limit once they are decompressed', async () => {
    const routes = (app: App): void => {
      app.post('/raw', input.raw({ limit: '10kb' }), show);
      app.post('/json', show);
      app.post('/text', input.text({ limit: '10kb' }), show);
    };
    const closed = await guarded(express, routes);
    const opened = await guarded(express, routes, { input: { inflate: true, json: { limit: '10kb' } } });
    for (const [coding, compress] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const) {
      const more = { 'content-encoding': coding };
      const bomb = compress(`"${'a'.repeat(20_000_000)}"`);
      for (const [path, type] of [
        ['/raw', 'a/b'],
        ['/json', 'application/json'],
        ['/text', 'text/plain'],
      ] as const) {
        expect((await closed.post(path, type, compress('{}'), more)).json().code).toBe('ERR_BODY_ENCODING');
        expect((await opened.post(path, type, compress('{}'), more)).status).toBe(200);
        const exploding = bomb.subarray(0, 9000);
        expect((await opened.post(path, type, exploding, more)).json().code).toBe('ERR_BODY_TOO_LARGE');
        expect((await opened.post(path, type, 'no such thing', more)).json().code).toBe('ERR_BODY_MALFORMED');
      }
    }
  });

  it('shows in the coverage', () => {
    const app = express();
    const gate = secure(app, QUIET);
    app.post('/hook', input.raw({ limit: '1mb' }), show);
    app.post('/proxy', input.stream(), show);
    const [hook, proxy] = gate.coverage();
    expect(hook?.practices.input).toEqual({ state: 'enforced', reason: 'raw bytes up to 1mb' });
    expect(proxy?.practices.input).toEqual({ state: 'enforced', reason: 'a stream' });
  });

  describe('where the gate did not foresee the route', () => {
    const hide = (app: App, router: RequestHandler): void => {
      app.use('/hidden', (req, res, next) => router(req, res, next));
    };

    it('the body is read in its place, if nobody has read it', async () => {
      const { post } = await guarded(express, (app) => {
        const router = express.Router();
        router.post('/raw', input.raw(), show);
        router.post('/stream', input.stream(), show);
        hide(app, router);
      });
      expect((await post('/hidden/raw', 'a/b', 'x')).json()).toEqual({ buffer: 'x' });
      expect((await post('/hidden/raw', 'a/b')).json()).toEqual({ buffer: '' });
      expect((await post('/hidden/stream', 'a/b', 'x')).json()).toEqual({ body: 'undefined' });
    });

    it('a body that was read in another way is an error that says what to do, and never a wrong body', async () => {
      const { post, failures } = await guarded(express, (app) => {
        const router = express.Router();
        router.post('/raw', input.raw(), show);
        hide(app, router);
      });
      const answer = await post('/hidden/raw', 'application/json', '{"a":1}');
      expect(answer.json()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
      expect(String(failures[0])).toMatch(
        /input\.raw\(\) comes too late: the body was already read by input\(\) as the policy says/,
      );
      expect(String(failures[0])).toMatch(/in no router that is hidden in a closure/);
    });

    it('a route that is reached by next() is judged by its own declaration', async () => {
      const pass: RequestHandler = (_req, _res, next) => next();
      const { post, failures } = await guarded(express, (app) => {
        app.post('/a', input.stream(), pass);
        app.post('/a', show);
        app.post('/b', input.raw(), pass);
        app.post('/b', show);
        app.post('/c', pass);
        app.post('/c', input.raw(), show);
      });
      // Nobody has read it yet: it is read as the policy says.
      expect((await post('/a', 'application/json', '{"a":1}')).json()).toEqual({ body: { a: 1 } });
      expect((await post('/a', 'application/json', '{"__proto__":1}')).json().code).toBe('ERR_BODY_MALFORMED');
      for (const path of ['/b', '/c']) {
        expect((await post(path, 'application/json', '{"a":1}')).json().code).toBe('ERR_INTERNAL');
      }
      expect(failures.map(String)).toEqual([
        expect.stringMatching(
          /this route, which declares no body of its own, comes too late: .* input\.raw\(\) of another/,
        ),
        expect.stringMatching(/input\.raw\(\) comes too late/),
      ]);
    });

    it('exempt from input, or input off: it is read in its place, with the defaults', async () => {
      const routes = (app: App): void => {
        app.post('/', exempt('input', { reason: 'as an example' }), input.raw(), show);
        app.post('/json', input.json(), show);
      };
      const exempted = await guarded(express, routes);
      expect((await exempted.post('/', 'application/json', '{"a" :1}')).json()).toEqual({ buffer: '{"a" :1}' });
      const off = await guarded(express, routes, { input: false });
      expect((await off.post('/', 'application/json', '{"a" :1}')).json()).toEqual({ buffer: '{"a" :1}' });
      expect((await off.post('/json', 'application/json', '{"a":1,"a":2}')).json().code).toBe('ERR_BODY_MALFORMED');
    });
  });

  it('input() that is mounted by hand in an app with a gate judges method and address itself', async () => {
    const { served } = await guarded(
      express,
      (app) => {
        app.use('/own', input() as RequestHandler);
        app.use((_req, res) => void res.send('reached'));
      },
      { input: false },
    );
    expect((await send(served.url, { target: '/own/%2e%2e/x', headers: HOST })).json().code).toBe('ERR_URL_INVALID');
    expect((await send(served.url, { target: '/own', method: 'TRACE', headers: HOST })).status).toBe(405);
    expect((await send(served.url, { target: '/%2e%2e/x', headers: HOST })).body).toBe('reached');
  });

  it('monitor mode reports a type that the route does not take, and lets it pass', async () => {
    const { post } = await guarded(express, (app) => app.post('/', input.json(), show), { monitor: ['input'] });
    expect((await post('/', 'text/plain', 'x')).json()).toEqual({ body: {} });
    expect((await post('/', 'application/json', '{"a":1,"a":2}')).json()).toEqual({ body: { a: 2 } });
    expect((await post('/', 'application/json', '{"a"')).json()).toEqual({ body: {} });
  });

  describe('without secure()', () => {
    const start = async (add: (app: App) => void): Promise<{ served: Served; errors: Error[] }> => {
      const app = express();
      const errors: Error[] = [];
      add(app);
      app.use(((error: Error & { status?: number }, _req, res, _next) => {
        errors.push(error);
        res.status(error.status ?? 500).end();
      }) as import('express').ErrorRequestHandler);
      const served = await serve(app);
      open.push(served);
      return { served, errors };
    };
    const sent = { method: 'POST', headers: JSON_TYPE, body: '{"a" :1}' };

    it('a declaration stands in front of input() and of other parsers, which then leave the body alone', async () => {
      const { served } = await start((app) => {
        app.use('/hook', input.raw());
        app.use(input(), express.json(), express.urlencoded({ extended: true }), express.text({ type: '*/*' }));
        app.post('/hook', show);
        app.post('/', show);
      });
      expect((await send(served.url, { ...sent, target: '/hook' })).json()).toEqual({ buffer: '{"a" :1}' });
      expect((await send(served.url, sent)).json()).toEqual({ body: { a: 1 } });
    });

    it.each([
      ['input()', () => input() as RequestHandler, /by input\(\) as the policy says/],
      ['express.json()', () => express.json(), /by a parser that stands in front/],
    ])('behind %s it is an error that says what to do', async (_name, parser, message) => {
      const { served, errors } = await start((app) => {
        app.use(parser());
        app.post('/', input.raw(), show);
      });
      expect((await send(served.url, sent)).status).toBe(500);
      expect(String(errors[0])).toMatch(message);
      expect(String(errors[0])).toMatch(/without secure\(\), in front of input\(\) and of every body parser/);
    });

    it('alone, with the defaults', async () => {
      const { served, errors } = await start((app) => app.post('/', input.json({ limit: 10 }), show));
      expect((await send(served.url, sent)).json()).toEqual({ body: { a: 1 } });
      expect((await send(served.url, { ...sent, body: '{"a":1,"a":2}' })).status).toBe(413);
      expect((await send(served.url, { ...sent, headers: {} })).status).toBe(415);
      expect(errors).toHaveLength(2);
    });
  });

  it(`is an ordinary handler on Express ${version}: several routes may share one`, async () => {
    const raw = input.raw();
    const { post } = await guarded(express, (app) => {
      app.post('/a', raw, show);
      app.post('/b', raw, show);
    });
    for (const path of ['/a', '/b']) expect((await post(path, 'a/b', 'x')).json()).toEqual({ buffer: 'x' });
  });
});

describe('what a route declares of its body, on node:http', () => {
  it('is carried out in its place', async () => {
    const raw = input.raw();
    const listener: Listener = (req, res) =>
      raw(req, res, (error) => res.end(error === undefined ? String((req as { body?: unknown }).body) : 'refused'));
    const served = await serve(listener);
    expect((await send(served.url, { method: 'POST', headers: JSON_TYPE, body: '{"a" :1}' })).body).toBe('{"a" :1}');
    expect((await send(served.url, { method: 'POST', body: 'x'.repeat(102_401) })).body).toBe('refused');
    await served.close();
  });
});
