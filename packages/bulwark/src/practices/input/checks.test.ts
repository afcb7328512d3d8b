import { describe, expect, it } from 'vitest';
import { EXPRESS, serve } from '../../../test/support/http.ts';
import { record } from '../../../test/support/record.ts';
import type { RunningFacts } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';

async function judge(app: unknown): Promise<Record<string, string>> {
  const served = await serve(app);
  const facts = await record(served.url, checks);
  await served.close();
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}

const all = (result: string): Record<string, string> => Object.fromEntries(checks.map(({ id }) => [id, result]));

describe.each(EXPRESS)('input: checks on Express %s', (_, express) => {
  it('fail on the vulnerable app', async () => {
    expect(await judge(createVulnerable(express))).toEqual(all('fail'));
  });

  it('pass on the secured app', async () => {
    expect(await judge(createSecured(express))).toEqual(all('pass'));
  });

  it('an app with express.json() alone: malformed JSON is answered 400, prototype keys are not (near miss)', async () => {
    const app = express();
    app.use(express.json());
    app.all('/', (_req, res) => {
      res.send('handled');
    });
    app.use(((error: { status: number }, _req, res, _next) => {
      res.status(error.status).end();
    }) as import('express').ErrorRequestHandler);
    expect(await judge(app)).toEqual({
      'input/trace-allowed': 'fail',
      'input/malformed-json-accepted': 'pass',
      'input/prototype-keys-accepted': 'fail',
      'input/duplicate-keys-accepted': 'fail',
      'input/query-prototype-accepted': 'fail',
      'input/ambiguous-url-accepted': 'fail',
    });
  });
});

describe('input: checks on recordings', () => {
  const facts = (status: number): RunningFacts => ({
    origin: 'https://shop.example',
    exchanges: Object.fromEntries(
      checks.flatMap((check) =>
        Object.entries(check.probes).map(([name, probe]) => [name, { probe, status, headers: {}, body: '' }]),
      ),
    ),
  });
  const results = (of: RunningFacts): string[] => checks.map((check) => check.judge(of).result);

  it('cannot tell without an answer', () => {
    expect(results({ origin: 'https://shop.example', exchanges: {} })).toEqual(checks.map(() => 'unknown'));
  });

  it.each([401, 403, 429, 503])('cannot tell what the rest would have done behind a %i', (status) => {
    expect(results(facts(status))).toEqual(checks.map(({ id }) => (id === 'input/trace-allowed' ? 'pass' : 'unknown')));
  });

  it.each([200, 204, 302])('fail at %i', (status) => {
    expect(results(facts(status))).toEqual(checks.map(() => 'fail'));
  });

  it.each(['encodedSlash', 'encodedDots', 'encodedTwice'])('fail if %s alone is looked up', (name) => {
    const given = facts(400);
    const one = given.exchanges[name];
    const check = checks.find(({ id }) => id === 'input/ambiguous-url-accepted');
    const verdict = check?.judge({
      ...given,
      exchanges: { ...given.exchanges, [name]: one && { ...one, status: 404 } },
    });
    expect(verdict?.result).toBe('fail');
    expect(verdict?.message).toContain(one?.probe.path.replace('{page}', '/'));
  });

  it('fail if only the form is taken', () => {
    const given = facts(400);
    const form = given.exchanges.prototypeKeyInForm;
    const check = checks.find(({ id }) => id === 'input/prototype-keys-accepted');
    const exchanges = { ...given.exchanges, prototypeKeyInForm: form && { ...form, status: 200 } };
    const verdict = check?.judge({ ...given, exchanges });
    expect(verdict?.result).toBe('fail');
    expect(verdict?.message).toMatch(/a form with a field __proto__/);
  });
});
