import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../../test/support/http.ts';
import type { Middleware, Next } from '../../../context.ts';
import { ConfigError, type Refusal } from '../../../errors.ts';
import { input, methodGate } from '../index.ts';

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
