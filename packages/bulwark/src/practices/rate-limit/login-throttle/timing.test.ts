import { hash, verify } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { differ, shuffled } from '../../../../test/support/statistics.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
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
type Check = (login: Login, account: string) => LoginCheck<User, boolean>;

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
async function measure(check: Check, samples: number, returnsEarly = false): Promise<Times> {
  const now = (): number => 1_800_000_000_000;
  const throttle = loginThrottle({ store: memoryRecordStore({ maxEntries: 200_000, now }), now });
  const each = samples / KINDS.length;
  const one = { hash: await hash('correct horse battery staple', CHEAP) };
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

/** The pairs of kinds that a statistical test can tell apart. */
function toldApart(times: Times): string[] {
  return KINDS.flatMap((a, i) =>
    KINDS.slice(i + 1).flatMap((b) => {
      return differ(times[a], times[b]) ? [`${a} / ${b}`] : [];
    }),
  );
}

describe('10,000 logins', () => {
  it('take the same time for an unknown user, a wrong password, and an account that is held back', {
    timeout: 180_000,
    // The machine has other things to do. A difference that is there shows in every round.
    retry: 0,
  }, async () => {
    const found: string[][] = [];
    for (let round = 0; round < 3; round++) {
      found.push(toldApart(await measure(asDocumented, 10_000)));
      if (found.at(-1)?.length === 0) break;
    }
    expect(found.at(-1)).toEqual([]);
  });

  it('control: without a hash for an unknown user the test tells, in every round', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      expect(toldApart(await measure(withoutDummy, 1000))).toContain('unknown / wrong password');
    }
  });

  it('control: with a refusal before the hash the test tells, in every round', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 3; round++) {
      const told = toldApart(await measure(asDocumented, 1000, true));
      expect(told).toEqual(expect.arrayContaining(['wrong password / throttled', 'unknown / throttled, unknown']));
    }
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
