import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPRESS, type Express, send } from '../../../test/support/http.ts';
import type { Exchange, Probe, RunningFacts } from '../../check.ts';
import { checks } from './checks.ts';
import type { RequestListener } from './drain.ts';
import { recorder, temporaryDirectory, testAuthority, writePair } from './fixtures/certificates.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { type Listening, listen } from './listen.ts';

const ORIGIN = 'https://shop.example';
const INSIDE: NonNullable<RunningFacts['inside']> = { off: [], monitored: [], hatches: [] };

const judge = (id: string, facts: RunningFacts): string => {
  const verdict = checks.find((check) => check.id === id)?.judge(facts);
  if (verdict?.result === 'fail' || verdict?.result === 'unknown') expect(verdict.message).toMatch(/\w/);
  return verdict?.result ?? 'no such check';
};
const judgeAll = (facts: RunningFacts): Record<string, string> =>
  Object.fromEntries(checks.map(({ id }) => [id.slice('https/'.length), judge(id, facts)]));

describe.each(EXPRESS)('checks on Express %s', (_, express: Express) => {
  let authority: Awaited<ReturnType<typeof testAuthority>>;
  let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    authority = await testAuthority();
    temporary = await temporaryDirectory();
  });
  afterAll(() => temporary.remove());

  async function facts(app: unknown, page: string): Promise<RunningFacts> {
    const files = await writePair(temporary.path, await authority.issue(['127.0.0.1']));
    const options = { ...files, port: 0, host: '127.0.0.1', http: 0 };
    const listening = await listen(app as RequestListener, options, recorder());
    try {
      const exchanges: Record<string, Exchange> = {};
      for (const check of checks) {
        for (const [name, probe] of Object.entries(check.probes))
          exchanges[name] ??= await sendProbe(probe, listening, page);
      }
      return { origin: ORIGIN, exchanges, inside: INSIDE };
    } finally {
      await listening.close();
    }
  }

  async function sendProbe(probe: Probe, listening: Listening, page: string): Promise<Exchange> {
    const plain = probe.over === 'plain';
    const url = plain
      ? `http://127.0.0.1:${new URL(listening.httpUrl ?? '').port}`
      : `https://127.0.0.1:${listening.port}`;
    const headers = Object.entries(probe.headers ?? {}).map(([name, value]) => [
      name,
      value.replace('{host}', 'shop.example'),
    ]);
    const answer = await send(`${url}/`, {
      method: probe.method,
      target: probe.path.replace('{page}', page),
      headers: Object.fromEntries(headers),
      ...(plain ? {} : { ca: authority.ca, servername: '' }),
    });
    return { probe, status: answer.status, headers: answer.headers as Exchange['headers'], body: answer.body };
  }

  it('pass on the secured app', async () => {
    const verdicts = judgeAll(await facts(createSecured(express), '/'));
    expect(new Set(Object.values(verdicts))).toEqual(new Set(['pass']));
  });

  it('fail on the vulnerable app', async () => {
    expect(judgeAll(await facts(createVulnerable(express), '/'))).toEqual({
      'hsts-missing': 'pass',
      'hsts-weak': 'fail',
      'hsts-over-plain': 'fail',
      'plain-http-answered': 'pass',
      'api-redirected': 'fail',
      'redirect-host-unverified': 'fail',
      'plain-paths': 'pass',
    });
    const legacy = judgeAll(await facts(createVulnerable(express), '/legacy'));
    expect(legacy).toMatchObject({
      'hsts-missing': 'fail',
      'hsts-weak': 'not-applicable',
      'plain-http-answered': 'fail',
    });
  });
});

describe('checks on recordings', () => {
  const probe: Probe = { method: 'GET', path: '/' };
  const exchange = (status: number, headers: Exchange['headers'] = {}): Exchange => ({
    probe,
    status,
    headers,
    body: '',
  });
  const over = (name: string, status: number, headers: Exchange['headers'] = {}, origin = ORIGIN): RunningFacts => ({
    origin,
    exchanges: { [name]: exchange(status, headers) },
  });
  const hsts = (value: string | string[]): RunningFacts =>
    over('https-page', 200, { 'strict-transport-security': value });

  it.each([
    ['max-age=31536000; includeSubDomains', 'pass'],
    ['includesubdomains;MAX-AGE="63072000";preload', 'pass'],
    ['max-age=31535999; includeSubDomains', 'fail'],
    ['max-age=63072000', 'fail'],
    ['max-age=0; includeSubDomains', 'fail'],
    ['max-age=; includeSubDomains', 'fail'],
    ['max-age=1e9; includeSubDomains', 'fail'],
    ['max-age=63072000; max-age=63072000; includeSubDomains', 'fail'],
    ['max-age=63072000, includeSubDomains', 'fail'],
    [['max-age=63072000; includeSubDomains', 'max-age=1'], 'fail'],
  ])('https/hsts-weak: %j: %s', (value, result) => {
    expect(judge('https/hsts-weak', hsts(value))).toBe(result);
  });

  it('https/hsts-missing cannot tell on localhost, and has nothing to say of a plain app', () => {
    expect(judge('https/hsts-missing', over('https-page', 200, {}, 'https://localhost:8443'))).toBe('unknown');
    expect(judge('https/hsts-missing', over('https-page', 200, {}, 'http://localhost:3000'))).toBe('not-applicable');
    expect(judge('https/hsts-missing', over('https-page', 200))).toBe('fail');
    expect(judge('https/hsts-missing', { origin: ORIGIN, exchanges: {} })).toBe('unknown');
  });

  it.each([
    [200, {}, 'fail'],
    [401, {}, 'fail'],
    [404, {}, 'fail'],
    [302, { location: '/login' }, 'fail'],
    [301, { location: 'http://www.shop.example/' }, 'fail'],
    [301, { location: 'https://shop.example/' }, 'pass'],
    [403, {}, 'pass'],
    [421, {}, 'pass'],
    [502, {}, 'unknown'],
  ])('https/plain-http-answered: %i %j: %s', (status, headers, result) => {
    const answered = exchange(status, headers);
    const facts = { origin: ORIGIN, exchanges: { 'https-plain-page': answered, 'https-plain-json': answered } };
    expect(judge('https/plain-http-answered', facts)).toBe(result);
  });

  it('https/plain-http-answered: one that answers an API alone fails too; silence is unknown', () => {
    const exchanges = { 'https-plain-page': exchange(403), 'https-plain-json': exchange(200) };
    expect(judge('https/plain-http-answered', { origin: ORIGIN, exchanges })).toBe('fail');
    expect(judge('https/plain-http-answered', { origin: ORIGIN, exchanges: {} })).toBe('unknown');
    expect(judge('https/plain-http-answered', { origin: 'http://localhost:3000', exchanges })).toBe('not-applicable');
    expect(judge('https/plain-http-answered', { origin: 'http://shop.example', exchanges })).toBe('fail');
  });

  it('https/plain-paths lists what is let through', () => {
    const hatches = [{ practice: 'https', what: 'https.insecurePlainPaths' }] as const;
    expect(judge('https/plain-paths', { origin: ORIGIN, exchanges: {}, inside: { ...INSIDE, hatches } })).toBe('fail');
    expect(judge('https/plain-paths', { origin: ORIGIN, exchanges: {} })).toBe('unknown');
  });
});
