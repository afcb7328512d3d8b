import bcryptjs from 'bcryptjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HOST, QUIET } from '../../../test/support/ask.ts';
import { EXPRESS, type Received, type Served, send, serve } from '../../../test/support/http.ts';
import { resultsOf } from '../../../test/support/record.ts';
import type { RunningFacts } from '../../check.ts';
import { ALONE } from '../../context.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import type { SecurityEvent } from '../../events.ts';
import type { Policy } from '../../policy.ts';
import { secure } from '../../secure.ts';
import { FLOOR, loadArgon2 } from './argon2.ts';
import { costOf } from './calibrate.ts';
import { checks } from './checks.ts';
import { createApp as createSecured } from './fixtures/secured/app.ts';
import { createApp as createVulnerable } from './fixtures/vulnerable/app.ts';
import { checkPassword, hashPassword, passwords, verifyPassword } from './index.ts';
import { sharedQueue } from './queue.ts';

const GOOD = 'xuvqe kzmoi bat hgw';
/** However busy the machine is that the tests run on. */
const FAST = { target: false, maxWait: '5m' } as const;

afterEach(() => vi.restoreAllMocks());

/** Keeps every place of the process's queue, until it is let go. */
function occupy(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const queue = sharedQueue();
  const bounds = { maxWait: Number.POSITIVE_INFINITY, maxWaiting: Number.POSITIVE_INFINITY };
  for (let i = 0; i < queue.width; i++) void queue.run(() => promise, bounds);
  return resolve;
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

const post = (url: string, path: string, body: unknown): Promise<Received> =>
  send(url, {
    method: 'POST',
    target: path,
    headers: { ...HOST, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify(body),
  });

describe('hash and verify', () => {
  const { hash, verify, ready } = passwords(FAST);

  it('writes what every other library reads: algorithm, version, parameters', async () => {
    const stored = await hash(GOOD);
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await loadArgon2().verify(stored, GOOD)).toBe(true);
    expect(await hash(GOOD)).not.toBe(stored);
    expect(await verify(GOOD, stored)).toEqual({ ok: true });
    expect(await verify(`${GOOD} `, stored)).toEqual({ ok: false });
  });

  it('é is é, whichever way it is typed', async () => {
    const [composed, decomposed] = ['caf\u00e9 am fluss bei nacht', 'cafe\u0301 am fluss bei nacht'];
    expect(await verify(decomposed, await hash(composed))).toEqual({ ok: true });
    expect(await verify(composed, await hash(decomposed))).toEqual({ ok: true });
  });

  it('spaces and NUL count, in front and behind', async () => {
    const stored = await hash(` ${GOOD}\0`);
    expect((await verify(` ${GOOD}\0`, stored)).ok).toBe(true);
    for (const other of [GOOD, ` ${GOOD}`, `${GOOD}\0`]) expect((await verify(other, stored)).ok).toBe(false);
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['half a character', 'correct \ud83d horse'],
    ['more than 4096 units', 'x'.repeat(4097)],
    ['a number', 12_345_678],
    ['an object', { $ne: null }],
    ['undefined', undefined],
  ])('%s is not hashed, and is nobody’s password', async (_name, value) => {
    const refused = await hash(value as string).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ code: 'ERR_PASSWORD_UNUSABLE', status: 400 });
    expect(await verify(value as string, await hash(GOOD))).toEqual({ ok: false });
    expect(await verify(value as string, undefined)).toEqual({ ok: false });
  });

  it('two lone surrogates would be one hash: neither gets one', async () => {
    expect(Buffer.from('\ud83d', 'utf8')).toEqual(Buffer.from('\ud83e', 'utf8'));
    await expect(hash('correct horse \ud83d')).rejects.toThrow(Refusal);
  });

  it('reads what it writes, with the most expensive parameters too', async () => {
    const costly = passwords({ parameters: { memory: 262_144, time: 1 } });
    expect(await costly.verify(GOOD, await costly.hash(GOOD))).toEqual({ ok: true });
  });

  it('in tests nothing is measured: the floor', async () => {
    expect(await ready()).toEqual(FLOOR);
    expect(await passwords({}, { ...ALONE, mode: 'test' }).ready()).toEqual(FLOOR);
  });

  it('elsewhere this machine is measured once, and the floor is the least', async () => {
    const hashes = vi.spyOn(loadArgon2(), 'hash');
    const [one, two] = [passwords({ target: 40 }), passwords({ target: 40 })];
    const parameters = await one.ready();
    expect(costOf(parameters)).toBeGreaterThanOrEqual(costOf(FLOOR));
    expect(parameters.memory).toBeGreaterThanOrEqual(FLOOR.memory);
    const measured = hashes.mock.calls.length;
    expect(measured).toBeGreaterThanOrEqual(2);
    expect(await two.ready()).toEqual(parameters);
    expect(hashes.mock.calls.length).toBe(measured);
    expect(await one.hash(GOOD)).toContain(`m=${parameters.memory},t=${parameters.time},p=1`);
  });
});

describe('rehash', () => {
  const strong = { memory: 32_768, time: 2 };

  it('is there when the stored one is weaker, and not when it is as strong or stronger', async () => {
    const [weak, mid] = [passwords(FAST), passwords({ parameters: strong })];
    const { ok, rehash } = await mid.verify(GOOD, await weak.hash(GOOD));
    expect([ok, rehash?.split('$')[3]]).toEqual([true, 'm=32768,t=2,p=1']);
    expect(await mid.verify(GOOD, rehash)).toEqual({ ok: true });
    expect(await weak.verify(GOOD, rehash)).toEqual({ ok: true });
  });

  it('two machines that chose differently do not take turns', async () => {
    const [one, two] = [passwords({ parameters: strong }), passwords({ parameters: { memory: 19_456, time: 4 } })];
    const first = await one.verify(GOOD, await two.hash(GOOD));
    expect(first).toEqual({ ok: true });
    const second = await two.verify(GOOD, await one.hash(GOOD));
    expect(second.rehash).toContain('m=19456,t=4');
    expect(await one.verify(GOOD, second.rehash)).toEqual({ ok: true });
  });

  it('is not made for a wrong password', async () => {
    const hashes = vi.spyOn(loadArgon2(), 'hash');
    expect(await passwords(FAST).verify('wrong', bcryptjs.hashSync(GOOD, 4))).toEqual({ ok: false });
    expect(hashes).not.toHaveBeenCalled();
  });
});

describe('who does not exist', () => {
  it('costs as many digests, with the same parameters, as a wrong password of who does', async () => {
    const quiet = { ...ALONE, emit: () => undefined };
    const { hash, verify } = passwords({ parameters: { memory: 20_000, time: 3 } }, quiet);
    const stored = await hash(GOOD);
    const digests = vi.spyOn(loadArgon2(), 'hashRaw');
    const costs = async (password: string, of: string | undefined | null): Promise<unknown[]> => {
      digests.mockClear();
      expect(await verify(password, of)).toEqual({ ok: false });
      return digests.mock.calls.map(([, options]) => [options?.memoryCost, options?.timeCost, options?.algorithm]);
    };
    for (const [password, times] of [
      ['wrong', 1],
      ['wrong cafe\u0301', 2],
      ['', 1],
      ['x'.repeat(5000), 1],
    ] as const) {
      const expected = Array.from({ length: times }, () => [20_000, 3, 2]);
      expect(await costs(password, stored)).toEqual(expected);
      expect(await costs(password, undefined)).toEqual(expected);
      expect(await costs(password, null)).toEqual(expected);
      expect(await costs(password, '')).toEqual(expected);
      expect(await costs(password, 'garbage')).toEqual(expected);
    }
  });

  it('waits in the same queue', async () => {
    const { verify } = passwords(FAST);
    await passwords(FAST).ready();
    const letGo = occupy();
    const digests = vi.spyOn(loadArgon2(), 'hashRaw');
    const answer = verify('wrong', undefined);
    await until(() => sharedQueue().waiting === 1);
    expect(digests).not.toHaveBeenCalled();
    letGo();
    expect(await answer).toEqual({ ok: false });
    expect(digests).toHaveBeenCalledTimes(1);
  });
});

describe('a client that is gone', () => {
  it('costs no hash if it was still waiting', async () => {
    const { hash, verify } = passwords(FAST);
    const letGo = occupy();
    const [digests, hashes] = [vi.spyOn(loadArgon2(), 'hashRaw'), vi.spyOn(loadArgon2(), 'hash')];
    const controller = new AbortController();
    const both = Promise.allSettled([
      verify('wrong', undefined, { signal: controller.signal }),
      hash(GOOD, { signal: controller.signal }),
    ]);
    await until(() => sharedQueue().waiting === 2);
    controller.abort(new Error('gone'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    letGo();
    await until(() => sharedQueue().running === 0);
    expect([digests, hashes].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });
});

describe('the functions', () => {
  it('share one instance with the defaults', async () => {
    const stored = await hashPassword(GOOD);
    expect(await verifyPassword(GOOD, stored)).toEqual({ ok: true });
    expect(await verifyPassword(GOOD, undefined)).toEqual({ ok: false });
    expect((await checkPassword('manchesterunited')).map(({ code }) => code)).toEqual(['common']);
    expect(await checkPassword(GOOD)).toEqual([]);
  });
});

describe.each(EXPRESS)('the fixtures on Express %s', (_version, express) => {
  async function answers(app: unknown, ...requests: [path: string, password: string][]): Promise<number[]> {
    const served = await serve(app);
    try {
      const all: number[] = [];
      for (const [path, password] of requests)
        all.push((await post(served.url, path, { name: 'ann', password })).status);
      return all;
    } finally {
      await served.close();
    }
  }

  it('control: the usual wiring takes what everybody tries, and refuses a phrase', async () => {
    const app = createVulnerable(express);
    expect(await answers(app, ['/register', 'Passw0rd!'], ['/register', GOOD])).toEqual([201, 400]);
  });

  it('the secured one takes the phrase, and refuses what everybody tries', async () => {
    const app = createSecured(express);
    expect(await answers(app, ['/register', 'Passw0rd!'], ['/register', GOOD])).toEqual([400, 201]);
  });

  it('the users of the old one log in at the new one, and are hashed anew', async () => {
    const users = new Map<string, string>();
    await answers(createVulnerable(express, users), ['/register', 'Passw0rd!']);
    expect(users.get('ann')).toMatch(/^\$2b\$/);
    const app = createSecured(express, users);
    expect(await answers(app, ['/login', 'wrong'], ['/login', 'Passw0rd!'])).toEqual([401, 200]);
    expect(users.get('ann')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await answers(app, ['/login', 'Passw0rd!'], ['/login', 'wrong'])).toEqual([200, 401]);
  });
});

describe.each(EXPRESS)('in the gate on Express %s', (_version, express) => {
  let served: Served | undefined;
  afterEach(async () => {
    await served?.close();
    served = undefined;
  });

  function gated(
    given: Policy['passwords'],
    users = new Map<string, string>(),
  ): ReturnType<typeof secure> & { app: unknown } {
    const app = express();
    const gate = secure(app, { ...QUIET, rateLimit: false, ...(given === undefined ? {} : { passwords: given }) });
    app.get('/ping', (_req, res) => void res.send('pong'));
    app.post('/login', (req, res, next) => {
      const { name, password } = req.body as { name: string; password: string };
      gate.passwords.verify(password, users.get(name)).then(
        ({ ok }) => void res.status(ok ? 200 : 401).end(),
        (error: unknown) => next(error),
      );
    });
    return Object.assign(gate, { app });
  }

  it('answers 503 with Retry-After when the queue is full, and everything else as before', async () => {
    const gate = gated({ ...FAST, maxWaiting: 3 });
    const events: SecurityEvent[] = [];
    gate.on('excess_password_hashing', (event) => events.push(event));
    served = await serve(gate.app);
    const { url } = served;
    const letGo = occupy();
    const logins = Array.from({ length: 10 }, () => post(url, '/login', { name: 'ann', password: 'wrong' }));
    let answered = 0;
    for (const login of logins) void login.finally(() => (answered += 1));
    await until(() => answered === 7);
    for (let i = 0; i < 5; i++) expect((await send(url, { target: '/ping', headers: HOST })).body).toBe('pong');
    expect(sharedQueue().waiting).toBe(3);
    letGo();
    const all = await Promise.all(logins);
    expect(all.filter(({ status }) => status === 401)).toHaveLength(3);
    const full = all.filter(({ status }) => status === 503);
    expect(full).toHaveLength(7);
    for (const { headers } of full) expect(headers['retry-after']).toMatch(/^[1-9]\d?$/);
    expect(full[0]?.json().code).toBe('ERR_PASSWORD_QUEUE_FULL');
    await gate.close();
    expect(events.map(({ practice, level }) => [practice, level])).toContainEqual(['passwords', 'WARN']);
    expect(events.map(({ details }) => details?.count as number).reduce((a, b) => a + b)).toBe(7);
  });

  it('other requests are answered while fifty log-ins are worked on', async () => {
    const gate = gated(FAST);
    served = await serve(gate.app);
    const { url } = served;
    let open = 50;
    const logins = Array.from({ length: 50 }, () =>
      post(url, '/login', { name: 'ann', password: 'wrong' }).finally(() => {
        open -= 1;
      }),
    );
    const openAt: number[] = [];
    while (open > 0) {
      expect((await send(url, { target: '/ping', headers: HOST })).status).toBe(200);
      openAt.push(open);
    }
    expect((await Promise.all(logins)).every(({ status }) => status === 401)).toBe(true);
    // It was not that they were served when all was over.
    expect(openAt.filter((left) => left > 10).length).toBeGreaterThan(5);
  });

  it('knows the names of its hosts', async () => {
    const gate = gated(FAST);
    expect((await gate.passwords.check('shop.example.shop')).map(({ code }) => code)).toEqual(['context']);
    expect(await passwords(FAST).check('shop.example.shop')).toEqual([]);
    expect(() => gated({ ...FAST, words: 'Acme' as unknown as string[] })).toThrow(ConfigError);
  });

  it('is there only where the policy has it', async () => {
    const without = gated(undefined);
    expect(() => without.passwords).toThrow(ConfigError);
    expect(without.coverage()[0]?.practices.passwords.state).toBe('exempt');
    expect((await without.selfTest()).results['passwords/disabled']).toBe('not-applicable');
    const off = gated(false);
    expect(() => off.passwords).toThrow(/the policy has no passwords/);
    expect(off.coverage()[0]?.practices.passwords).toEqual({ state: 'missing', reason: 'turned off in the policy' });
    const results = (await gated(FAST).selfTest()).results;
    expect(Object.entries(results).filter(([id]) => id.startsWith('passwords/'))).toEqual(
      [...checks.map(({ id }) => id), 'passwords/escape-hatch'].map((id) => [id, 'pass']),
    );
  });

  it('the self-test finds what was loosened, and a hash that nobody can read', async () => {
    const users = new Map([['ann', '$5$rounds=5000$salt$hash']]);
    const gate = gated({ ...FAST, minLength: 8, insecureAllowCommon: true, insecureTruncatedBcrypt: true }, users);
    served = await serve(gate.app);
    const { url } = served;
    expect((await post(url, '/login', { name: 'ann', password: 'x' })).status).toBe(401);
    const { findings } = await gate.selfTest();
    const own = findings.filter(({ id }) => id.startsWith('passwords/'));
    expect(own.map(({ id }) => id).toSorted()).toEqual([
      'passwords/common-allowed',
      'passwords/escape-hatch',
      'passwords/short',
      'passwords/unreadable-hash',
    ]);
    const hatch = own.find(({ id }) => id === 'passwords/escape-hatch');
    expect(hatch?.message).toMatch(/insecureAllowCommon.*insecureTruncatedBcrypt/);
  });
});

describe('the checks', () => {
  const facts = (inside: Partial<NonNullable<RunningFacts['inside']>> | undefined): RunningFacts => ({
    origin: 'https://shop.example',
    exchanges: {},
    ...(inside === undefined ? {} : { inside: { off: [], monitored: [], hatches: [], ...inside } }),
  });
  const good = { minLength: 15, refusesCommon: true, unreadable: 0 };
  const none = 'not-applicable';

  it.each([
    ['the defaults', facts({ passwords: good }), ['pass', 'pass', 'pass', 'pass']],
    ['common ones taken', facts({ passwords: { ...good, refusesCommon: false } }), ['pass', 'fail', 'pass', 'pass']],
    ['14 characters', facts({ passwords: { ...good, minLength: 14 } }), ['pass', 'pass', 'fail', 'pass']],
    ['20 characters', facts({ passwords: { ...good, minLength: 20 } }), ['pass', 'pass', 'pass', 'pass']],
    ['an unreadable hash', facts({ passwords: { ...good, unreadable: 1 } }), ['pass', 'pass', 'pass', 'fail']],
    ['the practice turned off', facts({ off: ['passwords'] }), ['fail', none, none, none]],
    ['an app without passwords', facts({ unused: ['passwords'] }), [none, none, none, none]],
    ['a look from outside', facts(undefined), ['unknown', 'unknown', 'unknown', 'unknown']],
  ])('%s', (_name, given, expected) => {
    expect(Object.values(resultsOf(checks, given))).toEqual(expected);
  });
});
