import { beforeAll, describe, expect, it } from 'vitest';
import { PRACTICE_IDS, type PracticeId } from '../src/pipeline.ts';
import { PRACTICE_KEYS } from '../src/policy.ts';
import { say } from '../src/practices/limits/fixtures/raw-socket.ts';
import { EXPRESS, type Express, type Served, serve } from './support/http.ts';
import { createVerdictApp, type Setting } from './support/verdict-app.ts';
import { CORPUS, type Row } from './support/verdict-corpus.ts';

/** What came back, as far as two answers can be compared. */
interface Answer {
  /** Status, and the code of the problem if there is one. */
  readonly verdict: string;
  /** Headers by name, without what differs from answer to answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The codes of the security events that were heard. */
  readonly events: readonly (string | undefined)[];
}

const SETTINGS: readonly Setting[] = ['direct', 'limited', 'proxied', 'plain', 'denied', 'users'];
// Not Bulwark's: what node and Express say of the body and the connection.
const APART = /^(?:date|etag|keep-alive|connection|content-length|transfer-encoding)$/;
// Each answer has its own request id and nonce.
const ITS_OWN = /(?<='nonce-)[\w-]{22}|^[\da-f]{8}-[\da-f-]{27}$/g;

/** What every answer carries, whoever gave it. */
const ALWAYS = [
  'content-security-policy',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'permissions-policy',
  'referrer-policy',
  'vary',
  'x-content-type-options',
  'x-permitted-cross-domain-policies',
  'x-request-id',
];

/** What is seen of these from outside is which headers are there; of the others, what they refuse. */
const REFUSES_NOTHING: ReadonlySet<PracticeId> = new Set<PracticeId>(['headers', 'logging']);

/** Sends the corpus, in its order, to apps of one version of Express. */
async function judge(express: Express, rows: readonly Row[], change = {}): Promise<Map<string, Answer>> {
  const open = new Map<Setting, Served>();
  let events: (string | undefined)[] = [];
  for (const setting of SETTINGS) {
    const { app, gate } = createVerdictApp(express, setting, change);
    gate.on('*', ({ code }) => void events.push(code));
    open.set(setting, await serve(app));
  }
  try {
    const answers = new Map<string, Answer>();
    for (const { name, app, wire } of rows) {
      events = [];
      const heard = await say(open.get(app)?.port ?? 0, wire);
      answers.set(name, { ...read(heard), events });
    }
    return answers;
  } finally {
    for (const served of open.values()) await served.close();
  }
}

function read(heard: string): Omit<Answer, 'events'> {
  const end = heard.indexOf('\r\n\r\n');
  const [first = '', ...lines] = heard.slice(0, end).split('\r\n');
  const body = heard.slice(end + 4);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (!APART.test(name))
      headers[name] = line
        .slice(colon + 1)
        .trim()
        .replaceAll(ITS_OWN, '…');
  }
  const code = /\bERR_[A-Z_]+/.exec(body)?.[0];
  return { verdict: [first.split(' ')[1], code].filter(Boolean).join(' '), headers, body };
}

const [[, express4], [, express5]] = EXPRESS;
let on4 = new Map<string, Answer>();
let on5 = new Map<string, Answer>();

beforeAll(async () => {
  on4 = await judge(express4, CORPUS);
  on5 = await judge(express5, CORPUS);
});

describe('the corpus', () => {
  it('is large, and each request has a name of its own', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });
});

describe.each(CORPUS.map((row) => [row.name, row] as const))('%s', (name, { verdict, says }) => {
  it(`is ${verdict} on Express 4 and 5`, () => {
    expect([on4.get(name)?.verdict, on5.get(name)?.verdict]).toEqual([verdict, verdict]);
    if (says !== undefined) for (const answers of [on4, on5]) expect(answers.get(name)?.body).toContain(says);
  });

  it('is answered with the same headers on both, and with all that every answer carries', () => {
    expect(on4.get(name)?.headers).toEqual(on5.get(name)?.headers);
    expect(ALWAYS.filter((header) => on5.get(name)?.headers[header] === undefined)).toEqual([]);
  });

  it('is heard of, where it was refused', () => {
    const code = verdict.split(' ')[1];
    // An address that does not exist is no attack, and an error of the app's own is in the log.
    if (code === undefined || code === 'ERR_NOT_FOUND' || code === 'ERR_INTERNAL') return;
    for (const answers of [on4, on5]) expect(answers.get(name)?.events).toContain(code);
  });

  it('leaks nothing', () => {
    for (const answers of [on4, on5]) expect(answers.get(name)?.body).not.toMatch(/SELECT|node_modules|x-powered-by/i);
  });
});

/**
 * One looks at the process before there are requests, one is called by handlers: no request can tell. Their own tests start
 * apps with and without them.
 */
const NOT_OF_REQUESTS: ReadonlySet<PracticeId> = new Set<PracticeId>(['passwords', 'secrets']);

describe.each(EXPRESS)('on Express %s the corpus notices', (_version, express) => {
  it.each(PRACTICE_IDS.filter((id) => !NOT_OF_REQUESTS.has(id)))('%s being turned off', async (id) => {
    const answers = await judge(express, CORPUS, { [PRACTICE_KEYS[id]]: false });
    const whole = express === express4 ? on4 : on5;
    const seen = (answer: Answer | undefined): unknown =>
      REFUSES_NOTHING.has(id) ? Object.keys(answer?.headers ?? {}).join() : answer?.verdict;
    const changed = CORPUS.filter(({ name }) => seen(whole.get(name)) !== seen(answers.get(name)));
    expect(changed.length).toBeGreaterThan(0);
  });
});
