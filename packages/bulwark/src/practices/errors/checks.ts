import {
  type Check,
  type Exchange,
  header,
  onExchange,
  type Probe,
  type RunningFacts,
  type Verdict,
} from '../../check.ts';

const THROWN: Probe = {
  method: 'GET',
  path: '/.well-known/bulwark/self-test/throw',
  headers: { Accept: 'application/json' },
};
const MISSING_PAGE: Probe = {
  method: 'GET',
  path: '/.well-known/bulwark/no-such-page',
  headers: { Accept: 'text/html' },
};
const MALFORMED_URL: Probe = { method: 'GET', path: '/%E0%A4%A', headers: { Accept: 'text/html' } };
/** Short enough for V8 to quote all of it in its message. */
const MALFORMED_JSON: Probe = {
  method: 'POST',
  path: '{page}',
  headers: { 'Content-Type': 'application/json', Origin: '{origin}' },
  body: '{"a":bulwark-canary}',
};

/** `    at handler (/srv/app/routes.js:12:34)`, as text or as Express's default page writes it. */
const FRAME =
  /(?:^|[\n>"]|\\n|&nbsp;|\s)at (?:[^\n()<>]{1,200} \()?(?:file:|node:|\/|[A-Za-z]:\\)[^\n()<>]{0,300}:\d+:\d+/;
const INSIDES = /node_modules[/\\]/;
const PARSER_WORDS = /is not valid JSON|in JSON at position|Unexpected (?:token|end of JSON)|bulwark-canary/;
const CANARY = /bulwark-canary|\bSELECT\b|node_modules|\/srv\/app\//;

function leaksStack({ body }: Exchange): boolean {
  return FRAME.test(body) || INSIDES.test(body);
}

function isError(exchange: Exchange | undefined): exchange is Exchange {
  return exchange !== undefined && exchange.status >= 400;
}

function errorsAmong(facts: RunningFacts, probes: Check['probes']): Exchange[] {
  return Object.keys(probes)
    .map((name) => facts.exchanges[name])
    .filter(isError);
}

const unknown = (message: string): Verdict => ({ result: 'unknown', message });

const stackProbes = {
  'errors/thrown': THROWN,
  'errors/malformed-json': MALFORMED_JSON,
  'errors/malformed-url': MALFORMED_URL,
  'errors/missing-page': MISSING_PAGE,
};

const stackLeaked: Check = {
  id: 'errors/stack-leaked',
  severity: 'high',
  confidence: 'high',
  title: 'An error answer shows a stack trace',
  cwe: [209, 497],
  asvs: ['16.5.1'],
  probes: stackProbes,
  judge(facts) {
    const seen = errorsAmong(facts, stackProbes);
    const leak = seen.find(leaksStack);
    if (leak !== undefined) {
      const { method, path } = leak.probe;
      return {
        result: 'fail',
        message: `the answer to ${method} ${path} shows frames of a stack or paths of the server, which tell an attacker what runs there; put errors() last, or use secure()`,
      };
    }
    return seen.length === 0 ? unknown('no probe was answered with an error') : { result: 'pass' };
  },
};

const canary: Check = {
  id: 'errors/canary',
  severity: 'high',
  confidence: 'high',
  title: 'The message of an unexpected error reaches the client',
  cwe: [209],
  asvs: ['16.5.1', '16.5.4'],
  probes: { 'errors/thrown': THROWN },
  judge: (facts) =>
    onExchange(facts, 'errors/thrown', (exchange) => {
      if (exchange.status < 500) return unknown('the app has no address that throws; only the self-test adds one');
      if (!CANARY.test(exchange.body) && !leaksStack(exchange)) return { result: 'pass' };
      return {
        result: 'fail',
        message:
          'an error that a handler threw is shown to the client: message, SQL or path; answer with a general sentence and an id, and log the rest',
      };
    }),
};

const messageLeaked: Check = {
  id: 'errors/message-leaked',
  severity: 'medium',
  confidence: 'high',
  title: 'An error answer quotes the message of a parser',
  cwe: [209],
  asvs: ['16.5.1'],
  probes: { 'errors/malformed-json': MALFORMED_JSON },
  judge: (facts) =>
    onExchange(facts, 'errors/malformed-json', (exchange) => {
      if (exchange.status < 400) return { result: 'not-applicable' };
      if (!PARSER_WORDS.test(exchange.body)) return { result: 'pass' };
      return {
        result: 'fail',
        message:
          'the answer to malformed JSON repeats the message of the parser, which quotes the request body; a handler that shows err.message shows that of the database too',
      };
    }),
};

const statusProbes = { 'errors/malformed-json': MALFORMED_JSON, 'errors/malformed-url': MALFORMED_URL };

const wrongStatus: Check = {
  id: 'errors/wrong-status',
  severity: 'low',
  confidence: 'high',
  title: 'A malformed request is answered as a failure of the server',
  cwe: [755],
  asvs: ['16.5.2'],
  probes: statusProbes,
  judge(facts) {
    const seen = errorsAmong(facts, statusProbes);
    // 503 is what a server that sheds load says, to well-formed requests too.
    const wrong = seen.find(({ status }) => status >= 500 && status !== 503);
    if (wrong !== undefined) {
      const { method, path } = wrong.probe;
      return {
        result: 'fail',
        message: `${method} ${path} with a malformed request is answered ${wrong.status} instead of 400: anyone can raise the alarms of your monitoring, and real failures drown in them`,
      };
    }
    return seen.some(({ status }) => status === 400)
      ? { result: 'pass' }
      : unknown('no malformed request got as far as a parser');
  },
};

const notFoundDefaultPage: Check = {
  id: 'errors/not-found-default-page',
  severity: 'low',
  confidence: 'high',
  title: "Unknown addresses get Express's own page",
  cwe: [497],
  asvs: ['13.4.6', '16.5.4'],
  probes: { 'errors/missing-page': MISSING_PAGE },
  judge: (facts) =>
    onExchange(facts, 'errors/missing-page', (exchange) => {
      if (exchange.status < 400) return { result: 'not-applicable' };
      const isDefault = /<pre>Cannot [A-Z]+ \//.test(exchange.body);
      if (!isDefault) return { result: 'pass' };
      const type = header(exchange, 'content-type') ?? 'no type';
      return {
        result: 'fail',
        message: `an unknown address ends in Express's default handler ("Cannot GET …", ${type}): it names the framework, and the errors of this app end there too; put notFound and errors() last`,
      };
    }),
};

/** The checks of the `errors` practice. */
export const checks: readonly Check[] = [stackLeaked, canary, messageLeaked, wrongStatus, notFoundDefaultPage];
