import { type Check, type Exchange, onExchange, type Probe, type RunningFacts, type Verdict } from '../../check.ts';

const FOREIGN = 'https://bulwark-probe.invalid';
const BODY = 'bulwark_probe=1';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: 'bulwark_probe=1' };
const NAVIGATION = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-User': '?1' };

const post = (headers: Readonly<Record<string, string>>): Probe => ({
  method: 'POST',
  path: '{page}',
  headers: { ...FORM, ...headers },
  body: BODY,
});

const CROSS_SITE = post({ Origin: FOREIGN, 'Sec-Fetch-Site': 'cross-site', ...NAVIGATION });
const SAME_SITE = post({
  Origin: 'https://sibling.bulwark-probe.invalid',
  'Sec-Fetch-Site': 'same-site',
  ...NAVIGATION,
});
const FOREIGN_ORIGIN = post({ Origin: FOREIGN });
const NULL_ORIGIN = post({ Origin: 'null' });
const NO_ORIGIN = post({});
const PLAIN_READ: Probe = { method: 'GET', path: '{page}' };
const EMBEDDED_READ: Probe = {
  method: 'GET',
  path: '{page}',
  headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
};

/** What only a request meets that the csrf practice let pass: it comes before all of these. */
const BEHIND_CSRF =
  /^ERR_(?:BODY_|VALIDATION|AUTHENTICATION_REQUIRED|ACCESS_DENIED|NOT_FOUND|METHOD_NOT_ALLOWED|INTERNAL)/;
const REFUSED = /^ERR_(?:CSRF_|CORS_ORIGIN|FETCH_ISOLATED)/;

const codeOf = ({ body }: Exchange): string => /\bERR_[A-Z_]+\b/.exec(body)?.[0] ?? '';

const succeeded = ({ status }: Exchange): boolean => status >= 200 && status < 300;

const unknown = (message: string): Verdict => ({ result: 'unknown', message });

/** A probe of a page that takes no POST tells nothing in an app that checks per route; a Bulwark app says why it refused. */
function judgeWrite(facts: RunningFacts, name: string, message: string): Verdict {
  return onExchange(facts, name, (exchange) => {
    const code = codeOf(exchange);
    if (exchange.status === 403 && REFUSED.test(code)) return { result: 'pass' };
    if (succeeded(exchange) || BEHIND_CSRF.test(code)) return { result: 'fail', message };
    return unknown(
      `the page answered ${exchange.status}, which does not say whether a forged request would be accepted`,
    );
  });
}

interface Write {
  readonly id: Check['id'];
  readonly severity: Check['severity'];
  readonly title: string;
  readonly probeName: string;
  readonly probe: Probe;
  readonly message: string;
}

function writeCheck({ id, severity, title, probeName, probe, message }: Write): Check {
  return {
    id,
    severity,
    confidence: 'high',
    title,
    cwe: [352],
    asvs: ['3.5.1'],
    probes: { [probeName]: probe },
    judge: (facts) => judgeWrite(facts, probeName, message),
  };
}

const embeddedProbes = { 'csrf/plain-read': PLAIN_READ, 'csrf/embedded-read': EMBEDDED_READ };

const crossSiteRead: Check = {
  id: 'csrf/cross-site-read-accepted',
  severity: 'low',
  confidence: 'medium',
  title: 'Another site can load this page as a part of its own',
  cwe: [346],
  asvs: ['3.5.8'],
  probes: embeddedProbes,
  judge({ exchanges }) {
    const plain = exchanges['csrf/plain-read'];
    const embedded = exchanges['csrf/embedded-read'];
    if (plain === undefined || embedded === undefined || !succeeded(plain))
      return unknown('the page itself is not served');
    if (embedded.status === 403) return { result: 'pass' };
    if (!succeeded(embedded)) return unknown(`it was answered with ${embedded.status}`);
    return {
      result: 'fail',
      message:
        'The browser says that another site embeds this page (Sec-Fetch-Site: cross-site, no navigation), and it is served: its size, time and success can be measured from there, with the cookies of the user. Refuse such requests.',
    };
  },
};

/** How the practice is verified: from the answers of a running app to requests as browsers send them for other sites. */
export const checks: readonly Check[] = [
  writeCheck({
    id: 'csrf/cross-site-post-accepted',
    severity: 'high',
    title: 'A form of another site is accepted',
    probeName: 'csrf/cross-site-post',
    probe: CROSS_SITE,
    message:
      'A POST that the browser marks as sent by another site (Sec-Fetch-Site: cross-site, a foreign Origin) was accepted: any page can act in the name of a logged-in user. Refuse it before the handler runs.',
  }),
  writeCheck({
    id: 'csrf/same-site-post-accepted',
    severity: 'medium',
    title: 'A form of a sibling host is accepted',
    probeName: 'csrf/same-site-post',
    probe: SAME_SITE,
    message:
      'A POST of a sibling host that is not listed (Sec-Fetch-Site: same-site) was accepted. SameSite cookies do not help there: whoever holds one host of the domain acts for the users of this one.',
  }),
  writeCheck({
    id: 'csrf/foreign-origin-accepted',
    severity: 'high',
    title: 'A POST with a foreign Origin is accepted',
    probeName: 'csrf/foreign-origin-post',
    probe: FOREIGN_ORIGIN,
    message:
      'A POST with a foreign Origin and without Fetch Metadata, as browsers of before 2023 send it and all of them over plain http, was accepted. Compare Origin with this site where Sec-Fetch-Site is absent.',
  }),
  writeCheck({
    id: 'csrf/null-origin-accepted',
    severity: 'high',
    title: 'A POST with Origin: null is accepted',
    probeName: 'csrf/null-origin-post',
    probe: NULL_ORIGIN,
    message:
      'A POST with Origin: null, which any page sends from a sandboxed frame, was accepted. Treat null as foreign, and give pages with forms a Referrer-Policy other than no-referrer.',
  }),
  writeCheck({
    id: 'csrf/missing-origin-accepted',
    severity: 'low',
    title: 'A POST with a cookie and without any origin is accepted',
    probeName: 'csrf/no-origin-post',
    probe: NO_ORIGIN,
    message:
      'A POST that carries a cookie but says nothing of where it comes from was accepted. Only old browsers and tools send such; where a cookie gives rights, refuse it.',
  }),
  crossSiteRead,
];
