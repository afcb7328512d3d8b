import { type Check, type Exchange, expectThat, header, type RunningFacts, type Verdict } from '../../check.ts';
import { type Facts, parsePolicy } from './parse-policy.ts';

/** The answers that every check reads: a page, an address that does not exist, a body that cannot be parsed. */
const PROBES: Check['probes'] = {
  'headers-page': { method: 'GET', path: '{page}', headers: { Host: '{host}', Accept: 'text/html' } },
  'headers-not-found': {
    method: 'GET',
    path: '/bulwark-probe-not-found',
    headers: { Host: '{host}', Accept: 'text/html' },
  },
  'headers-malformed': {
    method: 'POST',
    path: '{page}',
    headers: {
      Host: '{host}',
      'Content-Type': 'application/json',
      'Content-Length': '11',
      Origin: '{origin}',
      'Sec-Fetch-Site': 'same-origin',
    },
    body: '{"bulwark":',
  },
};

const SPOKEN: Readonly<Record<string, string>> = {
  'headers-page': 'the page',
  'headers-not-found': 'a 404',
  'headers-malformed': 'the answer to a malformed body',
};

/** What is said of a check besides its judgement. */
export type Row = Omit<Check, 'probes' | 'judge' | 'confidence'> & { readonly confidence?: Check['confidence'] };

/** A check of one kind of answer after the other: it fails at the first that fails, and cannot tell if one is absent. */
export function onEach(row: Row, judge: (exchange: Exchange, facts: RunningFacts) => Verdict): Check {
  const judgeAll = (facts: RunningFacts): Verdict => {
    const verdicts = Object.keys(PROBES).map((name): Verdict => {
      const exchange = facts.exchanges[name];
      if (exchange === undefined) return { result: 'unknown', message: `the app gave no answer to ${name}` };
      const verdict = judge(exchange, facts);
      return verdict.result === 'fail' ? { ...verdict, message: `${SPOKEN[name]}: ${verdict.message}` } : verdict;
    });
    return (
      verdicts.find(({ result }) => result === 'fail') ??
      verdicts.find(({ result }) => result === 'unknown') ??
      verdicts.find(({ result }) => result === 'pass') ?? { result: 'not-applicable' }
    );
  };
  return { confidence: 'high', ...row, probes: PROBES, judge: judgeAll };
}

/** A header that must have one of some values. */
export function mustBe(row: Row, name: string, holds: (value: string) => boolean, why: string): Check {
  return onEach(row, (exchange) => {
    const value = header(exchange, name.toLowerCase());
    const seen = value === undefined ? 'is missing' : `is ${JSON.stringify(value.slice(0, 100))}`;
    return expectThat(value !== undefined && holds(value), `${name} ${seen}. ${why}`);
  });
}

/** A header that must not be there. */
export function mustNotBe(row: Row, name: string, why: string): Check {
  return onEach(row, (exchange) =>
    expectThat(header(exchange, name.toLowerCase()) === undefined, `${name} is sent. ${why}`),
  );
}

/** A judgement of the policy; not applicable where there is none. */
export function onPolicy(row: Row, judge: (policy: Facts) => Verdict): Check {
  return onEach(row, (exchange) => {
    const policy = header(exchange, 'content-security-policy');
    if (policy === undefined) return { result: 'not-applicable' };
    return judge(parsePolicy(policy));
  });
}

/** One of some values, in any case. */
export const is =
  (...values: string[]) =>
  (value: string): boolean =>
    values.includes(value.trim().toLowerCase());
