import {
  type Check,
  type Exchange,
  header,
  onExchange,
  type Probe,
  type RunningFacts,
  type Verdict,
} from '../../check.ts';
import { ONE_YEAR } from './hsts.ts';
import { hostnameOf, isLoopback } from './local-names.ts';

const PASS: Verdict = { result: 'pass' };
const fail = (message: string): Verdict => ({ result: 'fail', message });

const PAGE: Probe = { method: 'GET', path: '{page}', headers: { Host: '{host}', Accept: 'text/html' } };
const PLAIN_PAGE: Probe = { ...PAGE, over: 'plain' };
const PLAIN_JSON: Probe = { ...PLAIN_PAGE, headers: { Host: '{host}', Accept: 'application/json' } };
const PLAIN_POST: Probe = { ...PLAIN_JSON, method: 'POST', headers: { ...PLAIN_JSON.headers, 'Content-Length': '0' } };
const PLAIN_FOREIGN: Probe = {
  ...PLAIN_PAGE,
  headers: { Host: 'bulwark-probe.invalid', 'X-Forwarded-Host': 'bulwark-probe.invalid', Accept: 'text/html' },
};

/** Judges an answer over TLS; an app whose origin is plain has none. */
function onTls(facts: RunningFacts, judge: (exchange: Exchange) => Verdict): Verdict {
  if (facts.origin.startsWith('http:')) return { result: 'not-applicable', message: 'the app is not served over TLS' };
  return onExchange(facts, 'https-page', judge);
}

/** True for an answer that sends the client to TLS; a Location that cannot be read does not. */
function leadsToTls(exchange: Exchange): boolean {
  const location = header(exchange, 'location');
  return isRedirect(exchange) && location !== undefined && /^https:\/\//i.test(location);
}

function isRedirect({ status }: Exchange): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** Answers that say that nothing is to be had this way. */
const REFUSED = new Set([400, 403, 421, 426]);

function judgePlain(what: string, exchange: Exchange): Verdict {
  if (leadsToTls(exchange) || REFUSED.has(exchange.status)) return PASS;
  if (exchange.status >= 500)
    return { result: 'unknown', message: `${what} over plain HTTP answered ${exchange.status}` };
  return fail(
    `${what} over plain HTTP was answered with ${exchange.status}: anybody on the way can read and change it. ` +
      'Redirect pages to https:// and refuse the rest: https() does both.',
  );
}

/** Directives of the header, names in lower case; undefined if it is malformed or has one twice (RFC 6797 §6.1). */
function parseHsts(value: string): Map<string, string> | undefined {
  const directives = new Map<string, string>();
  for (const part of value.split(';').map((text) => text.trim())) {
    if (part === '') continue;
    const [name = '', argument = ''] = part.split('=', 2).map((text) => text.trim());
    if (directives.has(name.toLowerCase())) return undefined;
    directives.set(name.toLowerCase(), argument.replace(/^"(.*)"$/, '$1'));
  }
  return /^\d+$/.test(directives.get('max-age') ?? '') ? directives : undefined;
}

const hstsMissing: Check = {
  id: 'https/hsts-missing',
  severity: 'medium',
  confidence: 'high',
  title: 'Answers over TLS do not tell browsers to stay with TLS',
  cwe: [319, 523],
  asvs: ['3.4.1'],
  probes: { 'https-page': PAGE },
  judge: (facts) =>
    onTls(facts, (exchange) => {
      if (header(exchange, 'strict-transport-security') !== undefined) return PASS;
      if (isLoopback(hostnameOf(facts.origin))) {
        return {
          result: 'unknown',
          message: 'no HSTS on localhost, where development rightly sends none: check the deployed address',
        };
      }
      return fail(
        'No Strict-Transport-Security: the first request of each visit can go over plain HTTP, where it can be redirected ' +
          'anywhere. Send max-age=63072000; includeSubDomains.',
      );
    }),
};

const hstsWeak: Check = {
  id: 'https/hsts-weak',
  severity: 'low',
  confidence: 'high',
  title: 'HSTS is too short, leaves subdomains out, or is malformed',
  cwe: [319, 523],
  asvs: ['3.4.1'],
  probes: { 'https-page': PAGE },
  judge: (facts) =>
    onTls(facts, (exchange) => {
      const value = exchange.headers['strict-transport-security'];
      if (value === undefined) return { result: 'not-applicable', message: 'there is no HSTS to judge' };
      if (typeof value !== 'string' && value.length > 1) {
        return fail(
          'Strict-Transport-Security is sent more than once: browsers obey the first alone. Send it in one place.',
        );
      }
      const directives = parseHsts(header(exchange, 'strict-transport-security') ?? '');
      if (directives === undefined) return fail('Strict-Transport-Security is malformed, so browsers ignore it.');
      if (Number(directives.get('max-age')) < ONE_YEAR) {
        return fail(
          `HSTS lasts ${directives.get('max-age')} s, less than a year: rare visitors are unprotected. Send 63072000.`,
        );
      }
      if (!directives.has('includesubdomains')) {
        return fail(
          'HSTS leaves subdomains out: a forged plain subdomain can set cookies for this site. Add includeSubDomains.',
        );
      }
      return PASS;
    }),
};

const hstsOverPlain: Check = {
  id: 'https/hsts-over-plain',
  severity: 'info',
  confidence: 'high',
  title: 'HSTS is sent over plain HTTP',
  cwe: [523],
  asvs: ['3.4.1'],
  probes: { 'https-plain-page': PLAIN_PAGE },
  judge: (facts) =>
    onExchange(facts, 'https-plain-page', (exchange) =>
      header(exchange, 'strict-transport-security') === undefined
        ? PASS
        : fail(
            'Strict-Transport-Security over plain HTTP is ignored by browsers (RFC 6797 §7.2), and hides that TLS has none.',
          ),
    ),
};

const plainAnswered: Check = {
  id: 'https/plain-http-answered',
  severity: 'high',
  confidence: 'high',
  title: 'The app answers over plain HTTP',
  cwe: [319],
  asvs: ['12.2.1'],
  probes: { 'https-plain-page': PLAIN_PAGE, 'https-plain-json': PLAIN_JSON },
  judge(facts) {
    if (facts.origin.startsWith('http:') && isLoopback(hostnameOf(facts.origin))) {
      return { result: 'not-applicable', message: 'the app is served over plain HTTP on this machine only' };
    }
    const page = onExchange(facts, 'https-plain-page', (exchange) => judgePlain('A page', exchange));
    if (page.result === 'fail') return page;
    const json = onExchange(facts, 'https-plain-json', (exchange) => judgePlain('An API request', exchange));
    return json.result === 'fail' || page.result === 'pass' ? json : page;
  },
};

const apiRedirected: Check = {
  id: 'https/api-redirected',
  severity: 'medium',
  confidence: 'high',
  title: 'API requests over plain HTTP are redirected instead of refused',
  cwe: [319],
  asvs: ['4.1.2'],
  probes: { 'https-plain-json': PLAIN_JSON, 'https-plain-post': PLAIN_POST },
  judge(facts) {
    const verdicts = ['https-plain-json', 'https-plain-post'].map((name) =>
      onExchange(facts, name, (exchange) =>
        leadsToTls(exchange)
          ? fail(
              `A ${exchange.probe.method} of an API client over plain HTTP was redirected: its token and body went in clear ` +
                'text and nobody will notice. Refuse it, so that the client is mended: https() answers 403.',
            )
          : PASS,
      ),
    );
    return (
      verdicts.find(({ result }) => result === 'fail') ?? verdicts.find(({ result }) => result === 'unknown') ?? PASS
    );
  },
};

const foreignRedirect: Check = {
  id: 'https/redirect-host-unverified',
  severity: 'medium',
  confidence: 'high',
  title: 'The redirect to HTTPS goes to whatever host the request names',
  cwe: [601, 644],
  asvs: ['12.2.1'],
  probes: { 'https-plain-foreign': PLAIN_FOREIGN },
  judge: (facts) =>
    onExchange(facts, 'https-plain-foreign', (exchange) =>
      isRedirect(exchange) && (header(exchange, 'location') ?? '').includes('bulwark-probe.invalid')
        ? fail(
            'The redirect repeats the Host or X-Forwarded-Host of the request: a cache that keeps it sends visitors to ' +
              "an attacker's site. Redirect to one of the app's own origins only.",
          )
        : PASS,
    ),
};

const plainPaths: Check = {
  id: 'https/plain-paths',
  severity: 'info',
  confidence: 'high',
  title: 'Some paths are answered over plain HTTP on purpose',
  cwe: [319],
  asvs: ['12.2.1'],
  probes: {},
  judge({ inside }) {
    if (inside === undefined)
      return { result: 'unknown', message: 'only the process itself can say which paths are let through' };
    const used = inside.hatches.filter(({ practice }) => practice === 'https');
    if (used.length === 0) return PASS;
    return fail(
      `Lets plain HTTP through: ${used.map(({ what, reason }) => (reason === undefined ? what : `${what} (${reason})`)).join('; ')}. ` +
        'Keep it to what tells nothing and changes nothing.',
    );
  },
};

/** How the practice is verified: from the answers of a running app, over TLS and over plain HTTP. */
export const checks: readonly Check[] = [
  hstsMissing,
  hstsWeak,
  hstsOverPlain,
  plainAnswered,
  apiRedirected,
  foreignRedirect,
  plainPaths,
];
