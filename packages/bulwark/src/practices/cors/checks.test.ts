import { afterEach, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, type Served, serve } from '../../../test/support/http.ts';
import { record, resultsOf } from '../../../test/support/record.ts';
import type { Exchange, RunningFacts } from '../../check.ts';
import type { Handler } from '../../context.ts';
import { checks } from './checks.ts';
import { createApp as secured } from './fixtures/secured/app.ts';
import { createApp as vulnerable } from './fixtures/vulnerable/app.ts';

const PASSES = {
  'cors/foreign-origin-reflected': 'pass',
  'cors/null-origin-allowed': 'pass',
  'cors/lookalike-origin-allowed': 'pass',
  'cors/any-origin-allowed': 'pass',
  'cors/vary-missing': 'pass',
  'cors/preflight-unhandled': 'pass',
  'cors/foreign-read-served': 'pass',
  'cors/foreign-origin-error': 'pass',
};

describe.each(EXPRESS)('the checks of cors on Express %s', (_, express) => {
  let served: Served;
  afterEach(() => served.close());

  const judge = async (createApp: (express: Express) => unknown): Promise<Record<string, string>> => {
    served = await serve(createApp(express));
    return resultsOf(checks, await record(served.url, checks));
  };
  const judgeBehind = (...handlers: Handler[]): Promise<Record<string, string>> =>
    judge((express) => {
      const app = express();
      for (const handler of handlers) app.use(handler);
      app.get('/', (_req, res) => void res.send('page'));
      return app;
    });
  const set =
    (name: string, value: string): Handler =>
    (_req, res, next) => {
      res.setHeader(name, value);
      next();
    };

  it('pass on the secured app', async () => {
    expect(await judge(secured)).toEqual(PASSES);
  });

  it('fail on the vulnerable app', async () => {
    expect(await judge(vulnerable)).toEqual({
      ...PASSES,
      'cors/foreign-origin-reflected': 'fail',
      'cors/null-origin-allowed': 'fail',
      'cors/lookalike-origin-allowed': 'fail',
      'cors/vary-missing': 'fail',
      'cors/preflight-unhandled': 'fail',
      'cors/foreign-read-served': 'not-applicable',
    });
  });

  it('on an app without any CORS: preflights reach it, and foreign pages run its handlers', async () => {
    expect(await judgeBehind()).toEqual({
      ...PASSES,
      'cors/vary-missing': 'not-applicable',
      'cors/preflight-unhandled': 'fail',
      'cors/foreign-read-served': 'fail',
    });
  });

  it('see a wildcard', async () => {
    expect(await judgeBehind(set('Access-Control-Allow-Origin', '*'))).toMatchObject({
      'cors/any-origin-allowed': 'fail',
      'cors/foreign-origin-reflected': 'pass',
      'cors/vary-missing': 'not-applicable',
      'cors/foreign-read-served': 'not-applicable',
    });
  });

  it('take one fixed origin without Vary for what it is', async () => {
    expect(await judgeBehind(set('Access-Control-Allow-Origin', 'https://partner.example'))).toMatchObject({
      'cors/vary-missing': 'not-applicable',
      'cors/lookalike-origin-allowed': 'pass',
    });
  });

  it('see a pattern without an end', async () => {
    const startsWith: Handler = (req, res, next) => {
      const { origin } = req.headers;
      if (origin?.startsWith(served.url)) res.setHeader('Access-Control-Allow-Origin', origin);
      next();
    };
    expect(await judgeBehind(startsWith)).toMatchObject({ 'cors/lookalike-origin-allowed': 'fail' });
  });

  it('see a pattern without a beginning', async () => {
    const endsWith: Handler = (req, res, next) => {
      const { origin } = req.headers;
      if (origin?.endsWith(served.url.slice('http://'.length))) res.setHeader('Access-Control-Allow-Origin', origin);
      next();
    };
    expect(await judgeBehind(endsWith)).toMatchObject({ 'cors/lookalike-origin-allowed': 'fail' });
  });

  it('see a refusal that is an error', async () => {
    const fails: Handler = (req, _res, next) => next(req.headers.origin === undefined ? undefined : new Error('CORS'));
    const quiet: Handler = (_req, res) => {
      res.statusCode = 500;
      res.end();
    };
    const result = await judge((express) => {
      const app = express();
      app.use(fails);
      app.get('/', (_req, res) => void res.send('page'));
      app.use(
        (_error: unknown, req: Parameters<Handler>[0], res: Parameters<Handler>[1], next: Parameters<Handler>[2]) =>
          quiet(req, res, next),
      );
      return app;
    });
    expect(result).toMatchObject({ 'cors/foreign-origin-error': 'fail', 'cors/preflight-unhandled': 'fail' });
  });
});

describe('the checks of cors on facts alone', () => {
  const seen = (status: number, headers: Exchange['headers'] = {}): Exchange => ({
    probe: { method: 'GET', path: '/' },
    status,
    headers,
    body: '',
  });
  const facts = (exchanges: RunningFacts['exchanges']): RunningFacts => ({ origin: 'https://a.example', exchanges });

  it('say unknown where nothing was answered', () => {
    expect(new Set(Object.values(resultsOf(checks, facts({}))))).toEqual(new Set(['unknown']));
  });

  it('never pass where the page itself is not served', () => {
    const redirect = seen(302);
    const results = resultsOf(
      checks,
      facts({ 'cors/plain-read': redirect, 'cors/foreign-read': redirect, 'cors/preflight': redirect }),
    );
    expect(results).toMatchObject({ 'cors/foreign-read-served': 'unknown', 'cors/preflight-unhandled': 'unknown' });
  });

  it('know a preflight that was sent to the login', () => {
    expect(resultsOf(checks, facts({ 'cors/preflight': seen(401) }))).toMatchObject({
      'cors/preflight-unhandled': 'fail',
    });
  });

  it('demand Vary of the answer without Origin too', () => {
    const own = seen(200, { 'access-control-allow-origin': 'https://a.example', vary: 'Accept-Encoding, origin' });
    const exchanges = { 'cors/own-read': own, 'cors/plain-read': seen(200) };
    expect(resultsOf(checks, facts(exchanges))).toMatchObject({ 'cors/vary-missing': 'fail' });
    const mended = { ...exchanges, 'cors/plain-read': seen(200, { vary: ['Cookie', 'Origin'] }) };
    expect(resultsOf(checks, facts(mended))).toMatchObject({ 'cors/vary-missing': 'pass' });
  });
});
