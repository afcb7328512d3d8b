import { request } from 'node:http';
import { type Child, start } from './children.ts';
import { load, requestFile } from './load/wrk.ts';
import { type Plan, SERVER_CORE } from './plan.ts';
import { CONNECTIONS, headersOf, requestsOf } from './requests.ts';
import { spreadOf } from './spread.ts';

/** A server, what it is sent, and what it must answer. */
export interface Contender {
  readonly id: string;
  /** Module of servers/, without `.ts`. */
  readonly server: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default `GET /api/items/42`. */
  readonly line?: string;
  /** Headers that differ from those of a browser. */
  readonly changed?: Readonly<Record<string, string>>;
  /** Each client logs in first, and sends its cookies. */
  readonly session?: boolean;
  readonly status: number;
  /** Headers that the answer must have: a protection that is not there would cost nothing. */
  readonly headers?: readonly string[];
}

/** What one round of one contender gave. */
export interface Round {
  readonly perSecond: number;
  /** Processor time of the server per answer, in microseconds. */
  readonly cpu: number;
  /** Microseconds. */
  readonly p99: number;
}

interface Running {
  readonly contender: Contender;
  readonly child: Child;
  readonly port: number;
  readonly file: string;
  readonly rounds: Round[];
}

/** The rounds of each contender, by its id, in the order of time. */
export type Compared = ReadonlyMap<string, readonly Round[]>;

/** Lets all of them take turns, round by round (A B C A B C …): what else the machine does hits all. */
export async function compare(contenders: readonly Contender[], plan: Plan): Promise<Compared> {
  const running: Running[] = [];
  try {
    for (const contender of contenders) running.push(await begin(contender, plan));
    for (const one of running) await load(one.port, one.file, CONNECTIONS, plan.warmUp);
    for (let n = 0; n < plan.rounds; n++) for (const one of running) one.rounds.push(await round(one, plan));
  } finally {
    await Promise.all(running.map(({ child }) => child.end()));
  }
  return new Map(running.map(({ contender, rounds }) => [contender.id, rounds]));
}

/** The ratios of two contenders, each taken within a round. */
export function ratioOf(
  compared: Compared,
  id: string,
  base: string,
  value: (round: Round) => number = ({ perSecond }) => perSecond,
): ReturnType<typeof spreadOf> {
  const [ours = [], theirs = []] = [compared.get(id), compared.get(base)];
  return spreadOf(ours.map((round, i) => value(round) / value(theirs[i] as Round)));
}

async function begin(contender: Contender, plan: Plan): Promise<Running> {
  const { id, server, env = {}, line = 'GET /api/items/42', changed, session } = contender;
  const child = start(`./servers/${server}.ts`, SERVER_CORE, env);
  try {
    const { port } = await child.hear<{ readonly port: number }>();
    const cookies = session ? await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => logIn(port, n))) : [];
    const file = requestFile(plan.folder, id, requestsOf(line, changed, cookies));
    await probe(contender, port, cookies[0]);
    return { contender, child, port, file, rounds: [] };
  } catch (error) {
    await child.end();
    throw new Error(`${id} cannot be measured`, { cause: error });
  }
}

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function ask(port: number, line: string, headers: Readonly<Record<string, string>>): Promise<Said> {
  const [method, path] = line.split(' ');
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', method, path, headers, agent: false, timeout: 10_000 });
    asking.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer within 10 s')));
    asking.on('error', reject);
    // Of a body that is announced nothing is sent, as in what is measured.
    if (headers['Content-Length'] === undefined || headers['Content-Length'] === '0') asking.end();
    else asking.flushHeaders();
  });
}

async function logIn(port: number, client: number): Promise<string> {
  const { status, headers } = await ask(port, 'POST /api/login', headersOf(client, { 'Content-Length': '0' }));
  if (status !== 204) throw new Error(`the log-in was answered with ${status}`);
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
}

/** Makes sure that what is measured is what the table says: wrk tells only whether a status is 400 or more. */
async function probe(contender: Contender, port: number, cookie: string | undefined): Promise<void> {
  const { line = 'GET /api/items/42', changed, status, headers: wanted = [] } = contender;
  const sent = { ...headersOf(0, changed), ...(cookie === undefined ? {} : { Cookie: cookie }) };
  let said = await ask(port, line, sent);
  // The first request of a client is within any limit.
  if (status === 429) said = await ask(port, line, sent);
  const missing = wanted.filter((name) => said.headers[name] === undefined);
  if (said.status === status && missing.length === 0) return;
  throw new Error(`it answers ${said.status} instead of ${status}, without ${missing.join(', ') || 'nothing'}`);
}

async function round({ contender, child, port, file }: Running, plan: Plan): Promise<Round> {
  const before = await child.ask<{ readonly cpu: number }>('cpu');
  const { answers, microseconds, over399, broken, p99 } = await load(port, file, CONNECTIONS, plan.seconds);
  const after = await child.ask<{ readonly cpu: number }>('cpu');
  const wrong = contender.status >= 400 ? answers - over399 : over399;
  // The first answer of each client may be within its limit.
  if (answers === 0 || wrong > (contender.status === 429 ? CONNECTIONS : 0) || broken > 0) {
    throw new Error(
      `${contender.id}: of ${answers} answers ${wrong} were not ${contender.status}, ${broken} did not come`,
    );
  }
  return { perSecond: answers / (microseconds / 1e6), cpu: (after.cpu - before.cpu) / answers, p99 };
}
