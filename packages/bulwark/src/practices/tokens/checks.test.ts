import { describe, expect, it } from 'vitest';
import type { Exchange, RunningFacts, Verdict } from '../../check.ts';
import { checks } from './checks.ts';

const probe = { method: 'GET', path: '/' };
const NOBODY: NonNullable<RunningFacts['inside']> = { off: [], monitored: [], hatches: [] };

function facts(exchanges: Record<string, Partial<Exchange>>, inside: RunningFacts['inside'] = NOBODY): RunningFacts {
  const whole = Object.entries(exchanges).map(([name, exchange]) => [
    name,
    { probe, status: 200, headers: {}, body: '', ...exchange },
  ]);
  return { origin: 'https://shop.example', exchanges: Object.fromEntries(whole), ...(inside && { inside }) };
}

function judge(id: string, given: RunningFacts): Verdict['result'] {
  const verdict = checks.find((check) => check.id === id)?.judge(given);
  if (verdict?.result === 'fail' || verdict?.result === 'unknown') expect(verdict.message).toMatch(/\w/);
  return verdict?.result ?? 'unknown';
}

const outside = (exchanges: Record<string, Partial<Exchange>>): RunningFacts => {
  const { inside: _, ...rest } = facts(exchanges);
  return rest;
};
const unused = { ...NOBODY, unused: ['tokens'] } as const;
const off = { ...NOBODY, off: ['tokens'] } as const;
const monitored = { ...NOBODY, monitored: ['tokens'] } as const;

describe('checks of tokens', () => {
  it('tokens/disabled', () => {
    expect(judge('tokens/disabled', facts({}, off))).toBe('fail');
    expect(judge('tokens/disabled', facts({}))).toBe('pass');
    expect(judge('tokens/disabled', facts({}, unused))).toBe('not-applicable');
    expect(judge('tokens/disabled', outside({}))).toBe('unknown');
    expect(judge('tokens/disabled', facts({}, { ...NOBODY, off: ['sessions'] }))).toBe('pass');
  });

  it('tokens/unsigned-accepted', () => {
    const id = 'tokens/unsigned-accepted';
    expect(judge(id, facts({ 'token-unsigned': { status: 200 } }))).toBe('fail');
    expect(judge(id, facts({ 'token-unsigned': { status: 404 } }))).toBe('fail');
    expect(judge(id, facts({ 'token-unsigned': { status: 401 } }))).toBe('pass');
    expect(judge(id, facts({}))).toBe('unknown');
    for (const inside of [unused, off, monitored]) {
      expect(judge(id, facts({ 'token-unsigned': { status: 200 } }, inside))).toBe('not-applicable');
    }
    expect(judge(id, outside({ 'token-unsigned': { status: 200 } }))).toBe('unknown');
  });

  it('tokens/challenge-missing', () => {
    const id = 'tokens/challenge-missing';
    const refused = (headers: Record<string, string>): RunningFacts =>
      facts({ 'token-unsigned': { status: 401, headers } });
    expect(judge(id, refused({}))).toBe('fail');
    expect(judge(id, refused({ 'www-authenticate': 'Basic realm="x"' }))).toBe('fail');
    expect(judge(id, refused({ 'www-authenticate': 'Bearer error="invalid_token"' }))).toBe('pass');
    expect(judge(id, facts({ 'token-unsigned': { status: 200 } }))).toBe('not-applicable');
  });

  it('tokens/private-key-published', () => {
    const id = 'tokens/private-key-published';
    const shown = (body: unknown, status = 200): RunningFacts =>
      outside({ jwks: { status, body: typeof body === 'string' ? body : JSON.stringify(body) } });
    const good = { kty: 'OKP', crv: 'Ed25519', x: 'a', kid: 'k' };
    expect(judge(id, shown({ keys: [good] }))).toBe('pass');
    expect(judge(id, shown({ keys: [good, { ...good, d: 's' }] }))).toBe('fail');
    expect(judge(id, shown({ keys: [{ kty: 'RSA', n: 'n', e: 'AQAB', dp: 's' }] }))).toBe('fail');
    expect(judge(id, shown({ keys: [{ kty: 'oct', k: 's' }] }))).toBe('fail');
    for (const body of ['<h1>no</h1>', '[]', 'null', '{"keys":7}'])
      expect(judge(id, shown(body))).toBe('not-applicable');
    expect(judge(id, shown({ keys: [{ ...good, d: 's' }] }, 404))).toBe('not-applicable');
    expect(judge(id, outside({}))).toBe('unknown');
  });

  it('tokens/not-shared', () => {
    const id = 'tokens/not-shared';
    const kept = (shared: boolean): RunningFacts => facts({}, { ...NOBODY, tokens: { shared, jwks: false } });
    expect(judge(id, kept(false))).toBe('fail');
    expect(judge(id, kept(true))).toBe('pass');
    expect(judge(id, facts({}))).toBe('unknown');
    expect(judge(id, facts({}, unused))).toBe('not-applicable');
  });
});
