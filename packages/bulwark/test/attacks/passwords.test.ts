import { randomBytes, webcrypto } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Policy, type Refusal, secure } from '../../src/index.ts';
import { loadArgon2 } from '../../src/practices/passwords/argon2.ts';
import { createApp as handWired } from '../../src/practices/passwords/fixtures/vulnerable/app.ts';
import { passwords } from '../../src/practices/passwords/index.ts';
import { sharedQueue } from '../../src/practices/passwords/queue.ts';
import { HOST, QUIET } from '../support/ask.ts';
import { EXPRESS, type Received, send, serve } from '../support/http.ts';

const PHRASE = 'xuvqe kzmoi bat hgw';
/** However busy the machine is that the tests run on. */
const FAST = { target: false, maxWait: '5m' } as const;

/** The native library: the very object that the practice calls, so that its calls can be counted. */
const argon2 = loadArgon2();

afterEach(() => vi.restoreAllMocks());

describe.each(EXPRESS)('passwords on Express %s', (_version, express) => {
  interface Site {
    readonly app: unknown;
    readonly users: Map<string, string>;
  }

  /** The same routes as the hand-wired app has, behind a gate. */
  function secured(options: Policy['passwords'] = FAST): Site & { readonly gate: ReturnType<typeof secure> } {
    const app = express();
    const users = new Map<string, string>();
    const gate = secure(app, { ...QUIET, passwords: options });
    app.post('/register', (req, res, next) => {
      const { name, password } = req.body as { name: string; password: string };
      const register = async (): Promise<void> => {
        const reasons = await gate.passwords.check(password, { words: [name] });
        if (reasons.length > 0) return void res.status(400).json(reasons);
        users.set(name, await gate.passwords.hash(password));
        res.status(201).end();
      };
      register().catch(next);
    });
    app.post('/login', (req, res, next) => {
      const { name, password } = req.body as { name: string; password: string };
      const logIn = async (): Promise<void> => {
        const { ok, rehash } = await gate.passwords.verify(password, users.get(name));
        if (rehash !== undefined) users.set(name, rehash);
        res.status(ok ? 200 : 401).end();
      };
      logIn().catch(next);
    });
    return { app, users, gate };
  }

  function unprotected(): Site {
    const users = new Map<string, string>();
    return { app: handWired(express, users), users };
  }

  async function post({ app }: Site, path: string, name: string, password: string): Promise<Received> {
    const served = await serve(app);
    try {
      return await send(served.url, {
        method: 'POST',
        target: path,
        headers: { ...HOST, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: JSON.stringify({ name, password }),
      });
    } finally {
      await served.close();
    }
  }

  const logIn = async (site: Site, name: string, password: string): Promise<number> =>
    (await post(site, '/login', name, password)).status;

  it('1.9.1a: a password of more than 72 bytes is right with any tail', async () => {
    const first = 'the same seventy-two bytes that bcrypt reads, and then it stops to read.';
    const stored = bcrypt.hashSync(`${first} The owner's own end`, 4);
    const [weak, strong] = [unprotected(), secured()];
    for (const { users } of [weak, strong]) users.set('ann', stored);
    expect(first).toHaveLength(72);
    expect(await logIn(weak, 'ann', `${first} what a stranger guessed`)).toBe(200);
    expect(await logIn(strong, 'ann', `${first} what a stranger guessed`)).toBe(401);
    // What is hashed here is hashed whole.
    expect((await post(strong, '/register', 'bob', `${first} Bob's own end`)).status).toBe(201);
    expect(await logIn(strong, 'bob', `${first} what a stranger guessed`)).toBe(401);
    expect(await logIn(strong, 'bob', `${first} Bob's own end`)).toBe(200);
  });

  it('1.9.1b: a password is right with a NUL and itself behind it', async () => {
    const stored = bcrypt.hashSync(PHRASE, 4);
    const [weak, strong] = [unprotected(), secured()];
    for (const { users } of [weak, strong]) users.set('ann', stored);
    expect(await logIn(weak, 'ann', `${PHRASE}\0${PHRASE}`)).toBe(200);
    expect(await logIn(strong, 'ann', `${PHRASE}\0${PHRASE}`)).toBe(401);
    expect(await logIn(strong, 'ann', PHRASE)).toBe(200);
  });

  it('1.9.2: who does not exist is told by the work that is not done', async () => {
    const [weak, strong] = [unprotected(), secured()];
    weak.users.set('ann', bcrypt.hashSync(PHRASE, 4));
    strong.users.set('ann', await passwords(FAST).hash(PHRASE));

    const compares = vi.spyOn(bcrypt, 'compare');
    expect(await logIn(weak, 'ann', 'wrong')).toBe(401);
    expect(compares).toHaveBeenCalledTimes(1);
    expect(await logIn(weak, 'nobody', 'wrong')).toBe(401);
    expect(compares).toHaveBeenCalledTimes(1);

    const digests = vi.spyOn(argon2, 'hashRaw');
    const work = async (name: string): Promise<unknown[]> => {
      digests.mockClear();
      expect(await logIn(strong, name, 'wrong')).toBe(401);
      return digests.mock.calls.map(([password, options]) => [password, { ...options, salt: options?.salt?.length }]);
    };
    const known = await work('ann');
    expect(known).toHaveLength(1);
    expect(await work('nobody')).toEqual(known);
  });

  it('1.9.3a: fifty log-ins take every thread, and what else needs one waits behind them', async () => {
    const OPTIONS = { memoryCost: 19_456, timeCost: 2 };
    /** How many of fifty hashes were done when WebCrypto, which shares their threads, had done one small thing. */
    const doneBefore = async (hash: () => Promise<unknown>): Promise<number> => {
      let done = 0;
      const all = Array.from({ length: 50 }, () => hash().then(() => (done += 1)));
      // All of them were handed over.
      await new Promise((resolve) => setImmediate(resolve));
      await webcrypto.subtle.digest('SHA-256', randomBytes(64));
      const before = done;
      await Promise.all(all);
      return before;
    };
    expect(await doneBefore(() => argon2.hash(PHRASE, OPTIONS))).toBeGreaterThan(40);
    const { gate } = secured();
    expect(await doneBefore(() => gate.passwords.hash(PHRASE))).toBeLessThan(25);
  });

  it('1.9.3b: log-ins without end: each is worked on, however many wait', async () => {
    let [running, most] = [0, 0];
    const counted = async (work: () => Promise<unknown>): Promise<unknown> => {
      running += 1;
      most = Math.max(most, running);
      return work().finally(() => (running -= 1));
    };
    await Promise.all(Array.from({ length: 60 }, () => counted(() => argon2.hash(PHRASE, { memoryCost: 8 * 1024 }))));
    expect(most).toBe(60);

    const raw = argon2.hash.bind(argon2);
    most = 0;
    vi.spyOn(argon2, 'hash').mockImplementation((...args) => counted(() => raw(...args)) as Promise<string>);
    const { gate } = secured({ ...FAST, maxWaiting: 20 });
    const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => gate.passwords.hash(PHRASE)));
    const { width } = sharedQueue();
    expect(most).toBe(width);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(width + 20);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const reason of refused) {
      expect(reason).toMatchObject({ code: 'ERR_PASSWORD_QUEUE_FULL', status: 503 });
      expect((reason as Refusal).headers['Retry-After']).toMatch(/^[1-9]\d?$/);
    }
  });

  it('1.9.3c: what every attacker tries first keeps the rules of composition', async () => {
    const TRIED = ['Passw0rd!', 'P@ssw0rd1', 'Passw0rd!Passw0rd!', 'Manchester.United1', 'Ann.Example.2026!'];
    const weak = unprotected();
    for (const password of TRIED) expect((await post(weak, '/register', 'ann.example', password)).status).toBe(201);
    const strong = secured();
    for (const password of TRIED) {
      const answer = await post(strong, '/register', 'ann.example', password);
      expect([password, answer.status]).toEqual([password, 400]);
      expect(answer.body).toMatch(/common|repeated|context/);
    }
    // And what nobody tries does not keep them.
    expect((await post(weak, '/register', 'ann', PHRASE)).status).toBe(400);
    expect((await post(strong, '/register', 'ann', PHRASE)).status).toBe(201);
  });

  it('1.9.3d: a row of the database says how much work a log-in is', async () => {
    const salt = Buffer.alloc(16, 7);
    const row = argon2.hashSync(PHRASE, { memoryCost: 1024, timeCost: 1025, salt });
    // The library does as it is told: half a gigabyte of passes here, and four gigabytes at once if the row says so.
    expect(await argon2.verify(row, PHRASE)).toBe(true);

    const strong = secured();
    const heard: unknown[] = [];
    strong.gate.on('sys_password_hash_unreadable', ({ practice, level }) => heard.push([practice, level]));
    strong.users.set('ann', row.replace('m=1024,t=1025', 'm=4194304,t=4294967295'));
    const digests = vi.spyOn(argon2, 'hashRaw');
    expect(await logIn(strong, 'ann', PHRASE)).toBe(401);
    expect(digests.mock.calls.map(([, options]) => [options?.memoryCost, options?.timeCost])).toEqual([[19_456, 2]]);
    expect(heard).toEqual([['passwords', 'WARN']]);
  });

  it('1.9.3e: an old hash stays as weak as it was', async () => {
    const weak = unprotected();
    weak.users.set('ann', bcrypt.hashSync(PHRASE, 4));
    expect(await logIn(weak, 'ann', PHRASE)).toBe(200);
    expect(weak.users.get('ann')).toMatch(/^\$2b\$04\$/);
    const strong = secured();
    strong.users.set('ann', bcrypt.hashSync(PHRASE, 4));
    expect(await logIn(strong, 'ann', PHRASE)).toBe(200);
    expect(strong.users.get('ann')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await logIn(strong, 'ann', PHRASE)).toBe(200);
  });
});
