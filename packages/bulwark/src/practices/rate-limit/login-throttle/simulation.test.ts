import type { Request, Response } from 'express';
import expressRateLimit, { ipKeyGenerator } from 'express-rate-limit';
import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import { type LoginThrottle, loginThrottle } from './login-throttle.ts';
import type { LoginThrottleOptions } from './options.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface World {
  readonly throttle: LoginThrottle;
  readonly clock: { now: number };
  readonly start: number;
  /** One guess; true if a password could be tried. */
  guess(ip: string, account: string): Promise<boolean>;
  /** The owner with the right password; what he is told to wait, 0 if he is let in. */
  owner(account: string, ip: string, cookie?: string): Promise<number>;
  /** The most guesses at one account within any time of that length. */
  worst(length: number): number;
  total(): number;
}

/** A throttle on a clock of the test's, with as many records as the simulation needs. */
function world(options: LoginThrottleOptions = {}): World {
  const start = 1_800_000_000_000;
  const clock = { now: start };
  const now = (): number => clock.now;
  const throttle = loginThrottle({ store: memoryRecordStore({ maxEntries: 200_000, now }), now, ...options });
  const times = new Map<string, number[]>();
  return {
    throttle,
    clock,
    start,
    async guess(ip, account) {
      const { allowed } = await throttle.begin(callFrom(ip), account);
      if (!allowed) return false;
      times.set(account, [...(times.get(account) ?? []), clock.now]);
      return true;
    },
    async owner(account, ip, cookie = '') {
      const attempt = await throttle.begin(callFrom(ip, { cookie }), account);
      if (!attempt.allowed) return attempt.retryAfter;
      await attempt.succeeded();
      return 0;
    },
    worst: (length) => Math.max(...[...times.values()].map((all) => mostWithin(all, length))),
    total: () => [...times.values()].reduce((sum, all) => sum + all.length, 0),
  };
}

function mostWithin(times: readonly number[], length: number): number {
  let first = 0;
  let most = 0;
  times.forEach((time, last) => {
    while (time - (times[first] as number) > length) first++;
    most = Math.max(most, last - first + 1);
  });
  return most;
}

/** The n-th address of a botnet, with no neighbour in it. */
const bot = (n: number): string => `${11 + (n % 200)}.${Math.floor(n / 200) % 250}.${n % 250}.7`;
const HOME = '203.0.113.7';
const CAFE = '198.51.100.20';
const elsewhere = (n: number): string => `100.${64 + (n % 60)}.${Math.floor(n / 60)}.1`;

/** A login from before the attack: the cookies of a device that the account knows. */
async function deviceOf({ throttle }: World, account: string, ip = HOME): Promise<string> {
  const { res, cookie } = answerTo();
  const attempt = await throttle.begin(callFrom(ip), account);
  if (attempt.allowed) await attempt.succeeded(res);
  return cookie();
}

function expectBounded({ throttle, worst }: World, hours: readonly number[]): void {
  for (const n of hours) expect(worst(n * HOUR), `${n} h`).toBeLessThanOrEqual(throttle.mostGuesses(n * HOUR));
}

describe('10,000 addresses against 1,000 accounts, for three hours', () => {
  it('are bounded, owners get in, and nobody is locked out afterwards', { timeout: 120_000 }, async () => {
    const sim = world();
    const { clock, owner, guess, start } = sim;
    const cookies = new Map<number, string>();
    for (let n = 0; n < 1000; n += 50) cookies.set(n, await deviceOf(sim, `user${n}`));
    let knownRefused = 0;
    const newRefused: number[] = [];
    // Each address tries an account every five minutes, another one each time.
    for (let round = 0; round < 36; round++) {
      newRefused.push(0);
      for (let n = 0; n < 10_000; n++) {
        clock.now = start + round * 5 * MINUTE + n * 30;
        await guess(bot(n), `user${(n * 31 + round * 17) % 1000}`);
        if (n % 500 !== 0) continue;
        const which = (n / 10) % 1000;
        if ((await owner(`user${which}`, HOME, cookies.get(which))) > 0) knownRefused++;
        const isRefused = (await owner(`user${which + 7}`, elsewhere(round * 20 + n / 500))) > 0;
        if (isRefused) newRefused[round] = (newRefused[round] ?? 0) + 1;
      }
    }
    expectBounded(sim, [1 / 60, 1, 2, 3]);
    // It is a simulation of an attack: every account was guessed at.
    expect(sim.total()).toBeGreaterThan(10_000);
    expect(sim.total()).toBeLessThanOrEqual(1000 * sim.throttle.mostGuesses(3 * HOUR));
    // From a device that is known, at any moment and at once.
    expect(knownRefused).toBe(0);
    // From a new device in a network that has not guessed: once each address has shown what it is.
    expect(newRefused.slice(6)).toEqual(Array(30).fill(0));
    expect(newRefused.slice(0, 6).some((refused) => refused > 0)).toBe(true);
    clock.now += HOUR;
    for (let n = 0; n < 1000; n++) expect(await owner(`user${n}`, CAFE)).toBe(0);
  });

  it('control: with express-rate-limit by address every account gets 50 guesses at once, and 50 each quarter of an hour', {
    timeout: 120_000,
  }, async () => {
    const limiter = expressRateLimit({ windowMs: 15 * MINUTE, limit: 5, legacyHeaders: false, validate: false });
    const guesses = new Map<string, number>();
    for (let n = 0; n < 50_000; n++) {
      const account = `user${n % 1000}`;
      const req = { ip: bot(n % 10_000), app: { get: () => undefined } } as unknown as Request;
      await limiter(req, {} as Response, () => guesses.set(account, (guesses.get(account) ?? 0) + 1));
    }
    expect(Math.max(...guesses.values())).toBe(50);
    expect(Math.min(...guesses.values())).toBe(50);
  });
});

describe('10,000 addresses against one account', () => {
  it('have as many guesses as the formula says, and the owner gets in at any moment', { timeout: 60_000 }, async () => {
    const sim = world();
    const { clock, owner, guess, start, throttle } = sim;
    const cookie = await deviceOf(sim, 'alice');
    let refused = 0;
    for (let n = 0; n < 60_000; n++) {
      clock.now = start + n * 200;
      await guess(bot(n % 10_000), 'alice');
      if (n % 50 === 0 && (await owner('alice', HOME, cookie)) > 0) refused++;
    }
    expectBounded(sim, [1 / 60, 1, 2, 3]);
    // The formula is no exaggeration: they come near it.
    expect(sim.worst(HOUR)).toBeGreaterThanOrEqual(throttle.mostGuesses('1h') - 3);
    expect(refused).toBe(0);
    clock.now += 15 * MINUTE;
    expect(await owner('alice', CAFE)).toBe(0);
  });

  it('control: with express-rate-limit by address 50,000 guesses get through', { timeout: 60_000 }, async () => {
    const limiter = expressRateLimit({ windowMs: 15 * MINUTE, limit: 5, legacyHeaders: false, validate: false });
    let guesses = 0;
    for (let n = 0; n < 60_000; n++) {
      const req = { ip: bot(n % 10_000), app: { get: () => undefined } } as unknown as Request;
      await limiter(req, answerless(), () => guesses++);
    }
    expect(guesses).toBe(50_000);
  });

  it('who holds the reserve shut spends three guesses an hour on it, and a link in a mail still lets the owner in', async () => {
    const sim = world();
    const { clock, owner, guess, throttle } = sim;
    let fresh = 0;
    let newDeviceIn = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      // Two addresses that were never used before, each minute: the best that can be done against new devices.
      for (let n = 0; n < 2; n++) await guess(bot(fresh++), 'alice');
      if (minute > 60 && (await owner('alice', elsewhere(minute))) === 0) newDeviceIn++;
      clock.now += MINUTE;
    }
    // This is the limit of what can be done: it is stated in the README.
    expect(newDeviceIn).toBe(0);
    expectBounded(sim, [1, 24]);
    const { res, cookie } = answerTo();
    await throttle.trust(callFrom(CAFE), res, 'alice');
    expect(await owner('alice', CAFE, cookie())).toBe(0);
  });
});

describe('one sender', () => {
  it('that sprays 1,000 accounts has as many guesses as one network has', async () => {
    const { clock, guess, total, start } = world();
    for (let n = 0; n < 36_000; n++) {
      clock.now = start + n * 100;
      await guess('192.0.2.1', `user${n % 1000}`);
    }
    expect(total()).toBeGreaterThanOrEqual(20);
    expect(total()).toBeLessThanOrEqual(10 + 10 + 4);
  });

  it('that changes its IPv6 /64 within its /48 has as many as the wider network has', async () => {
    const { clock, guess, total, start } = world();
    for (let n = 0; n < 36_000; n++) {
      clock.now = start + n * 100;
      await guess(`2001:db8:7:${(n % 65_536).toString(16)}::1`, `user${n}`);
    }
    expect(total()).toBeGreaterThan(50);
    // 50 free, 6 until the delay is a minute, and one a minute.
    expect(total()).toBeLessThanOrEqual(50 + 6 + 60);
  });

  it('control: express-rate-limit with /64 as the client lets all of them through', { timeout: 60_000 }, async () => {
    const keyGenerator = (req: Request): string => ipKeyGenerator(req.ip ?? '', 64);
    const limiter = expressRateLimit({ windowMs: HOUR, limit: 5, keyGenerator, legacyHeaders: false, validate: false });
    let guesses = 0;
    for (let n = 0; n < 36_000; n++) {
      const ip = `2001:db8:7:${(n % 65_536).toString(16)}::1`;
      await limiter({ ip, app: { get: () => undefined } } as unknown as Request, answerless(), () => guesses++);
    }
    expect(guesses).toBe(36_000);
  });

  it('does not hold its neighbours back for more than a minute', async () => {
    const { clock, guess, owner } = world();
    for (let n = 0; n < 20_000; n++) {
      clock.now += 180;
      await guess(`192.0.2.${1 + (n % 200)}`, `user${n}`);
    }
    expect(await owner('alice', '192.0.2.250')).toBeLessThanOrEqual(MINUTE);
  });
});

function answerless(): Response {
  const res = { setHeader: () => res, status: () => res, send: () => res, headersSent: false, writableEnded: false };
  return res as unknown as Response;
}
