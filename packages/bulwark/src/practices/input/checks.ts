import { type Check, type Exchange, expectThat, onExchange, type RunningFacts, type Verdict } from '../../check.ts';

/** What the app's own pages send along, so that csrf does not answer in the place of input. */
const SAME_ORIGIN: Readonly<Record<string, string>> = { Origin: '{origin}', 'Sec-Fetch-Site': 'same-origin' };
const JSON_BODY: Readonly<Record<string, string>> = { ...SAME_ORIGIN, 'Content-Type': 'application/json' };
const FORM_BODY: Readonly<Record<string, string>> = {
  ...SAME_ORIGIN,
  'Content-Type': 'application/x-www-form-urlencoded',
};

/** Something else answered before the body was looked at: not logged in, no permission, over a limit, down. */
const ANSWERED_BEFORE: ReadonlySet<number> = new Set([401, 403, 429, 502, 503, 504]);

function refusesBody(facts: RunningFacts, name: string, what: string, consequence: string): Verdict {
  return onExchange(facts, name, ({ status }: Exchange) => {
    if (ANSWERED_BEFORE.has(status)) {
      return { result: 'unknown', message: `the app answered ${status} before it looked at the body of ${name}` };
    }
    return expectThat(
      status === 400 || status === 415 || status === 422,
      `${what} was answered ${status} and not 400: ${consequence}. Mount input() in front of the routes.`,
    );
  });
}

/** Every one of the probes is to be answered 400: in front of the routes, whether one is there or not. */
function refusesAddress(facts: RunningFacts, names: readonly string[], consequence: string): Verdict {
  const verdicts = names.map((name) =>
    onExchange(facts, name, ({ probe, status }: Exchange) => {
      const what = probe.path.replace('{page}', '/');
      if (ANSWERED_BEFORE.has(status)) {
        return { result: 'unknown', message: `the app answered ${status} before it looked at ${what}` };
      }
      return expectThat(
        status === 400,
        `${what} was answered ${status} and not 400: ${consequence}. Mount input() or urlGate() in front of everything.`,
      );
    }),
  );
  const worst = (result: Verdict['result']): Verdict | undefined =>
    verdicts.find((verdict) => verdict.result === result);
  return worst('fail') ?? worst('unknown') ?? { result: 'pass' };
}

export const checks: readonly Check[] = [
  {
    id: 'input/trace-allowed',
    severity: 'low',
    confidence: 'high',
    title: 'The app answers TRACE',
    cwe: [650],
    asvs: ['4.1.4', '13.4.4'],
    probes: { trace: { method: 'TRACE', path: '{page}' } },
    judge: (facts) =>
      onExchange(facts, 'trace', ({ status }) =>
        expectThat(
          status >= 400,
          `TRACE was answered ${status}: app.all() and app.use() take every method, so handlers run for methods that nobody thought of. Allow methods by list: methodGate() or input().`,
        ),
      ),
  },
  {
    id: 'input/malformed-json-accepted',
    severity: 'medium',
    confidence: 'medium',
    title: 'A malformed JSON body is not answered 400',
    cwe: [20, 755],
    asvs: ['1.5.3', '2.2.1'],
    probes: { malformedJson: { method: 'POST', path: '{page}', headers: JSON_BODY, body: '{"a":' } },
    judge: (facts) =>
      refusesBody(
        facts,
        'malformedJson',
        'a malformed JSON body',
        'either the parser fails in the wrong place, or each route parses in its own way',
      ),
  },
  {
    id: 'input/prototype-keys-accepted',
    severity: 'high',
    confidence: 'medium',
    title: 'A body with a key named __proto__ is accepted',
    cwe: [1321],
    asvs: ['15.3.6'],
    probes: {
      prototypeKeyInJson: { method: 'POST', path: '{page}', headers: JSON_BODY, body: '{"__proto__":{}}' },
      prototypeKeyInForm: { method: 'POST', path: '{page}', headers: FORM_BODY, body: '__proto__[bulwark]=1' },
    },
    judge: (facts) => {
      const consequence = 'merged into another object, it gives that object properties which nobody set';
      const json = refusesBody(facts, 'prototypeKeyInJson', 'JSON with a key named __proto__', consequence);
      const form = refusesBody(facts, 'prototypeKeyInForm', 'a form with a field __proto__[…]', consequence);
      return [json, form].find(({ result }) => result === 'fail') ?? (json.result === 'pass' ? form : json);
    },
  },
  {
    id: 'input/duplicate-keys-accepted',
    severity: 'medium',
    confidence: 'medium',
    title: 'JSON with the same key twice is accepted',
    cwe: [436, 20],
    asvs: ['1.5.3'],
    probes: {
      duplicateKeys: { method: 'POST', path: '{page}', headers: JSON_BODY, body: '{"bulwark":1,"bulwark":2}' },
    },
    judge: (facts) =>
      refusesBody(
        facts,
        'duplicateKeys',
        'JSON with the same key twice',
        'what a proxy or a validator has checked may be the first value, and what the handler gets is the last',
      ),
  },
  {
    id: 'input/query-prototype-accepted',
    severity: 'low',
    confidence: 'medium',
    title: 'A query with a parameter named __proto__ is accepted',
    cwe: [1321],
    asvs: ['15.3.6'],
    probes: { prototypeInQuery: { method: 'GET', path: '{page}?__proto__[bulwark]=1', headers: SAME_ORIGIN } },
    judge: (facts) =>
      refusesAddress(
        facts,
        ['prototypeInQuery'],
        'a name that reaches a prototype is data for one query parser and a path for another',
      ),
  },
  {
    id: 'input/ambiguous-url-accepted',
    severity: 'medium',
    confidence: 'medium',
    title: 'An address that can be read in two ways is accepted',
    cwe: [20, 22, 172],
    asvs: ['1.1.1'],
    probes: {
      encodedSlash: { method: 'GET', path: '{page}%2fbulwark-probe', headers: SAME_ORIGIN },
      encodedDots: { method: 'GET', path: '{page}bulwark-probe/%2e%2e/bulwark-probe', headers: SAME_ORIGIN },
      encodedTwice: { method: 'GET', path: '{page}bulwark-probe%252f', headers: SAME_ORIGIN },
    },
    judge: (facts) =>
      refusesAddress(
        facts,
        ['encodedSlash', 'encodedDots', 'encodedTwice'],
        'a guard on a prefix sees another path than what stands behind it, and is passed',
      ),
  },
];
