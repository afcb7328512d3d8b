import { type Check, expectThat, header } from '../../check.ts';
import { isolationChecks } from './checks-isolation.ts';
import { mustNotBe, onEach } from './checks-kit.ts';
import { policyChecks } from './checks-policy.ts';
import { guardCookie } from './cookies.ts';
import { DEAD_HEADERS, VENDOR_HEADERS } from './vendor-headers.ts';

const contentChecks: readonly Check[] = [
  onEach(
    { id: 'headers/cache-control', severity: 'low', title: 'Caches may keep answers', cwe: [525], asvs: ['14.3.2'] },
    (exchange) => {
      const value = header(exchange, 'cache-control');
      if (value === undefined) {
        return { result: 'fail', message: 'Cache-Control is missing. A cache may keep the answer. Send no-store.' };
      }
      const shared = exchange.headers['set-cookie'] !== undefined && !/\b(?:no-store|private)\b/i.test(value);
      return expectThat(
        !shared,
        `it sets a cookie with Cache-Control ${JSON.stringify(value)}. Send private, no-store.`,
      );
    },
  ),
  onEach(
    {
      id: 'headers/charset-missing',
      severity: 'low',
      title: 'A text without its encoding',
      cwe: [838],
      asvs: ['4.1.1'],
    },
    (exchange) => {
      const type = header(exchange, 'content-type');
      if (type === undefined || !/^\s*(?:text\/|[^;]*[/+]xml\s*(?:;|$))/i.test(type))
        return { result: 'not-applicable' };
      return expectThat(/;\s*charset\s*=/i.test(type), `Content-Type is ${type}. Add ; charset=utf-8.`);
    },
  ),
  onEach(
    {
      id: 'headers/cookie-flags',
      severity: 'high',
      title: 'A cookie lacks a flag',
      cwe: [614, 1004, 1275],
      asvs: ['3.3.1', '3.3.2', '3.3.4'],
    },
    (exchange, { origin }) => {
      const given = exchange.headers['set-cookie'];
      if (given === undefined) return { result: 'not-applicable' };
      const open = [given].flat().find((cookie) => {
        // HttpOnly is judged on session-like names only: a page may have to read others.
        const name = cookie.slice(0, cookie.indexOf('=')).trim();
        const readable = new Set(/sess|sid|auth|token|jwt/i.test(name) && !/[cx]srf/i.test(name) ? [] : [name]);
        return guardCookie(cookie, { tls: origin.startsWith('https:'), readable }) !== cookie;
      });
      return expectThat(
        open === undefined,
        `the cookie ${open?.split('=', 1)[0]} lacks Secure, HttpOnly or SameSite, or contradicts its prefix.`,
      );
    },
  ),
  {
    id: 'headers/clear-site-data',
    severity: 'low',
    confidence: 'low',
    title: 'Logging out leaves data in the browser',
    cwe: [613],
    asvs: ['14.3.1'],
    probes: {
      'headers-logout': {
        method: 'POST',
        path: '/logout',
        headers: { Host: '{host}', 'Content-Length': '0', Origin: '{origin}', 'Sec-Fetch-Site': 'same-origin' },
      },
    },
    judge: ({ exchanges }) => {
      const exchange = exchanges['headers-logout'];
      if (exchange === undefined) return { result: 'unknown', message: 'the app gave no answer to headers-logout' };
      if (exchange.status >= 400) return { result: 'not-applicable' };
      return expectThat(
        /"(?:\*|cookies)"/.test(header(exchange, 'clear-site-data') ?? ''),
        'POST /logout sends no Clear-Site-Data. The next user of the browser finds what was stored. Use clearSiteData(res).',
      );
    },
  },
];

const vendorChecks: readonly Check[] = [
  onEach(
    { id: 'headers/powered-by', severity: 'low', title: 'Headers name the product', cwe: [200, 497], asvs: ['13.4.6'] },
    (exchange) => {
      const found = VENDOR_HEADERS.filter((name) => exchange.headers[name] !== undefined);
      return expectThat(found.length === 0, `${found.join(', ')} tells an attacker what to look for. Remove it.`);
    },
  ),
  ...DEAD_HEADERS.filter((name) => !name.endsWith('report-only')).map((name) =>
    mustNotBe(
      {
        id: `headers/${name.replace(/^x-/, '')}`,
        severity: name === 'x-xss-protection' ? 'low' : 'info',
        title: `${name} is still sent`,
        cwe: [693],
        asvs: [],
      },
      name,
      'Browsers have dropped it, and old ones are harmed by it. Remove it.',
    ),
  ),
];

/**
 * How the `headers` practice is verified: the cases of the OWASP Secure Headers Project (but for
 * Strict-Transport-Security, which is the `https` practice's) and the header requirements of ASVS 5.0.
 *
 * @example for (const check of checks) console.log(check.id, check.judge(facts).result)
 */
export const checks: readonly Check[] = [...policyChecks, ...isolationChecks, ...contentChecks, ...vendorChecks];
