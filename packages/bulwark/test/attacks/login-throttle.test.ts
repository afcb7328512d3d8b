import { setTimeout as after, setImmediate as tick } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loginThrottle, type Policy, secure } from '../../src/index.ts';
import { ask, HOST, QUIET } from '../support/ask.ts';
import { EXPRESS, type Express, type Received, type Sent, send, serve } from '../support/http.ts';
import { type App, handWire, pairOf, statuses, times } from './support/hand-wired.ts';

const PASSWORD = 'correct horse battery staple';
/** Milliseconds that a hand-wired login works on a password in the burst: bcrypt takes as long at cost 12. */
const SLOW_HASH = 250;
const USERS: Readonly<Record<string, string>> = { alice: PASSWORD, bob: PASSWORD };

afterEach(() => {
  vi.restoreAllMocks();
});

/** A login as a form sends it, through the proxy, which appends the address that it sees. */
function login(account: string, password: string, address = '203.0.113.7', cookie?: string): Sent {
  return {
    method: 'POST',
    target: '/login',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': address,
      'x-forwarded-proto': 'https',
      ...(cookie === undefined ? {} : { cookie, origin: 'https://shop.example' }),
    },
    body: JSON.stringify({ account, password }),
  };
}

/** The n-th address of a botnet, each in a network of its own. */
const bot = (n: number): string => `198.51.${n}.9`;
const guesses = (count: number, of: (n: number) => readonly [account: string, address: string]): Sent[] =>
  times(count, (n) => login(of(n)[0], `guess ${n}`, of(n)[1]));

/** How many passwords were tried: 401 is the answer to a wrong one. */
const tried = (answers: readonly Received[]): number => answers.filter(({ status }) => status === 401).length;
const deviceOf = (answer: Received | undefined): string => answer?.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';

/** Failures by account, as tutorials keep them in the table of users: five, then the account is locked. */
function lockOut(): RequestHandler {
  const failures = new Map<string, number>();
  return (req, res, next) => {
    const { account } = req.body as { account: string };
    if (USERS[account] === undefined) return next();
    if ((failures.get(account) ?? 0) >= 5) return void res.status(423).send('this account is locked');
    res.on('finish', () => {
      if (res.statusCode === 401) failures.set(account, (failures.get(account) ?? 0) + 1);
    });
    next();
  };
}

/** Failures in a store on the network: read, compare, then count. */
function checkThenCount(): RequestHandler {
  const failures = new Map<string, number>();
  return async (req, res, next) => {
    const { account } = req.body as { account: string };
    await tick();
    if ((failures.get(account) ?? 0) >= 5) return void res.status(429).send('too many attempts');
    res.on('finish', () => failures.set(account, (failures.get(account) ?? 0) + 1));
    next();
  };
}

/** The login of the hand-wired app, behind whatever its team has put in front of it. */
function handWiredLogin(app: App, guards: readonly RequestHandler[] = [], hashTime = 0): void {
  app.post('/login', ...guards, async (req: Request, res: Response) => {
    const { account, password } = req.body as { account: string; password: string };
    await after(hashTime);
    res.status(USERS[account] === password ? 200 : 401).send('done');
  });
}

/** The same with the throttle, in a moment that does not pass: no delay is over because the machine is slow. */
function throttledLogin(app: App): void {
  const throttle = loginThrottle({ now: () => 1_800_000_000_000 });
  app.post('/login', async (req: Request, res: Response) => {
    const { account, password } = req.body as { account: string; password: string };
    const done = await throttle.guard(req, res, {
      account,
      find: () => USERS[account],
      verify: (known) => known === password,
    });
    res.status(done === undefined ? 401 : 200).send('done');
  });
}

const BEHIND_NGINX = { proxy: 'nginx' } satisfies Partial<Policy>;

describe.each(EXPRESS)('the login throttle on Express %s', (_version, express: Express) => {
  /** An app with the hand-wired stack; the guards are what is taken out where the throttle takes their place. */
  const shop = (secured: boolean, guards: () => RequestHandler[], limit = 5, hashTime = 0): App => {
    const app = express();
    if (!secured) app.set('trust proxy', 1);
    handWire(app, express, { limiter: { limit: secured ? 1000 : limit, validate: false } });
    if (secured) throttledLogin(app);
    else handWiredLogin(app, guards(), hashTime);
    return app;
  };

  it('1.2.6a: one account is guessed at from 60 addresses, two guesses each', async () => {
    const { wired, secured } = pairOf((isSecured) => shop(isSecured, () => []), BEHIND_NGINX);
    const attack = guesses(120, (n) => ['alice', bot(n % 60)]);
    expect(tried(await ask(wired, ...attack))).toBe(120);
    const answers = await ask(secured, ...attack);
    // Five for the account, and three of its reserve for networks that had not guessed.
    expect(tried(answers)).toBe(8);
    const refused = answers.at(-1);
    expect(refused?.status).toBe(429);
    expect(refused?.json()).toMatchObject({ code: 'ERR_LOGIN_THROTTLED' });
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  it('1.2.6b: one address tries one password at each of 60 accounts', async () => {
    const { wired, secured } = pairOf((isSecured) => shop(isSecured, () => [lockOut()], 1000), BEHIND_NGINX);
    const attack = guesses(60, (n) => [`user${n}`, '203.0.113.66']);
    expect(tried(await ask(wired, ...attack))).toBe(60);
    expect(tried(await ask(secured, ...attack))).toBe(10);
  });

  it('1.2.6c: somebody guesses at an account so that its owner is locked out', async () => {
    const { wired, secured } = pairOf((isSecured) => shop(isSecured, () => [lockOut()], 1000), BEHIND_NGINX);
    const attack = guesses(40, () => ['alice', '203.0.113.66']);
    const owner = login('alice', PASSWORD, '192.0.2.10');
    expect((await ask(wired, ...attack, owner)).at(-1)?.status).toBe(423);

    // From a device that was never seen.
    expect((await ask(secured, ...attack, owner)).at(-1)?.status).toBe(200);
    // And while 40 addresses guess at once, which use up everything that unknown devices have: from one that was.
    const fresh = pairOf((isSecured) => shop(isSecured, () => []), BEHIND_NGINX).secured;
    const [first] = await ask(fresh, owner);
    const known = login('alice', PASSWORD, '192.0.2.10', deviceOf(first));
    const botnet = guesses(40, (n) => ['alice', bot(n)]);
    const answers = await ask(fresh, ...botnet, login('alice', PASSWORD, '192.0.2.200'), known);
    expect(statuses(answers.slice(-2))).toEqual([429, 200]);
  });

  it('1.2.6d: another X-Forwarded-For for each guess', async () => {
    const build = (isSecured: boolean): App => {
      const app = express();
      if (!isSecured) app.set('trust proxy', true);
      handWire(app, express, { limiter: { limit: isSecured ? 1000 : 5, validate: false } });
      if (isSecured) throttledLogin(app);
      else handWiredLogin(app);
      return app;
    };
    const { wired, secured } = pairOf(build);
    const attack = guesses(60, (n) => [`user${n}`, bot(n)]);
    expect(tried(await ask(wired, ...attack))).toBe(60);
    expect(() => secure(build(false), QUIET)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_TRUST_PROXY' }));
    // The headers are there, and count for nothing: it is one network, with the ten tries that it has.
    expect(tried(await ask(secured, ...attack))).toBe(10);
  });

  it('1.2.6e: 200 guesses in one burst', async () => {
    const policy = { ...BEHIND_NGINX, limits: { maxRequestsPerClient: 300 } };
    const { wired, secured } = pairOf(
      (isSecured) => shop(isSecured, () => [checkThenCount()], 1000, SLOW_HASH),
      policy,
    );
    const burst = async (app: App): Promise<Received[]> => {
      const served = await serve(app);
      const attack = guesses(200, (n) => ['alice', bot(n)]);
      const answers = attack.map((sent) => send(served.url, { ...sent, headers: { ...HOST, ...sent.headers } }));
      try {
        return await Promise.all(answers);
      } finally {
        await served.close();
      }
    };
    // How many of them overtake the count depends on the machine; one after the other it would be five.
    expect(tried(await burst(wired))).toBeGreaterThan(50);
    const answers = await burst(secured);
    expect(tried(answers)).toBe(8);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(192);
  });

  it('1.2.6f: whether an account exists is seen by when it is locked', async () => {
    const { wired, secured } = pairOf((isSecured) => shop(isSecured, () => [lockOut()], 1000), BEHIND_NGINX);
    const ten = (account: string, net: number): Sent[] => guesses(10, (n) => [account, bot(net + n)]);
    const byHand = await ask(wired, ...ten('alice', 0), ...ten('nobody', 20));
    expect(statuses(byHand.slice(0, 10))).toEqual([...Array(5).fill(401), ...Array(5).fill(423)]);
    expect(statuses(byHand.slice(10))).toEqual(Array(10).fill(401));

    const answers = await ask(secured, ...ten('alice', 0), ...ten('nobody', 20));
    const seen = answers.map(({ status, headers, body }) => ({
      status,
      body: body.replace(/"(?:requestId|instance)":"[^"]*"/g, ''),
      names: Object.keys(headers).toSorted(),
    }));
    expect(seen.slice(0, 10)).toEqual(seen.slice(10));
    expect(statuses(answers.slice(0, 10))).toEqual([...Array(8).fill(401), 429, 429]);
  });
});
