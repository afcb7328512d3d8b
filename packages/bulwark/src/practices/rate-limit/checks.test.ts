import expressRateLimit from 'express-rate-limit';
import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import type { Check, Exchange, RunningFacts, Verdict } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';

/** Sends the probes as the self-test does, and judges. */
async function judge(app: unknown): Promise<Record<string, Verdict['result']>> {
  const served = await serve(app);
  const exchanges: Record<string, Exchange> = {};
  for (const [name, probe] of checks.flatMap((check) => Object.entries(check.probes))) {
    if (exchanges[name] !== undefined) continue;
    const { method, body } = probe;
    const target = probe.path.replace('{page}', '/');
    const answer = await send(served.url, {
      method,
      target,
      headers: { ...probe.headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
      ...(body === undefined ? {} : { body }),
    });
    exchanges[name] = {
      probe,
      status: answer.status,
      headers: answer.headers as Exchange['headers'],
      body: answer.body,
    };
  }
  await served.close();
  return results({ origin: served.url, exchanges });
}

function results(facts: RunningFacts): Record<string, Verdict['result']> {
  return Object.fromEntries(checks.map((check) => [check.id.slice('rate-limit/'.length), check.judge(facts).result]));
}

const PROBES = (checks[0] as Check).probes;

/** Facts with these headers on the page, the missing page and the malformed body. */
function facts(...told: (Record<string, string> | undefined)[]): RunningFacts {
  const exchanges = Object.entries(PROBES).map(([name, probe], i) => {
    const headers = told[i];
    return [name, headers === undefined ? undefined : { probe, status: 200, headers, body: '' }] as const;
  });
  return { origin: 'https://shop.example', exchanges: Object.fromEntries(exchanges) };
}

const draft = (left: number, window = 900): Record<string, string> => ({
  'ratelimit-policy': `"other";q=5;w=5, "a";q=100;w=${window}`,
  ratelimit: `"a";r=${left};t=1`,
});

describe.each(EXPRESS)('the checks on Express %s', (_, express) => {
  it('pass on the secured app', async () => {
    expect(await judge(createSecured(express))).toEqual({ absent: 'pass', 'errors-not-counted': 'pass' });
  });

  it('pass on the secured app with a default window, where units come back quickly', async () => {
    const app = createSecured(express, undefined, { window: '1m' });
    expect(await judge(app)).toEqual({ absent: 'pass', 'errors-not-counted': 'pass' });
  });

  it('find that the vulnerable app parses before it counts', async () => {
    expect(await judge(createVulnerable(express))).toEqual({ absent: 'pass', 'errors-not-counted': 'fail' });
  });

  it('find that an app without a limiter has none', async () => {
    const app = express();
    app.use(express.json());
    expect(await judge(app)).toEqual({ absent: 'fail', 'errors-not-counted': 'not-applicable' });
  });

  it('find a limiter that does not count failures', async () => {
    const app = express();
    app.use(expressRateLimit({ windowMs: 900_000, limit: 100, skipFailedRequests: true, standardHeaders: 'draft-8' }));
    app.use(express.json());
    app.get('/', (_req, res) => {
      res.send('hello');
    });
    expect(await judge(app)).toEqual({ absent: 'pass', 'errors-not-counted': 'fail' });
  });

  it.each(['draft-6', 'draft-7', 'draft-8', false] as const)(
    'take express-rate-limit in its place, headers %s',
    async (version) => {
      const app = express();
      app.use(
        expressRateLimit({ windowMs: 900_000, limit: 100, standardHeaders: version, legacyHeaders: version === false }),
      );
      app.use(express.json());
      expect(await judge(app)).toEqual({ absent: 'pass', 'errors-not-counted': 'pass' });
    },
  );
});

describe('the checks on recordings', () => {
  it('cannot tell where an answer is missing', () => {
    expect(results(facts(draft(99), undefined, draft(98)))).toEqual({
      absent: 'unknown',
      'errors-not-counted': 'unknown',
    });
  });

  it.each([
    ['each counts', [draft(99), draft(98), draft(97)], 'pass'],
    ['units come back in between', [draft(99, 60), draft(99, 60), draft(99, 60)], 'pass'],
    ['the same is left, though units come back slowly', [draft(99), draft(98), draft(98)], 'fail'],
    ['nothing was taken for the malformed body', [draft(99, 60), draft(98, 60), draft(100, 60)], 'fail'],
    ['the malformed body was answered without a limiter', [draft(99), draft(98), {}], 'fail'],
    ['the missing page was answered without a limiter', [draft(99), {}, draft(98)], 'fail'],
    ['the limit is used up', [draft(0), draft(0), draft(0)], 'pass'],
  ] as const)('errors-not-counted where %s', (_, told, result) => {
    expect(results(facts(...told))['errors-not-counted']).toBe(result);
  });

  it('have ids of this practice', () => {
    for (const check of checks) expect(check.id).toMatch(/^rate-limit\/[a-z-]+$/);
  });
});
