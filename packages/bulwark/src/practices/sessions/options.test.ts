import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { sessionCookie } from './cookie.ts';
import { describeDevice } from './device.ts';
import { type SessionCookieOptions, type SessionsOptions, sessions } from './index.ts';
import { DEFAULTS } from './options.ts';
import { isSame, makeToken, readToken } from './token.ts';

const TLS = ['https://shop.example'];
const cookieOf = (options: SessionCookieOptions = {}, origins: readonly string[] = TLS) =>
  sessionCookie({ ...DEFAULTS.cookie, ...options }, origins);

describe('the token of a session', () => {
  it('has 256 bits that are kept as a hash only, beside an id that stays', () => {
    const tokens = Array.from({ length: 200 }, () => makeToken());
    expect(new Set(tokens.map(({ text }) => text)).size).toBe(200);
    expect(new Set(tokens.map(({ id }) => id)).size).toBe(200);
    for (const token of tokens) {
      expect(readToken(token.text)).toEqual(token);
      expect(Buffer.from(token.text, 'base64url')).toHaveLength(48);
      expect(Buffer.from(token.digest, 'base64url')).toHaveLength(32);
      expect(token.text).not.toContain(token.digest);
    }
    const [first] = tokens;
    const next = makeToken(first?.id);
    expect([next.id, next.digest === first?.digest]).toEqual([first?.id, false]);
  });

  it('has one spelling: what is not exactly that is no token, and nothing is looked up for it', () => {
    const { text } = makeToken();
    const strange = ['', text.slice(1), `${text}=`, `${text}A`, ` ${text.slice(1)}`, `${text.slice(1)}+`, `${text}\n`];
    for (const each of [...strange, `s:${text}`, 'é'.repeat(64)]) expect(readToken(each)).toBeUndefined();
  });

  it('is compared whole', () => {
    expect([isSame('abc', 'abc'), isSame('abc', 'abd'), isSame('abc', 'ab'), isSame('', '')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('the cookie of a session', () => {
  it('is __Host- and has every flag; Partitioned where it is asked for; Max-Age where it outlives the browser', () => {
    expect(cookieOf().write('t', undefined)).toBe('__Host-session=t; Path=/; HttpOnly; Secure; SameSite=Lax');
    expect(cookieOf({ sameSite: 'none', partitioned: true, name: '__Host-s' }).write('t', 90_500)).toBe(
      '__Host-s=t; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=90',
    );
    expect(cookieOf({ sameSite: 'strict' }).clear()).toBe(
      '__Host-session=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0',
    );
  });

  it('of an app on plain HTTP has another name and no Secure: some browsers would not keep it', () => {
    expect(cookieOf({}, ['http://localhost:3000']).write('t', undefined)).toBe(
      'session=t; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['__Host-session=a', 'a'],
    ['x=1; __Host-session=a; y=2', 'a'],
    ['x=1;__Host-session=a', 'a'],
    ['__Host-session=a=b', 'a=b'],
    ['__Host-sessions=a', undefined],
    ['x__Host-session=a', undefined],
    ['x=__Host-session=a', undefined],
    ['__host-session=a', undefined],
    ['__Host-session', undefined],
    ['__Host-session=a; __Host-session=a', 'a'],
    ['__Host-session=a; __Host-session=b', null],
    ['__Host-session=; __Host-session=b', null],
  ])('in the header %j is %j', (header, value) => {
    expect(cookieOf().read(header)).toBe(value);
  });
});

describe('the options of sessions', () => {
  const refused = (options: unknown): string => {
    try {
      sessions(options as SessionsOptions);
    } catch (error) {
      if (error instanceof ConfigError) return `${error.code} ${error.field}`;
      throw error;
    }
    return 'taken';
  };

  it.each([
    [{ idle: '3d' }, 'ERR_CONFIG_CONTRADICTION sessions.idle'],
    [{ idle: 'soon' }, 'ERR_CONFIG_VALUE sessions.idle'],
    [{ idle: '10s' }, 'ERR_CONFIG_VALUE sessions.idle'],
    [{ absolute: '9999d' }, 'ERR_CONFIG_VALUE sessions.absolute'],
    [{ grace: '2m' }, 'ERR_CONFIG_VALUE sessions.grace'],
    [{ perUser: 0 }, 'ERR_CONFIG_VALUE sessions.perUser'],
    [{ store: {} }, 'ERR_CONFIG_VALUE sessions.store'],
    [{ ttl: 1 }, 'ERR_CONFIG_UNKNOWN_KEY sessions.ttl'],
    [{ cookie: { domain: 'shop.example' } }, 'ERR_CONFIG_UNKNOWN_KEY sessions.cookie.domain'],
    [{ cookie: { name: 'a b' } }, 'ERR_CONFIG_VALUE sessions.cookie.name'],
    [{ cookie: { sameSite: 'none' } }, 'ERR_CONFIG_CONTRADICTION sessions.cookie.sameSite'],
    [{ cookie: { sameSite: 'none', partitioned: true } }, 'taken'],
    [{ cookie: { sameSite: 'none', insecureUnpartitioned: true } }, 'taken'],
    [{ origins: ['http://localhost'], cookie: { name: '__Host-s' } }, 'ERR_CONFIG_CONTRADICTION sessions.cookie.name'],
    [
      { origins: ['http://localhost'], cookie: { partitioned: true } },
      'ERR_CONFIG_CONTRADICTION sessions.cookie.partitioned',
    ],
    [{ idle: '1h', absolute: '8h', rotate: '5m', grace: '5s', perUser: 5 }, 'taken'],
  ])('%j: %s', (options, verdict) => {
    expect(refused(options)).toBe(verdict);
  });
});

describe('the device of a session', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 'Edge on Windows'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['<script>alert(1)</script> Firefox/1', 'Firefox'],
    ['curl/8.9', 'unknown device'],
    [undefined, 'unknown device'],
  ])('%s is %s', (agent, device) => {
    expect(describeDevice(agent)).toBe(device);
  });
});
