import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import { type LoginThrottle, loginThrottle } from './login-throttle.ts';
import type { LoginThrottleOptions } from './options.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A throttle on a clock of the test's, with as many records as the simulation needs. */
function world(options: LoginThrottleOptions = {}): { throttle: LoginThrottle; clock: { now: number } } {
  const clock = { now: 1_800_000_000_000 };
  const now = (): number => clock.now;
  const store = memoryRecordStore({ maxEntries: 200_000, now });
  return { throttle: loginThrottle({ store, now, ...options }), clock };
}

/** The n-th address of a botnet: every one in a network of its own, as far as there are networks. */
const bot = (n: number): string => `${11 + (n % 180)}.${(n >> 3) % 250}.${n % 250}.${1 + ((n * 7) % 250)}`;

/** When guesses were let through, by account. */
class Guesses {
  readonly #times = new Map<string, number[]>();
  readonly #start: number;

  constructor(start: number) {
    this.#start = start;
  }

  add(account: string, now: number): void {
    const times = this.#times.get(account) ?? [];
    this.#times.set(account, times);
    times.push(now - this.#start);
  }

  get total(): number {
    return [...this.#times.values()].reduce((sum, times) => sum + times.length, 0);
  }

  /** The most guesses at one account in any time of that length. */
  worst(length: number): number {
    let worst = 0;
    for (const times of this.#times.values()) {
      let first = 0;
      times.forEach((time, last) => {
        while (time - (times[first] as number) > length) first++;
        worst = Math.max(worst, last - first + 1);
      });
    }
    return worst;
  }
}

/** The owner's attempt, with the right password: whether he is let in, and if not, how long he is told to wait. */
async function owner(throttle: LoginThrottle, account: string, ip: string, cookie = ''): Promise<number> {
  const attempt = await throttle.begin(callFrom(ip, { cookie }), account);
  if (!attempt.allowed) return attempt.retryAfter;
  await attempt.succeeded();
  return 0;
}

/** Logs in as the owner before the attack, so that this device is known. */
async function deviceOf(throttle: LoginThrottle, account: string, ip: string): Promise<string> {
  const attempt = await throttle.begin(callFrom(ip), account);
  const { res, cookie } = answerTo();
  if (attempt.allowed) await attempt.succeeded(res);
  return cookie();
}

const HOME = '203.0.113.7';
const CAFE = '198.51.100.20';

describe('simulated attacks', () => {
  it('10,000 addresses against 1,000 accounts: guesses are bounded, owners get in, and nobody is locked out', {
    timeout: 120_000,
  }, async () => {
    const { throttle, clock } = world();
    const cookies = new Map<number, string>();
    for (let n = 0; n < 1000; n += 50) cookies.set(n, await deviceOf(throttle, `user${n}`, HOME));
    clock.now += HOUR;
    const start = clock.now;
    const guesses = new Guesses(start);
    const waits: number[] = [];
    const newDevice: number[] = [];
    // Each address tries once in five minutes, another account each time, for three hours.
    for (let round = 0; round < 36; round++) {
      for (let n = 0; n < 10_000; n++) {
        clock.now = start + round * 5 * MINUTE + n * 30;
        const account = `user${(n * 31 + round * 17) % 1000}`;
        const attempt = await throttle.begin(callFrom(bot(n)), account);
        if (attempt.allowed) guesses.add(account, clock.now);
        if (n % 500 !== 0) continue;
        const which = ((n / 500) * 50) % 1000;
        waits.push(await owner(throttle, `user${which}`, HOME, cookies.get(which)));
        newDevice[round] = (newDevice[round] ?? 0) + Math.sign(await owner(throttle, `user${(which + 7) % 1000}`, `100.${round}.${n / 500}.1`));
      }
    }
    expect(waits).toHaveLength(720);
    expect(Math.max(...waits)).toBe(0);
    console.log(newDevice.join(' '));
    for (const hours of [1, 2, 3]) expect(guesses.worst(hours * HOUR)).toBeLessThanOrEqual(throttle.mostGuesses(hours * HOUR));
    expect(guesses.total).toBeGreaterThan(1000);
    console.log('simulation', { perHour: guesses.worst(HOUR), threeHours: guesses.worst(3 * HOUR), total: guesses.total, bound: throttle.mostGuesses('1h') });
    // After it, everybody gets in from anywhere within the longest delay under pressure, and nearly all at once.
    clock.now += HOUR;
    for (let n = 0; n < 1000; n++) expect(await owner(throttle, `user${n}`, CAFE)).toBe(0);
  });

  it('10,000 addresses against one account: the same bound, and the owner gets in at any moment', { timeout: 120_000 }, async () => {
    const { throttle, clock } = world();
    const cookie = await deviceOf(throttle, 'alice', HOME);
    clock.now += HOUR;
    const start = clock.now;
    const guesses = new Guesses(start);
    let refusals = 0;
    for (let n = 0; n < 60_000; n++) {
      clock.now = start + n * 200;
      const attempt = await throttle.begin(callFrom(bot(n % 10_000)), 'alice');
      if (attempt.allowed) guesses.add('alice', clock.now);
      if (n % 50 === 0) refusals += await owner(throttle, 'alice', HOME, cookie);
    }
    expect(refusals).toBe(0);
    for (const hours of [1, 2, 3]) expect(guesses.worst(hours * HOUR)).toBeLessThanOrEqual(throttle.mostGuesses(hours * HOUR));
    // The bound is no guess: they come close to it.
    expect(guesses.worst(HOUR)).toBeGreaterThanOrEqual(throttle.mostGuesses('1h') - 3);
    console.log('one account', { perHour: guesses.worst(HOUR), total: guesses.total });
    // Once it is over a new device waits for the longest delay at the most.
    clock.now += 15 * MINUTE;
    expect(await owner(throttle, 'alice', CAFE)).toBe(0);
  });
});
