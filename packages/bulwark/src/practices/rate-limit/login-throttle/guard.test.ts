import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { fail, ip, setUp } from '../../../../test/support/throttled.ts';
import { Refusal } from '../../../errors.ts';
import { loginThrottle } from './login-throttle.ts';
import type { LoginThrottleOptions } from './options.ts';

describe('guard', () => {
  const { res } = answerTo();
  const user = { name: 'alice' };

  it.each([
    [true, true],
    [{ ok: true, rehash: true }, true],
    [{ ok: false }, false],
    [false, false],
    [undefined, false],
    ['yes', false],
    [1, false],
    [{}, false],
  ])('takes %j for a success: %j', async (proof, expected) => {
    const { throttle } = setUp();
    const check = { account: 'alice', find: () => user, verify: () => proof as boolean };
    expect(await throttle.guard(callFrom(ip(1)), res, check)).toEqual(expected ? { user, proof } : undefined);
  });

  it('lets nobody in who does not exist, whatever verify says', async () => {
    const { throttle } = setUp();
    for (const nobody of [null, undefined]) {
      const check = { account: 'alice', find: () => nobody, verify: () => true };
      expect(await throttle.guard(callFrom(ip(1)), res, check)).toBeUndefined();
    }
  });

  it('does the same work for an account that is held back, without its user, and refuses with 429', async () => {
    const { throttle } = setUp({ reserve: false });
    await fail(throttle, 'alice', 5);
    const verified: unknown[] = [];
    const check = { account: 'alice', find: async () => user, verify: (found: unknown) => verified.push(found) > 0 };
    await expect(throttle.guard(callFrom(ip(99)), res, check)).rejects.toMatchObject({
      code: 'ERR_LOGIN_THROTTLED',
      status: 429,
      headers: { 'Retry-After': '1' },
    });
    expect(verified).toEqual([undefined]);
  });

  it('does no work for a network that is held back: that says nothing of the account', async () => {
    const { throttle } = setUp();
    await fail(throttle, 'bob', 30, () => '192.0.2.1');
    let worked = 0;
    const check = { account: 'alice', find: () => worked++, verify: () => worked++ > 0 };
    await expect(throttle.guard(callFrom('192.0.2.1'), res, check)).rejects.toBeInstanceOf(Refusal);
    expect(worked).toBe(0);
  });

  it('lets one network cause no more work than it has tries: refused attempts count for it too', async () => {
    const { throttle } = setUp({ reserve: false });
    await fail(throttle, 'alice', 5);
    let worked = 0;
    const check = { account: 'alice', find: () => undefined, verify: () => worked++ > 1e9 };
    for (let n = 0; n < 200; n++) await throttle.guard(callFrom('192.0.2.1'), res, check).catch(() => undefined);
    expect(worked).toBe(10);
  });

  it('keeps an attempt counted whose look-up or hash failed', async () => {
    const { throttle } = setUp({ reserve: false });
    const down = { account: 'alice', find: () => Promise.reject(new Error('down')), verify: () => true };
    for (let n = 0; n < 5; n++) await expect(throttle.guard(callFrom(ip(n)), res, down)).rejects.toThrow('down');
    expect((await throttle.begin(callFrom(ip(9)), 'alice')).allowed).toBe(false);
  });

  it('leaves the device unknown until the second factor', async () => {
    const { throttle } = setUp();
    const { res: answer, cookies } = answerTo();
    const check = { account: 'alice', find: () => user, verify: () => true, trust: false };
    await throttle.guard(callFrom(ip(1)), answer, check);
    expect(cookies).toEqual([]);
    await throttle.trust(callFrom(ip(1)), answer, 'alice');
    expect(cookies).toHaveLength(1);
  });
});

describe('settings', () => {
  it.each([
    [{ nmae: 'x' }, 'ERR_CONFIG_UNKNOWN_KEY', 'loginThrottle.nmae'],
    [{ account: { free: 0 } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.free'],
    [{ account: { free: Number.NaN } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.free'],
    [{ account: { longest: 'abc' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.longest'],
    [{ account: { longest: '2d' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.account.longest'],
    [{ network: { first: '1h' } }, 'ERR_CONFIG_CONTRADICTION', 'loginThrottle.network.first'],
    [{ reserve: { limit: 0 } }, 'ERR_CONFIG_VALUE', 'loginThrottle.reserve.limit'],
    [{ pressure: true }, 'ERR_CONFIG_VALUE', 'loginThrottle.pressure'],
    [{ devices: { lifetime: '500d' } }, 'ERR_CONFIG_VALUE', 'loginThrottle.devices.lifetime'],
    [{ ipv6Prefix: 128 }, 'ERR_CONFIG_VALUE', 'loginThrottle.ipv6Prefix'],
    [{ store: {} }, 'ERR_CONFIG_VALUE', 'loginThrottle.store'],
    [{ name: 'Log in' }, 'ERR_CONFIG_VALUE', 'loginThrottle.name'],
  ])('%j: refused', (options, code, field) => {
    expect(() => loginThrottle(options as LoginThrottleOptions)).toThrow(expect.objectContaining({ code, field }));
  });

  it('merge field by field', () => {
    expect(loginThrottle({ account: { free: 2 } }).mostGuesses('1h')).toBe(22);
    expect(loginThrottle().mostGuesses('1h')).toBe(25);
    expect(loginThrottle().mostGuesses('1d')).toBe(186);
    expect(loginThrottle({ reserve: false }).mostGuesses('1h')).toBe(19);
  });

  it('of one name in one store count together, of two names apart', async () => {
    const { throttle, store, clock } = setUp({ reserve: false });
    const now = (): number => clock.now;
    await fail(throttle, 'alice', 5);
    expect(await fail(loginThrottle({ store, now, reserve: false }), 'alice', 1, () => ip(50))).toBe(0);
    expect(await fail(loginThrottle({ store, now, reserve: false, name: 'totp' }), 'alice', 1, () => ip(51))).toBe(1);
  });
});
