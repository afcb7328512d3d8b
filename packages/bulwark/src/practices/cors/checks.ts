import { type Check, type Exchange, expectThat, header, onExchange, type Probe, type Verdict } from '../../check.ts';
import { hostOf } from '../../origins.ts';

const FOREIGN = 'https://bulwark-probe.invalid';

// No Fetch Metadata goes with them, so that an app is asked what it makes of the Origin header alone.
const PLAIN: Probe = { method: 'GET', path: '{page}' };
const OWN: Probe = { method: 'GET', path: '{page}', headers: { Origin: '{origin}' } };
const FOREIGN_READ: Probe = { method: 'GET', path: '{page}', headers: { Origin: FOREIGN } };
const NULL_READ: Probe = { method: 'GET', path: '{page}', headers: { Origin: 'null' } };
const PREFIXED: Probe = { method: 'GET', path: '{page}', headers: { Origin: 'https://evil{host}' } };
const SUFFIXED: Probe = { method: 'GET', path: '{page}', headers: { Origin: '{origin}.bulwark-probe.invalid' } };
const PREFLIGHT: Probe = {
  method: 'OPTIONS',
  path: '{page}',
  headers: {
    Origin: FOREIGN,
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'content-type',
  },
};

const allowedOrigin = (exchange: Exchange): string | undefined => header(exchange, 'access-control-allow-origin');

const withCookies = (exchange: Exchange): string =>
  header(exchange, 'access-control-allow-credentials') === 'true' ? ', with the cookies of the logged-in user' : '';

const succeeded = ({ status }: Exchange): boolean => status >= 200 && status < 300;

const unknown = (message: string): Verdict => ({ result: 'unknown', message });

const variesByOrigin = (exchange: Exchange): boolean =>
  [exchange.headers.vary ?? []]
    .flat()
    .join()
    .split(',')
    .some((name) => ['origin', '*'].includes(name.trim().toLowerCase()));

const reflected: Check = {
  id: 'cors/foreign-origin-reflected',
  severity: 'high',
  confidence: 'high',
  title: 'Any origin is allowed by repeating it',
  cwe: [942, 346],
  asvs: ['3.4.2'],
  probes: { 'cors/foreign-read': FOREIGN_READ },
  judge: (facts) =>
    onExchange(facts, 'cors/foreign-read', (exchange) =>
      expectThat(
        allowedOrigin(exchange) !== FOREIGN,
        `Access-Control-Allow-Origin repeats an origin that nobody has listed: every page on the web may read this answer${withCookies(exchange)}. List the origins that may.`,
      ),
    ),
};

const nullOrigin: Check = {
  id: 'cors/null-origin-allowed',
  severity: 'high',
  confidence: 'high',
  title: 'The origin null is allowed',
  cwe: [942, 346],
  asvs: ['3.4.2'],
  probes: { 'cors/null-read': NULL_READ },
  judge: (facts) =>
    onExchange(facts, 'cors/null-read', (exchange) =>
      expectThat(
        allowedOrigin(exchange) !== 'null',
        `Access-Control-Allow-Origin: null lets any page read this answer${withCookies(exchange)}, from a sandboxed frame. Take null off the list.`,
      ),
    ),
};

const lookalikes = { 'cors/prefixed-read': PREFIXED, 'cors/suffixed-read': SUFFIXED };

const lookalike: Check = {
  id: 'cors/lookalike-origin-allowed',
  severity: 'high',
  confidence: 'high',
  title: 'An origin that only looks like an allowed one is allowed',
  cwe: [942, 346],
  asvs: ['3.4.2'],
  probes: lookalikes,
  judge({ exchanges, origin }) {
    const sent = {
      'cors/prefixed-read': `https://evil${hostOf(origin)}`,
      'cors/suffixed-read': `${origin}.bulwark-probe.invalid`,
    };
    const seen = Object.entries(sent).filter(([name]) => exchanges[name] !== undefined);
    if (seen.length === 0) return unknown('the app gave no answer to an origin that resembles its own');
    const fooled = seen.find(([name, value]) => allowedOrigin(exchanges[name] as Exchange) === value);
    return expectThat(
      fooled === undefined,
      `Access-Control-Allow-Origin: ${fooled?.[1]}: a pattern, a prefix or a suffix is compared, and such a name can be bought. Compare the whole origin.`,
    );
  },
};

const anyOrigin: Check = {
  id: 'cors/any-origin-allowed',
  severity: 'low',
  confidence: 'medium',
  title: 'Every page on the web may read the answer',
  cwe: [942],
  asvs: ['3.4.2'],
  probes: { 'cors/foreign-read': FOREIGN_READ },
  judge: (facts) =>
    onExchange(facts, 'cors/foreign-read', (exchange) =>
      expectThat(
        allowedOrigin(exchange) !== '*',
        'Access-Control-Allow-Origin: * stands on this page. That is right for data that is public, and only there: inside a private network it opens the app to every page that its users visit. Say it on the route that is public.',
      ),
    ),
};

const varyProbes = { 'cors/plain-read': PLAIN, 'cors/own-read': OWN, 'cors/foreign-read': FOREIGN_READ };

const varyMissing: Check = {
  id: 'cors/vary-missing',
  severity: 'medium',
  confidence: 'high',
  title: 'Answers differ by Origin, and caches are not told',
  cwe: [524, 346],
  asvs: ['3.4.2'],
  probes: varyProbes,
  judge({ exchanges }) {
    const seen = Object.keys(varyProbes).flatMap((name) => exchanges[name] ?? []);
    if (seen.length < 2) return unknown('the app did not answer with and without an Origin header');
    const values = new Set(seen.map(allowedOrigin));
    if (values.size < 2) return { result: 'not-applicable' };
    return expectThat(
      seen.every(variesByOrigin),
      'Access-Control-Allow-Origin depends on who asks, but not every answer says Vary: Origin. A cache gives the answer for one origin to another, which breaks the page or lets a stranger in.',
    );
  },
};

const preflightUnhandled: Check = {
  id: 'cors/preflight-unhandled',
  severity: 'low',
  confidence: 'medium',
  title: 'A preflight is not answered by a CORS policy',
  cwe: [346],
  asvs: ['3.5.2'],
  probes: { 'cors/preflight': PREFLIGHT },
  judge: (facts) =>
    onExchange(facts, 'cors/preflight', (exchange) => {
      const { status } = exchange;
      if (status === 403 || status === 204 || header(exchange, 'access-control-allow-methods') !== undefined) {
        return { result: 'pass' };
      }
      if (status === 401) return fail('asks for a login, which a preflight never carries: no foreign page works');
      if (status >= 500) return fail('ends in an error of the server');
      if (status === 429 || (status >= 300 && status < 400)) return unknown(`it was answered with ${status}`);
      return fail(`goes to the app, which answers ${status} as to any OPTIONS request`);
    }),
};

function fail(what: string): Verdict {
  return {
    result: 'fail',
    message: `A preflight of a foreign page ${what}. Put the CORS policy before sign-in and routes, and let it answer.`,
  };
}

const readProbes = { 'cors/plain-read': PLAIN, 'cors/foreign-read': FOREIGN_READ };

const foreignReadServed: Check = {
  id: 'cors/foreign-read-served',
  severity: 'low',
  confidence: 'medium',
  title: 'The handler runs for a foreign page that may not read its answer',
  cwe: [346],
  asvs: ['3.5.8'],
  probes: readProbes,
  judge({ exchanges }) {
    const plain = exchanges['cors/plain-read'];
    const foreign = exchanges['cors/foreign-read'];
    if (plain === undefined || foreign === undefined || !succeeded(plain))
      return unknown('the page itself is not served');
    if (allowedOrigin(foreign) !== undefined) return { result: 'not-applicable' };
    if (foreign.status === 403) return { result: 'pass' };
    if (!succeeded(foreign)) return unknown(`it was answered with ${foreign.status}`);
    return {
      result: 'fail',
      message:
        'CORS headers only keep the answer from the page: the handler has run, its time and size can be measured, and what it does is done. Refuse origins that are not listed.',
    };
  },
};

const errorProbes = { ...readProbes, 'cors/preflight': PREFLIGHT };

const foreignOriginError: Check = {
  id: 'cors/foreign-origin-error',
  severity: 'low',
  confidence: 'high',
  title: 'A foreign origin ends in an error of the server',
  cwe: [755],
  asvs: ['3.4.2'],
  probes: errorProbes,
  judge({ exchanges }) {
    const plain = exchanges['cors/plain-read'];
    const foreign = [exchanges['cors/foreign-read'], exchanges['cors/preflight']].filter((seen) => seen !== undefined);
    if (plain === undefined || foreign.length === 0) return unknown('the app gave no answer');
    if (plain.status >= 500) return unknown('the page itself ends in an error');
    return expectThat(
      foreign.every(({ status }) => status < 500),
      'An Origin that is not allowed is answered with 5xx: anybody can fill the error log, and alarms ring for nothing. Refuse it with 403.',
    );
  },
};

/** How the practice is verified: from the answers of a running app to foreign origins. */
export const checks: readonly Check[] = [
  reflected,
  nullOrigin,
  lookalike,
  anyOrigin,
  varyMissing,
  preflightUnhandled,
  foreignReadServed,
  foreignOriginError,
];
