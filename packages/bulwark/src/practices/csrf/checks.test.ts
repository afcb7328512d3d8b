import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Served, serve } from '../../../test/support/http.ts';
import { record, resultsOf } from '../../../test/support/record.ts';
import type { Exchange, RunningFacts } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as secured } from './fixtures/secured/app.ts';
import { createApp as vulnerable } from './fixtures/vulnerable/app.ts';

const all = (result: string): Record<string, string> => Object.fromEntries(checks.map(({ id }) => [id, result]));

describe.each(EXPRESS)('the checks of csrf on Express %s', (_, express) => {
  let served: Served;
  afterEach(() => served.close());

  const judge = async (createApp: (express: Express) => unknown): Promise<Record<string, string>> => {
    served = await serve(createApp(express));
    return resultsOf(checks, await record(served.url, checks));
  };

  it('pass on the secured app', async () => {
    expect(await judge(secured)).toEqual(all('pass'));
  });

  it('fail on the vulnerable app', async () => {
    expect(await judge(vulnerable)).toEqual(all('fail'));
  });

  it('on a bare app that takes no POST: cannot tell, and the read fails', async () => {
    const bare = (express: Express): unknown => express().get('/', (_req, res) => void res.send('page'));
    expect(await judge(bare)).toEqual({ ...all('unknown'), 'csrf/cross-site-read-accepted': 'fail' });
  });
});

describe('the checks of csrf on facts alone', () => {
  const names = checks.flatMap((check) => Object.keys(check.probes)).filter((name) => name !== 'csrf/plain-read');
  const facts = (exchange: Partial<Exchange> | undefined, plain = 200): RunningFacts => {
    const probe = { method: 'POST', path: '/' };
    const seen = exchange && { probe, status: 200, headers: {}, body: '', ...exchange };
    const exchanges = Object.fromEntries(names.map((name) => [name, seen]));
    return {
      origin: 'https://a.example',
      exchanges: { ...exchanges, 'csrf/plain-read': { probe, status: plain, headers: {}, body: '' } },
    };
  };
  const resultOf = (exchange: Partial<Exchange> | undefined): string | undefined =>
    resultsOf(checks, facts(exchange))['csrf/cross-site-post-accepted'];

  it.each<[string, Partial<Exchange> | undefined, string]>([
    ['accepted', { status: 201 }, 'fail'],
    ['refused here', { status: 403, body: '{"code":"ERR_CSRF_CROSS_SITE"}' }, 'pass'],
    ['refused by cors', { status: 403, body: '{"code":"ERR_CORS_ORIGIN"}' }, 'pass'],
    ['not there, in an app of Bulwark', { status: 404, body: '{"code":"ERR_NOT_FOUND"}' }, 'fail'],
    ['not allowed, in an app of Bulwark', { status: 405, body: '{"code":"ERR_METHOD_NOT_ALLOWED"}' }, 'fail'],
    [
      'sent to the login, in an app of Bulwark',
      { status: 401, body: '<code>ERR_AUTHENTICATION_REQUIRED</code>' },
      'fail',
    ],
    ['stopped before csrf', { status: 429, body: '{"code":"ERR_RATE_LIMIT"}' }, 'unknown'],
    ['a code in a page that was served', { status: 200, body: 'ERR_CSRF_ORIGIN is explained here' }, 'fail'],
    ['refused by somebody', { status: 403, body: 'Forbidden' }, 'unknown'],
    ['not there', { status: 404 }, 'unknown'],
    ['redirected', { status: 302 }, 'unknown'],
    ['not answered', undefined, 'unknown'],
  ])('a POST that was %s', (_name, exchange, result) => {
    expect(resultOf(exchange)).toBe(result);
  });

  it.each([
    [200, 403, 'pass'],
    [200, 200, 'fail'],
    [200, 304, 'unknown'],
    [302, 403, 'unknown'],
  ])('a page answered with %i, and embedded with %i', (plain, status, result) => {
    expect(resultsOf(checks, facts({ status }, plain))['csrf/cross-site-read-accepted']).toBe(result);
  });
});
