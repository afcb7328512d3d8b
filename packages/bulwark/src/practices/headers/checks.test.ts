import { afterEach, describe, expect, test } from 'vitest';
import { closeServer, EXPRESS, serve } from '../../../test/support/http.ts';
import { record } from '../../../test/support/record.ts';
import type { Exchange, RunningFacts } from '../../check.ts';
import { checks } from './checks.ts';
import { createApp as secured } from './fixtures/secured/app.ts';
import { type ServedTls, serveTls } from './fixtures/serve-tls.ts';
import { createApp as vulnerable } from './fixtures/vulnerable/app.ts';
import { headers } from './index.ts';

let served: Pick<ServedTls, 'close'> | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

const results = (facts: RunningFacts): Record<string, string> =>
  Object.fromEntries(checks.map((check) => [check.id, check.judge(facts).result]));

describe.each(EXPRESS)('the checks, Express %s', (_, express) => {
  test('all fail on the vulnerable app', async () => {
    const tls = await serveTls(vulnerable(express));
    served = tls;
    const seen = results(await record(tls.url, checks, { ca: tls.ca }));
    expect(Object.entries(seen).filter(([, result]) => result !== 'fail')).toEqual([]);
  });

  test('all pass on the secured app', async () => {
    const tls = await serveTls(secured(express));
    served = tls;
    const facts = await record(tls.url, checks, { ca: tls.ca });
    const bad = checks
      .map((check) => [check.id, check.judge(facts)] as const)
      .filter(([, { result }]) => result !== 'pass');
    expect(bad).toEqual([]);
    expect(Object.values(facts.exchanges).map((exchange) => exchange?.status)).toEqual([200, 404, 400, 303]);
  });

  test('all pass on the secured app over plain HTTP on loopback', async () => {
    const plain = await serve(secured(express));
    served = { close: () => closeServer(plain.server) };
    const seen = results(await record(plain.url, checks));
    expect(Object.entries(seen).filter(([, result]) => result !== 'pass')).toEqual([]);
  });

  test('a finding for each protection that is switched off', async () => {
    const site = express();
    site.use(headers({ crossOriginOpenerPolicy: false, permissionsPolicy: false, keepHeaders: ['X-Powered-By'] }));
    const tls = await serveTls(site);
    served = tls;
    const seen = results(await record(tls.url, checks, { ca: tls.ca }));
    const failed = Object.keys(seen).filter((id) => seen[id] === 'fail');
    expect(failed).toEqual(['headers/coop-missing', 'headers/permissions-policy', 'headers/powered-by']);
  });
});

const probe = { method: 'GET', path: '/' };
function facts(given: Record<string, string | string[]>, origin = 'https://shop.example'): RunningFacts {
  const exchange: Exchange = { probe, status: 200, headers: given, body: '' };
  const names = ['headers-page', 'headers-not-found', 'headers-malformed', 'headers-logout'];
  return { origin, exchanges: Object.fromEntries(names.map((name) => [name, exchange])) };
}
const judge = (id: string, given: RunningFacts): string =>
  checks.find((check) => check.id === id)?.judge(given).result ?? '';

describe('one check after the other', () => {
  test('ids are unique and belong to the practice', () => {
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
    expect(checks.every(({ id }) => id.startsWith('headers/'))).toBe(true);
  });

  test('cannot tell without an answer, and a failure elsewhere outweighs that', () => {
    for (const check of checks)
      expect(check.judge({ origin: 'https://a.example', exchanges: {} }).result).toBe('unknown');
    const { 'headers-page': page } = facts({}).exchanges;
    const verdict = checks
      .find(({ id }) => id === 'headers/csp-missing')
      ?.judge({ origin: 'https://a.example', exchanges: { 'headers-page': page } });
    expect(verdict?.result).toBe('fail');
    expect(verdict?.message).toContain('the page');
  });

  test.each([
    ['headers/csp-unsafe', { 'content-security-policy': "script-src 'self'" }, 'pass'],
    ['headers/csp-unsafe', { 'content-security-policy': "script-src 'UNSAFE-INLINE'" }, 'fail'],
    ['headers/csp-unsafe', {}, 'not-applicable'],
    ['headers/csp-weak', { 'content-security-policy': "default-src 'none'; base-uri 'none'" }, 'pass'],
    ['headers/csp-weak', { 'content-security-policy': "default-src 'none'" }, 'fail'],
    [
      'headers/csp-weak',
      { 'content-security-policy': "default-src https:; object-src 'none'; base-uri 'none'" },
      'fail',
    ],
    [
      'headers/csp-weak',
      { 'content-security-policy': "script-src 'self'; script-src *; object-src 'none'; base-uri 'none'" },
      'pass',
    ],
    ['headers/csp-weak', { 'content-security-policy': "object-src 'none'; base-uri 'none'" }, 'fail'],
    ['headers/frame-ancestors-missing', { 'content-security-policy': 'frame-ancestors https://a.example' }, 'pass'],
    ['headers/frame-ancestors-missing', { 'content-security-policy': 'frame-ancestors *' }, 'fail'],
    ['headers/frame-ancestors-missing', { 'x-frame-options': 'deny' }, 'fail'],
    [
      'headers/frame-options-missing',
      { 'content-security-policy': 'frame-ancestors https://a.example' },
      'not-applicable',
    ],
    ['headers/frame-options-missing', { 'x-frame-options': 'ALLOW-FROM https://a.example' }, 'fail'],
    ['headers/frame-options-missing', { 'x-frame-options': 'SAMEORIGIN' }, 'pass'],
    ['headers/csp-report-missing', { 'content-security-policy': 'report-to default' }, 'pass'],
    ['headers/nosniff-missing', { 'x-content-type-options': 'nosniff, nosniff' }, 'fail'],
    ['headers/referrer-policy', { 'referrer-policy': 'no-referrer, unsafe-url' }, 'fail'],
    ['headers/referrer-policy', { 'referrer-policy': 'no-referrer, strict-origin-when-cross-origin' }, 'pass'],
    ['headers/coop-missing', { 'cross-origin-opener-policy': 'unsafe-none' }, 'fail'],
    ['headers/coop-missing', { 'cross-origin-opener-policy': 'same-origin-allow-popups' }, 'pass'],
    ['headers/permissions-policy', { 'permissions-policy': 'camera=()' }, 'fail'],
    [
      'headers/permissions-policy',
      { 'permissions-policy': 'camera=*, microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=()' },
      'fail',
    ],
    ['headers/cache-control', { 'cache-control': 'public, max-age=60' }, 'pass'],
    ['headers/cache-control', { 'cache-control': 'public, max-age=60', 'set-cookie': 'a=1' }, 'fail'],
    ['headers/charset-missing', { 'content-type': 'application/json' }, 'not-applicable'],
    ['headers/charset-missing', { 'content-type': 'image/svg+xml' }, 'fail'],
    ['headers/charset-missing', { 'content-type': 'text/html; charset=utf-8' }, 'pass'],
    ['headers/data-not-sandboxed', { 'content-type': 'application/problem+json' }, 'fail'],
    ['headers/data-not-sandboxed', { 'content-type': 'application/json', 'content-disposition': 'attachment' }, 'pass'],
    ['headers/data-not-sandboxed', { 'content-type': 'application/javascript' }, 'not-applicable'],
    ['headers/cookie-flags', { 'set-cookie': ['theme=1; Secure; SameSite=Lax'] }, 'pass'],
    ['headers/cookie-flags', { 'set-cookie': ['connect.sid=1; Secure; SameSite=Lax'] }, 'fail'],
    ['headers/cookie-flags', { 'set-cookie': ['XSRF-TOKEN=1; Secure; SameSite=Lax'] }, 'pass'],
    ['headers/cookie-flags', {}, 'not-applicable'],
    ['headers/clear-site-data', { 'clear-site-data': '"cache"' }, 'fail'],
    ['headers/clear-site-data', { 'clear-site-data': '"*"' }, 'pass'],
    ['headers/powered-by', { server: 'nginx/1.2' }, 'fail'],
    ['headers/powered-by', { 'x-request-id': '1' }, 'pass'],
    ['headers/xss-protection', { 'x-xss-protection': '0' }, 'fail'],
  ] as const)('%s of %j: %s', (id, given, result) => {
    expect(judge(id, facts(given as unknown as Record<string, string>))).toBe(result);
  });
});
