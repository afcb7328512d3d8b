import { type Check, type Exchange, header, type Probe, type RunningFacts, type Verdict } from '../../check.ts';

const PROBES = {
  'rate-limit-page': { method: 'GET', path: '{page}', headers: { Accept: 'text/html' } },
  'rate-limit-missing': { method: 'GET', path: '/bulwark-probe-no-such-page', headers: { Accept: 'text/html' } },
  'rate-limit-malformed': {
    method: 'POST',
    path: '{page}',
    headers: { Origin: '{origin}', 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' },
    body: '{"a":',
  },
} as const satisfies Record<string, Probe>;

type Name = keyof typeof PROBES;

const WHAT: Readonly<Record<Name, string>> = {
  'rate-limit-page': 'a page',
  'rate-limit-missing': 'an address that does not exist',
  'rate-limit-malformed': 'a body that cannot be parsed',
};
const NAMES = Object.keys(PROBES) as Name[];

/** What a response says of a limit. */
interface Told {
  /** Units left; undefined where it is only said that there is a limit. */
  readonly left: number | undefined;
  readonly limit: number | undefined;
  /** Seconds until one unit comes back; undefined where that is not said. */
  readonly perUnit: number | undefined;
}

/** Reads the current draft's fields, its older forms, and the `X-` fields that came before it. */
function toldBy(exchange: Exchange): Told | undefined {
  const current = header(exchange, 'ratelimit');
  const policy = header(exchange, 'ratelimit-policy') ?? '';
  if (current?.startsWith('"')) {
    const name = current.slice(0, current.indexOf('"', 1) + 1);
    const item = policy.split(',').find((part) => part.trim().startsWith(name)) ?? '';
    return told(parameter(current, 'r'), parameter(item, 'q'), parameter(item, 'w'));
  }
  if (current !== undefined)
    return told(parameter(current, 'remaining'), parameter(current, 'limit'), parameter(policy, 'w'));
  for (const prefix of ['ratelimit', 'x-ratelimit', 'x-rate-limit']) {
    const left = header(exchange, `${prefix}-remaining`);
    const limit = header(exchange, `${prefix}-limit`);
    if (left !== undefined || limit !== undefined) return told(number(left), number(limit), parameter(policy, 'w'));
  }
  return exchange.status === 429 ? told(0, undefined, undefined) : undefined;
}

function told(left: number | undefined, limit: number | undefined, window: number | undefined): Told {
  return { left, limit, perUnit: window === undefined || !limit ? undefined : window / limit };
}

function parameter(field: string, name: string): number | undefined {
  return number(new RegExp(`(?:^|[;,\\s])${name}=(\\d+)`).exec(field)?.[1]);
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+/.test(text) ? Number.parseInt(text, 10) : undefined;
}

function unanswered(facts: RunningFacts): Verdict | undefined {
  const name = NAMES.find((probe) => facts.exchanges[probe] === undefined);
  return name === undefined ? undefined : { result: 'unknown', message: `the app gave no answer to ${WHAT[name]}` };
}

const absent: Check = {
  id: 'rate-limit/absent',
  severity: 'medium',
  confidence: 'medium',
  title: 'Nothing limits how often a client may call',
  cwe: [770, 799],
  asvs: ['2.4.1'],
  probes: PROBES,
  judge(facts) {
    const gap = unanswered(facts);
    if (gap !== undefined) return gap;
    const unlimited = NAMES.filter((name) => toldBy(facts.exchanges[name] as Exchange) === undefined);
    if (unlimited.length < NAMES.length) return { result: 'pass' };
    return {
      result: 'fail',
      message:
        'no response carries a RateLimit header: a client may guess passwords and fetch everything as fast as it can. ' +
        'Put rateLimit() in front of the parsers and routes',
    };
  },
};

const errorsNotCounted: Check = {
  id: 'rate-limit/errors-not-counted',
  severity: 'medium',
  confidence: 'medium',
  title: 'Requests that fail do not count against the limit',
  cwe: [770, 307],
  asvs: ['2.4.1', '6.3.1'],
  probes: PROBES,
  judge(facts) {
    const gap = unanswered(facts);
    if (gap !== undefined) return gap;
    const told = NAMES.map((name) => ({ name, told: toldBy(facts.exchanges[name] as Exchange) }));
    // Without any limiter `rate-limit/absent` says what there is to say.
    if (told.every((one) => one.told === undefined)) return { result: 'not-applicable' };
    const free = told.find((one) => one.told === undefined || isUntouched(one.told)) ?? repeated(told);
    if (free === undefined) return { result: 'pass' };
    return {
      result: 'fail',
      message:
        `${WHAT[free.name]} does not count against the limit: floods of such requests, and what the parser does with ` +
        'them, are free. Put the limiter in front of the parsers and routes, and let it count failures too',
    };
  },
};

function isUntouched({ left, limit }: Told): boolean {
  return left !== undefined && limit !== undefined && left >= limit;
}

/** Units that come back as slowly as this cannot have come back between two probes. */
const SLOW = 5;

/** The one after which just as much was left as after another, so that one of the two was free. */
function repeated(all: readonly { name: Name; told: Told | undefined }[]): { name: Name } | undefined {
  const slow = all.filter(({ told }) => (told?.perUnit ?? 0) >= SLOW && told?.left !== undefined && told.left > 0);
  return slow.find(({ told }, index) => slow.findIndex((other) => other.told?.left === told?.left) < index);
}

/** How `rate-limit` is verified from outside. */
export const checks: readonly Check[] = [absent, errorsNotCounted];
