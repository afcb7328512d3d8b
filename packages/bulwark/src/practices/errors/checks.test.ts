import { describe, expect, it, vi } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import type { Check, Exchange, Probe, RunningFacts, Verdict } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';

async function judge(app: unknown): Promise<Record<string, Verdict['result']>> {
  const served = await serve(app);
  const exchanges: Record<string, Exchange> = {};
  for (const [name, probe] of checks.flatMap((check) => Object.entries(check.probes))) {
    const { status, headers, body } = await send(served.url, {
      method: probe.method,
      target: probe.path.replace('{page}', '/'),
      headers: { ...probe.headers, ...(probe.headers?.Origin === undefined ? {} : { Origin: served.url }) },
      ...(probe.body === undefined ? {} : { body: probe.body }),
    });
    exchanges[name] = { probe, status, headers: headers as Exchange['headers'], body };
  }
  await served.close();
  return results({ origin: served.url, exchanges });
}

function results(facts: RunningFacts): Record<string, Verdict['result']> {
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}

const all = (result: Verdict['result']): Record<string, string> =>
  Object.fromEntries(checks.map(({ id }) => [id, result]));

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('every check fails on the vulnerable app', async () => {
    expect(await judge(createVulnerable(express))).toEqual(all('fail'));
  });

  it('every check passes on the secured app', async () => {
    expect(await judge(createSecured(express))).toEqual(all('pass'));
  });

  it("Express's own handler fails where the environment is not exactly production", async () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = express();
    app.set('env', 'staging');
    app.use(express.json());
    const seen = await judge(app);
    quiet.mockRestore();
    expect(seen).toEqual({
      'errors/stack-leaked': 'fail',
      'errors/canary': 'unknown',
      'errors/message-leaked': 'fail',
      'errors/wrong-status': 'pass',
      'errors/not-found-default-page': 'fail',
    });
  });
});

describe('on recordings', () => {
  const judgeOne = (id: Check['id'], status: number, body: string, name?: string): Verdict['result'] | undefined => {
    const check = checks.find((candidate) => candidate.id === id);
    const [first, probe] =
      Object.entries(check?.probes ?? {}).find(([key]) => name === undefined || key === name) ?? [];
    const exchange: Exchange = { probe: probe as Probe, status, headers: {}, body };
    return check?.judge({ origin: 'https://a.example', exchanges: { [first ?? '']: exchange } }).result;
  };

  it('no answer is unknown', () => {
    expect(results({ origin: 'https://a.example', exchanges: {} })).toEqual(all('unknown'));
  });

  it.each([
    ['Error: x<br> &nbsp; &nbsp;at h (/srv/app/x.js:1:2)', 'fail'],
    ['{"stack":"Error: x\\n    at h (file:///srv/app/x.js:1:2)"}', 'fail'],
    ['Error\n    at C:\\app\\x.js:1:2', 'fail'],
    ['{"message":"cannot load node_modules/pg"}', 'fail'],
    ['meet us at 10:30:00 at /stage', 'pass'],
    ['look at https://a.example/x:1', 'pass'],
    ['', 'pass'],
  ])('a stack is found in %j: %s', (body, result) => {
    expect(judgeOne('errors/stack-leaked', 500, body)).toBe(result);
  });

  it.each([
    [404, 'nothing', 'unknown'],
    [401, 'bulwark-canary', 'unknown'],
    [200, '<html>', 'unknown'],
    [500, 'Internal Server Error', 'pass'],
    [500, 'bulwark-canary', 'fail'],
    [500, 'in /srv/app/secret.js', 'fail'],
  ])('the canary in a %i with %j: %s', (status, body, result) => {
    expect(judgeOne('errors/canary', status, body)).toBe(result);
  });

  it.each([
    [200, '', 'not-applicable'],
    [400, 'Unexpected token b in JSON at position 5', 'fail'],
    [400, 'Bad Request', 'pass'],
  ])('a quoted message in a %i with %j: %s', (status, body, result) => {
    expect(judgeOne('errors/message-leaked', status, body)).toBe(result);
  });

  it.each([
    [500, 'fail'],
    [503, 'unknown'],
    [400, 'pass'],
    [404, 'unknown'],
    [200, 'unknown'],
  ])('malformed JSON answered with %i: %s', (status, result) => {
    expect(judgeOne('errors/wrong-status', status, '')).toBe(result);
  });

  it.each([
    [200, '<html>', 'not-applicable'],
    [404, '<pre>Cannot GET /x</pre>', 'fail'],
    [404, '<p>You cannot get this</p>', 'pass'],
  ])('a missing page answered with %i and %j: %s', (status, body, result) => {
    expect(judgeOne('errors/not-found-default-page', status, body)).toBe(result);
  });
});
