import { describe, expect, it } from 'vitest';
import { EXPRESS, type Listener, send, serve } from '../../../../test/support/http.ts';
import type { Middleware, Next } from '../../../context.ts';
import { ConfigError, type Refusal } from '../../../errors.ts';
import { input, methodGate, urlGate } from '../index.ts';
import { objectionToUrl } from './url-gate.ts';

const GATES: readonly (readonly [string, () => Middleware])[] = [
  ['methodGate alone', () => methodGate()],
  ['input', () => input()],
];

describe.each(EXPRESS)('methods, on Express %s', (_, express) => {
  it('control: app.all and app.use answer TRACE', async () => {
    const app = express();
    app.all('/', (_req, res) => {
      res.send('handled');
    });
    const served = await serve(app);
    expect(await send(served.url, { method: 'TRACE' })).toMatchObject({ status: 200, body: 'handled' });
    await served.close();
  });

  it.each(GATES)('%s refuses TRACE and what is not in the list, with Allow', async (_name, gate) => {
    const app = express();
    app.use(gate());
    app.use((_req, res) => {
      res.send('handled');
    });
    const served = await serve(app);
    for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'LINK', 'M-SEARCH']) {
      const answer = await send(served.url, { method });
      expect([method, answer.status]).toEqual([method, 405]);
      expect(answer.headers.allow).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY');
      expect(answer.body).not.toContain('handled');
    }
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']) {
      expect([method, (await send(served.url, { method })).status]).toEqual([method, 200]);
    }
    await served.close();
  });
});

describe('methods: the list', () => {
  const verdict = (method: string, methods: readonly string[]): Refusal | undefined => {
    let refusal: Refusal | undefined;
    const next: Next = (error) => {
      refusal = error as Refusal | undefined;
    };
    methodGate({ methods })({ method } as never, {} as never, next);
    return refusal;
  };

  it('can be shorter or longer', () => {
    expect(verdict('GET', ['GET', 'HEAD'])).toBeUndefined();
    expect(verdict('POST', ['GET', 'HEAD'])).toMatchObject({ status: 405, headers: { Allow: 'GET, HEAD' } });
    expect(verdict('PROPFIND', ['GET', 'PROPFIND'])).toBeUndefined();
  });

  it('compares exactly', () => {
    for (const method of ['get', 'Get', 'GET ', '', '__proto__', 'constructor']) {
      expect(verdict(method, ['GET'])?.code).toBe('ERR_METHOD_NOT_ALLOWED');
    }
  });

  it.each([['TRACE'], ['TRACK'], ['CONNECT'], ['get'], ['BREW'], ['GET, POST']])('cannot name %s', (method) => {
    expect(() => methodGate({ methods: ['GET', method] })).toThrow(ConfigError);
    expect(() => input({ methods: ['GET', method] })).toThrow(/input\.methods\[1\]/);
  });

  it('cannot be empty', () => {
    expect(() => methodGate({ methods: [] })).toThrow(/at least one/);
  });
});

const BAD_URLS = [
  ['/%', 'the percent-encoding of the path cannot be decoded'],
  ['/%zz', 'the percent-encoding of the path cannot be decoded'],
  ['/a%2', 'the percent-encoding of the path cannot be decoded'],
  ['/%ff', 'the percent-encoding of the path cannot be decoded'],
  ['/%c0%af', 'the percent-encoding of the path cannot be decoded'],
  ['/a%00.png', 'the path holds a control character'],
  ['/a%0d%0aSet-Cookie:x', 'the path holds a control character'],
  ['/%7f', 'the path holds a control character'],
  ['/a\\b', 'the path holds a backslash'],
] as const;

const GOOD_URLS = ['/', '/a%20b', '/%E2%82%AC', '/a%2Fb', '/?q=%', '/?q=%00', '/?a=1&a=2', '/?path=C:\\x', '/100%25'];

describe('the path', () => {
  it.each(BAD_URLS)('%s: refused', (url, reason) => {
    expect(objectionToUrl(url)).toBe(reason);
  });

  it.each(GOOD_URLS)('%s: passes', (url) => {
    expect(objectionToUrl(url)).toBeUndefined();
  });

  it('raw control characters, should a lenient parser let them through', () => {
    expect(objectionToUrl('/a\u0000b')).toBe('the path holds a control character');
    expect(objectionToUrl('/a\u0000b?q')).toBe('the path holds a control character');
  });

  it('the target of OPTIONS *, and none at all', () => {
    expect(objectionToUrl('*')).toBeUndefined();
    expect(objectionToUrl('')).toBeUndefined();
  });

  it.each(EXPRESS)(
    'on Express %s: refused in front of the routes; without the practice a handler sees the NUL',
    async (_, express) => {
      const build = (guards: readonly Middleware[]): unknown => {
        const app = express();
        for (const guard of guards) app.use(guard);
        app.get('/:name', (req, res) => {
          res.send(`handled ${JSON.stringify(req.params.name)}`);
        });
        return app;
      };
      const control = await serve(build([]));
      expect((await send(control.url, { target: '/a%00.png' })).body).toBe('handled "a\\u0000.png"');
      await control.close();

      for (const guard of [urlGate(), input()]) {
        const served = await serve(build([guard]));
        for (const [target] of BAD_URLS) {
          const answer = await send(served.url, { target });
          expect([target, answer.status]).toEqual([target, 400]);
          expect(answer.body).not.toContain('handled');
        }
        expect((await send(served.url, { target: '/a%20b?q=%' })).body).toBe('handled "a b"');
        await served.close();
      }
    },
  );

  it('on node:http alone', async () => {
    const gate = input();
    const listener: Listener = (req, res) =>
      gate(req, res, (error) => {
        res.statusCode = (error as Refusal | undefined)?.status ?? 200;
        res.end((error as Refusal | undefined)?.code ?? 'handled');
      });
    const served = await serve(listener);
    expect((await send(served.url, { target: '/%00' })).body).toBe('ERR_URL_INVALID');
    expect((await send(served.url, { method: 'TRACE' })).body).toBe('ERR_METHOD_NOT_ALLOWED');
    expect((await send(served.url)).body).toBe('handled');
    await served.close();
  });
});
