import { hash, verify } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { CERTAIN, differ, SURE, shuffled } from '../../../../test/support/statistics.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import { passwords, type Verified } from '../../passwords/index.ts';
import { type LoginCheck, loginThrottle } from './login-throttle.ts';

// A cheap hash makes the test a hard one: whatever else takes time shows more beside one millisecond than beside fifteen.
const CHEAP = { memoryCost: 4096, timeCost: 1, parallelism: 1 };

interface User {
  readonly hash: string;
}
type Kind = 'unknown' | 'wrong password' | 'throttled' | 'throttled, unknown';
const KINDS: readonly Kind[] = ['unknown', 'wrong password', 'throttled', 'throttled, unknown'];

/** How a login does its work. */
interface Login {
  readonly users: ReadonlyMap<string, User>;
  readonly dummy: string;
}
type Check<Proof extends boolean | Verified = boolean> = (login: Login, account: string) => LoginCheck<User, Proof>;

const asDocumented: Check = ({ users, dummy }, account) => ({
  account,
  find: () => users.get(account),
  verify: (user) => verify(user?.hash ?? dummy, 'a guess').then((ok) => ok && user !== undefined),
});

const withoutDummy: Check = ({ users }, account) => ({
  account,
  find: () => users.get(account),
  verify: (user) => user !== undefined && verify(user.hash, 'a guess'),
});

type Times = Readonly<Record<Kind, number[]>>;

/** Logins of all four kinds, in an order of chance, each from a network of its own and (not throttled) for an account of its own. */
async function measure<Proof extends boolean | Verified>(
  check: Check<Proof>,
  samples: number,
  options: { readonly returnsEarly?: boolean; readonly one?: string } = {},
): Promise<Times> {
  const { returnsEarly = false } = options;
  const now = (): number => 1_800_000_000_000;
  const throttle = loginThrottle({ store: memoryRecordStore({ maxEntries: 200_000, now }), now });
  const each = samples / KINDS.length;
  const one = { hash: options.one ?? (await hash('correct horse battery staple', CHEAP)) };
  const users = new Map<string, User>(Array.from({ length: each }, (_, n) => [`user${n}`, one]));
  users.set('held', one);
  const login = { users, dummy: await hash('nobody has this', CHEAP) };
  for (const account of ['held', 'held-nobody']) {
    for (let n = 0; n < 20; n++) await throttle.begin(callFrom(`100.${n}.1.1`), account);
  }
  const accountOf: Record<Kind, (n: number) => string> = {
    unknown: (n) => `nobo${n}`,
    'wrong password': (n) => `user${n}`,
    throttled: () => 'held',
    'throttled, unknown': () => 'held-nobody',
  };
  const times: Times = { unknown: [], 'wrong password': [], throttled: [], 'throttled, unknown': [] };
  const order = shuffled(KINDS.flatMap((kind) => Array.from({ length: each }, (_, n) => ({ kind, n }))));
  const { res } = answerTo();
  for (const [turn, { kind, n }] of order.entries()) {
    const req = callFrom(`${11 + (turn % 80)}.${Math.floor(turn / 80) % 250}.${turn % 250}.7`);
    const what = check(login, accountOf[kind](n));
    const from = performance.now();
    let code: unknown = 'none';
    let answer: unknown;
    try {
      if (returnsEarly) {
        const attempt = await throttle.begin(req, what.account);
        if (!attempt.allowed) throw attempt.refusal;
        await what.verify((await what.find()) ?? undefined);
      } else answer = await throttle.guard(req, res, what);
    } catch (error) {
      ({ code } = error as { code: unknown });
    }
    times[kind].push(performance.now() - from);
    if (answer !== undefined || code !== (kind.startsWith('throttled') ? 'ERR_LOGIN_THROTTLED' : 'none'))
      throw new Error(`${kind}: ${String(code)}`);
  }
  return times;
}

/**
 * The pairs of kinds that a statistical test can tell apart. Those with the same answer, 401 or 429, must not differ by
 * anything that it is sure of: the time is all that could tell them apart. Between the two answers some microseconds are
 * there (a refusal is made and thrown: 8 of them, a hundredth of this cheap hash), at the edge of what 10,000 samples show.
 */
function toldApart(times: Times): string[] {
  const isHeld = (kind: Kind): boolean => kind.startsWith('throttled');
  return KINDS.flatMap((a, i) =>
    KINDS.slice(i + 1).flatMap((b) => {
      const sureness = isHeld(a) === isHeld(b) ? SURE : CERTAIN;
      return differ(times[a], times[b], sureness) ? [`${a} / ${b}`] : [];
    }),
  );
}

/** The pairs that are told apart in each of three rounds: the machine has other things to do, what is there shows always. */
async function alwaysToldApart(round: () => Promise<Times>): Promise<string[]> {
  let found = toldApart(await round());
  for (let more = 0; more < 2 && found.length > 0; more++) {
    const again = toldApart(await round());
    found = found.filter((pair) => again.includes(pair));
  }
  return found;
}

describe('10,000 logins', () => {
  it('take the same time for an unknown user, a wrong password, and an account that is held back', {
    timeout: 180_000,
  }, async () => {
    expect(await alwaysToldApart(() => measure(asDocumented, 10_000))).toEqual([]);
  });

  it('control: without a hash for an unknown user the test tells, in every round', { timeout: 60_000 }, async () => {
    expect(await alwaysToldApart(() => measure(withoutDummy, 1000))).toContain('unknown / wrong password');
  });

  it('control: with a refusal before the hash the test tells, in every round', { timeout: 60_000 }, async () => {
    const told = await alwaysToldApart(() => measure(asDocumented, 1000, { returnsEarly: true }));
    expect(told).toEqual(expect.arrayContaining(['wrong password / throttled', 'unknown / throttled, unknown']));
  });
});

describe('with the practice passwords, at its weakest parameters', () => {
  const { hash: hashed, verify: verified } = passwords({ target: false });
  const check: Check<Verified> = ({ users }, account) => ({
    account,
    find: () => users.get(account),
    verify: (user) => verified('a guess', user?.hash),
  });

  it('400 logins take the same time', { timeout: 120_000 }, async () => {
    const one = await hashed('correct horse battery staple');
    expect(await alwaysToldApart(() => measure(check, 400, { one }))).toEqual([]);
  });

  it('control: without its dummy hash, 80 tell', { timeout: 60_000 }, async () => {
    const one = await hashed('correct horse battery staple');
    const early: Check<Verified> = (login, account) => ({
      ...check(login, account),
      verify: (user) => (user === undefined ? { ok: false } : verified('a guess', user.hash)),
    });
    expect(await alwaysToldApart(() => measure(early, 80, { one }))).toContain('unknown / wrong password');
  });
});

describe('the statistical test itself', () => {
  const noise = (count: number, shift = 0): number[] =>
    Array.from({ length: count }, () => Math.random() + Math.random() + shift);

  it('sees a shift of a tenth of the spread in samples of this size, and none where there is none', () => {
    let alarms = 0;
    for (let n = 0; n < 50; n++) if (differ(noise(2500), noise(2500))) alarms++;
    expect(alarms).toBeLessThanOrEqual(1);
    for (let n = 0; n < 50; n++) expect(differ(noise(2500), noise(2500, 0.1))).toBe(true);
  });
});
