import { describe, expect, it } from 'vitest';
import { EXPRESS, send, serve } from '../../../test/support/http.ts';
import type { Exchange, Verdict } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';

/** @param requestLines - what only the process itself can say */
async function judge(app: unknown, requestLines?: boolean): Promise<Record<string, Verdict['result']>> {
  const served = await serve(app);
  const exchanges: Record<string, Exchange> = {};
  for (const [name, probe] of checks.flatMap((check) => Object.entries(check.probes))) {
    const { status, headers, body } = await send(served.url, { headers: { ...probe.headers } });
    exchanges[name] = { probe, status, headers: headers as Exchange['headers'], body };
  }
  await served.close();
  const inside = { off: [], monitored: [], hatches: [], ...(requestLines === undefined ? {} : { requestLines }) };
  const facts = { origin: served.url, exchanges, inside };
  return Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));
}

describe.each(EXPRESS)('on Express %s', (_, express) => {
  it('every check fails on the vulnerable app', async () => {
    expect(await judge(createVulnerable(express), false)).toEqual({
      'logging/request-id-missing': 'fail',
      'logging/request-id-forged': 'fail',
      'logging/request-line-off': 'fail',
    });
  });

  it('every check passes on the secured app', async () => {
    expect(await judge(createSecured(express), true)).toEqual({
      'logging/request-id-missing': 'pass',
      'logging/request-id-forged': 'pass',
      'logging/request-line-off': 'pass',
    });
  });

  it('an app without ids cannot have forged ones', async () => {
    expect(await judge(express())).toEqual({
      'logging/request-id-missing': 'fail',
      'logging/request-id-forged': 'not-applicable',
      'logging/request-line-off': 'unknown',
    });
  });
});

it('no answer is unknown', () => {
  for (const check of checks)
    expect(check.judge({ origin: 'https://a.example', exchanges: {} }).result).toBe('unknown');
});
