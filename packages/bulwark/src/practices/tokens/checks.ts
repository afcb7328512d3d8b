import { type Check, expectThat, header, onExchange, type RunningFacts, type Verdict } from '../../check.ts';

const JWKS = '/.well-known/jwks.json';
/** What only a private or a symmetric JWK has (RFC 7518 6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Whether the app has tokens: from outside nobody knows. */
function whereUsed(facts: RunningFacts, judge: (inside: NonNullable<RunningFacts['inside']>) => Verdict): Verdict {
  const { inside } = facts;
  if (inside === undefined)
    return { result: 'unknown', message: 'whether an app has tokens can only be seen from inside it' };
  return inside.unused?.includes('tokens') ? { result: 'not-applicable' } : judge(inside);
}

/** {@link whereUsed}, for what says nothing new of a practice that is off or only reports. */
function whereEnforced(facts: RunningFacts, judge: (inside: NonNullable<RunningFacts['inside']>) => Verdict): Verdict {
  return whereUsed(facts, (inside) =>
    [...inside.off, ...inside.monitored].includes('tokens') ? { result: 'not-applicable' } : judge(inside),
  );
}

// { "alg": "none", "typ": "at+jwt" } and { "sub": "bulwark-probe" }, without a signature.
const UNSIGNED = 'eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJidWx3YXJrLXByb2JlIn0.';

/** Checks of the `tokens` practice. */
export const checks: readonly Check[] = [
  {
    id: 'tokens/disabled',
    severity: 'high',
    confidence: 'high',
    title: 'Bearer tokens are not verified in the gate',
    cwe: [347, 306],
    asvs: ['9.1.1'],
    probes: {},
    judge: (facts) =>
      whereUsed(facts, ({ off }) =>
        expectThat(
          !off.includes('tokens'),
          'tokens is turned off in the policy: whoever verifies tokens now does so in each route, or forgets to, and what was ' +
            'revoked goes on. Remove `tokens: false`; an app without tokens leaves the key out.',
        ),
      ),
  },
  {
    id: 'tokens/unsigned-accepted',
    severity: 'critical',
    confidence: 'medium',
    title: 'An unsigned token is not refused',
    cwe: [347],
    asvs: ['9.1.1', '9.1.2'],
    probes: { 'token-unsigned': { method: 'GET', path: '{page}', headers: { Authorization: `Bearer ${UNSIGNED}` } } },
    judge: (facts) =>
      whereEnforced(facts, () =>
        onExchange(facts, 'token-unsigned', ({ status }) =>
          expectThat(
            status === 401,
            `A request with an unsigned token was answered with ${status}, and not with 401: something before the tokens practice ` +
              'answers, or takes the token away. Look what stands in front of it.',
          ),
        ),
      ),
  },
  {
    id: 'tokens/challenge-missing',
    severity: 'low',
    confidence: 'high',
    title: 'A refused token is not told how to identify itself',
    cwe: [287],
    asvs: [],
    probes: { 'token-unsigned': { method: 'GET', path: '{page}', headers: { Authorization: `Bearer ${UNSIGNED}` } } },
    judge: (facts) =>
      whereEnforced(facts, () =>
        onExchange(facts, 'token-unsigned', (exchange) => {
          if (exchange.status !== 401) return { result: 'not-applicable' };
          return expectThat(
            /^Bearer\b/i.test(header(exchange, 'www-authenticate') ?? ''),
            '401 without `WWW-Authenticate: Bearer`: clients cannot tell an expired token from a wrong address (RFC 6750 3). ' +
              'An error handler of the app took the header away.',
          );
        }),
      ),
  },
  {
    id: 'tokens/private-key-published',
    severity: 'critical',
    confidence: 'high',
    title: 'The set of public keys has a private key in it',
    cwe: [321, 200],
    asvs: ['13.3.1'],
    probes: { jwks: { method: 'GET', path: JWKS } },
    judge: (facts) =>
      onExchange(facts, 'jwks', ({ status, body }) => {
        const keys = status === 200 ? keysOf(body) : undefined;
        if (keys === undefined) return { result: 'not-applicable' };
        return expectThat(
          !keys.some((key) => PRIVATE_MEMBERS.some((name) => Object.hasOwn(key, name))),
          `${JWKS} shows a private or symmetric key: anybody can sign tokens with it. Rotate now: gate.tokens.rotate({ compromised: true }); ` +
            'publish what publicJwkOf() gives.',
        );
      }),
  },
  {
    id: 'tokens/not-shared',
    severity: 'low',
    confidence: 'high',
    title: 'Keys, refresh tokens and revocations live in one process',
    cwe: [613],
    asvs: [],
    probes: {},
    judge: (facts) =>
      whereEnforced(facts, ({ tokens }) => {
        if (tokens === undefined) return { result: 'unknown', message: 'where tokens are kept is not known' };
        return expectThat(
          tokens.shared,
          'A restart ends every token and forgets every revocation, and a second process knows none of them. Give the policy stores ' +
            'that are shared: stores: { redis: … }.',
        );
      }),
  },
];

function keysOf(body: string): readonly object[] | undefined {
  try {
    const { keys } = JSON.parse(body) as { keys?: unknown };
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'object' && key !== null) : undefined;
  } catch {
    return undefined;
  }
}
