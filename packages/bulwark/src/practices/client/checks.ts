import { type Check, type Exchange, expectThat, header, onExchange, type Probe, type Verdict } from '../../check.ts';

const FOREIGN = 'bulwark-probe.invalid';
const page = (headers: Readonly<Record<string, string>> = {}): Probe => ({ method: 'GET', path: '{page}', headers });

/** Checks of the `client` practice: what an app believes of who is calling, and of where it is. */
export const checks: readonly Check[] = [
  {
    id: 'client/host-not-checked',
    severity: 'high',
    confidence: 'high',
    title: 'The app answers to any Host header',
    cwe: [644, 346],
    asvs: ['4.1.3'],
    probes: { 'client-page': page(), 'client-foreign-host': page({ host: FOREIGN }) },
    judge: (facts) =>
      onExchange(facts, 'client-foreign-host', (foreign) => {
        if (foreign.status === 429 || foreign.status >= 500) {
          return {
            result: 'unknown',
            message: `the app answered ${foreign.status} to a foreign host, which says nothing`,
          };
        }
        const isRefused = foreign.status >= 400 && foreign.status !== facts.exchanges['client-page']?.status;
        return expectThat(
          isRefused,
          `a request for the host ${FOREIGN} was answered with ${foreign.status}, like any other. Links in mails, redirects ` +
            'and caches that are made from the host can then be poisoned. Serve named hosts only: client({ origins }).',
        );
      }),
  },
  {
    id: 'client/forwarded-host-reflected',
    severity: 'high',
    confidence: 'high',
    title: 'The X-Forwarded-Host of any sender appears in the answer',
    cwe: [348, 644],
    asvs: ['4.1.3'],
    probes: { 'client-forwarded-host': page({ 'x-forwarded-host': FOREIGN }) },
    judge: (facts) =>
      onExchange(facts, 'client-forwarded-host', (exchange) =>
        expectThat(
          !mentions(exchange, FOREIGN),
          `X-Forwarded-Host: ${FOREIGN} came back in the answer: whoever sends that header decides where links lead. ` +
            'Believe it of a declared proxy only, and only of one that overwrites it.',
        ),
      ),
  },
  {
    id: 'client/address-forged',
    severity: 'high',
    confidence: 'medium',
    title: 'X-Forwarded-For gives any sender a new identity',
    cwe: [348, 290],
    asvs: ['15.3.4', '4.1.3'],
    probes: {
      'client-address-one': page({ 'x-forwarded-for': '198.51.100.17' }),
      'client-address-two': page({ 'x-forwarded-for': '198.51.100.18' }),
    },
    judge(facts) {
      if (facts.inside !== undefined && !facts.inside.off.includes('client')) {
        return notApplicable(
          'the probe comes from this machine, where a declared proxy may stand: run it from outside',
        );
      }
      return onExchange(facts, 'client-address-one', (one) =>
        onExchange(facts, 'client-address-two', (two) => {
          const left = [remaining(one), remaining(two)];
          if (left[0] === undefined || left[1] === undefined) {
            return notApplicable('no answer says how much of a rate limit is left');
          }
          return expectThat(
            left[0] !== left[1],
            'two requests from one address with two values of X-Forwarded-For were counted as two clients: no limit holds. ' +
              "Declare the proxy (proxy: 'nginx', { hops: 1 } or { cidrs }) in place of `trust proxy: true`.",
          );
        }),
      );
    },
  },
  {
    id: 'client/dangerous-setting',
    severity: 'low',
    confidence: 'high',
    title: 'An escape hatch of the client practice is in use',
    cwe: [348],
    asvs: ['4.1.3'],
    probes: {},
    judge(facts) {
      if (facts.inside === undefined) {
        return { result: 'unknown', message: 'which settings are in use can only be seen from inside the process' };
      }
      const used = facts.inside.hatches.filter(({ practice }) => practice === 'client').map(({ what }) => what);
      return expectThat(
        used.length === 0,
        `${used.join(', ')}: requests pass there that would be refused or not be believed elsewhere. Keep the list short, ` +
          'and build nothing from the host or the address in those handlers.',
      );
    },
  },
];

function notApplicable(message: string): Verdict {
  return { result: 'not-applicable', message };
}

function mentions(exchange: Exchange, text: string): boolean {
  return (
    exchange.body.includes(text) ||
    Object.values(exchange.headers).some((value) => [value].flat().join().includes(text))
  );
}

/** What is left of a limit: drafts 6 to 10 of RateLimit, and the older X- form. */
function remaining(exchange: Exchange): string | undefined {
  const field = header(exchange, 'ratelimit');
  const combined = field === undefined ? undefined : /(?:^|[;,\s])(?:r|remaining)=(\d+)/.exec(field)?.[1];
  return combined ?? header(exchange, 'ratelimit-remaining') ?? header(exchange, 'x-ratelimit-remaining');
}
