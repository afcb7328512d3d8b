import { describe, expect, it } from 'vitest';
import { answerTo, callFrom } from '../../../../test/support/caller.ts';
import { fail, ip, logIn, ownerOf, setUp } from '../../../../test/support/throttled.ts';

const MINUTE = 60_000;

describe('a known device', () => {
  it('gets in while the account and its own network are held back', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '192.0.2.1');
    await fail(throttle, 'alice', 100);
    await fail(throttle, 'bob', 100, () => '192.0.2.1');
    expect(await throttle.begin(callFrom('192.0.2.1'), 'alice')).toMatchObject({ allowed: false });
    const attempt = await throttle.begin(callFrom('192.0.2.1', { cookie }), 'alice');
    expect(attempt).toMatchObject({ allowed: true, knownDevice: true });
  });

  it('is a cookie of its own name: 256 bits, HTTPS only, not for scripts, and not in the store', async () => {
    const { throttle, store } = setUp();
    const { res, cookies, cookie } = answerTo();
    const attempt = await throttle.begin(callFrom(ip(1)), 'alice');
    if (attempt.allowed) await attempt.succeeded(res);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(
      /^__Host-device-[\w-]{10}=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const kept = await store.list(ownerOf('alice'));
    expect(kept).toHaveLength(1);
    const token = cookie().split('=')[1] ?? '';
    expect(JSON.stringify(kept)).not.toContain(token);
    expect(JSON.stringify(kept)).not.toContain('alice');
  });

  it('has a budget of its own and no more; then it is like any other', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    const all: boolean[] = [];
    for (let n = 0; n < 40; n++) {
      const attempt = await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice');
      all.push(attempt.allowed && attempt.knownDevice);
      if (n >= 5 && n < 10) expect(attempt).toMatchObject({ allowed: true, knownDevice: false });
    }
    expect(all.filter(Boolean)).toHaveLength(5);
  });

  it.each([
    ['at another account', async (cookie: string) => ({ cookie, account: 'bob' })],
    [
      'with another token',
      async (cookie: string) => ({ cookie: `${cookie.slice(0, -43)}${'A'.repeat(43)}`, account: 'alice' }),
    ],
    ['with half a token', async (cookie: string) => ({ cookie: cookie.slice(0, -9), account: 'alice' })],
  ])('is unknown %s', async (_, change) => {
    const { throttle } = setUp();
    const { cookie, account } = await change(await logIn(throttle, 'alice', '203.0.113.7'));
    expect(await throttle.begin(callFrom('203.0.113.7', { cookie }), account)).toMatchObject({ knownDevice: false });
  });

  it('is unknown with its token under the name of another account’s cookie', async () => {
    const { throttle } = setUp();
    const [, token = ''] = (await logIn(throttle, 'alice', '203.0.113.7')).split('=');
    const [name = ''] = (await logIn(throttle, 'bob', '203.0.113.8')).split('=');
    const attempt = await throttle.begin(callFrom('203.0.113.7', { cookie: `${name}=${token}` }), 'bob');
    expect(attempt).toMatchObject({ knownDevice: false });
  });

  it('is forgotten when the password changes, and a request in flight does not bring it back', async () => {
    const { throttle } = setUp();
    const cookie = await logIn(throttle, 'alice', '203.0.113.7');
    await logIn(throttle, 'alice', '203.0.113.8');
    const inFlight = await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice');
    expect(await throttle.forgetDevices(callFrom('203.0.113.7'), 'ALICE')).toBe(2);
    if (inFlight.allowed) await inFlight.succeeded();
    expect(await throttle.begin(callFrom('203.0.113.7', { cookie }), 'alice')).toMatchObject({ knownDevice: false });
  });

  it('is one of ten at the most: the one that was not used for the longest time makes room', async () => {
    const { throttle, clock, store } = setUp();
    const cookies: string[] = [];
    for (let n = 0; n < 12; n++) {
      clock.now += MINUTE;
      cookies.push(await logIn(throttle, 'alice', ip(n)));
      if (n === 5) await logIn(throttle, 'alice', ip(0), cookies[0]);
    }
    const known = await Promise.all(
      cookies.map(
        async (cookie, n) => (await throttle.begin(callFrom(ip(n), { cookie }), 'alice')) as { knownDevice?: boolean },
      ),
    );
    expect(known.map(({ knownDevice }) => knownDevice)).toEqual([true, false, false, ...Array(9).fill(true)]);
    expect(await store.list(ownerOf('alice'))).toHaveLength(10);
  });

  it('is none where devices are off', async () => {
    const { throttle } = setUp({ devices: false });
    expect(await logIn(throttle, 'alice', ip(1))).toBe('');
  });
});
