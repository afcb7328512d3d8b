import { describe, expect, it } from 'vitest';
import { sessionCookie } from './cookie.ts';
import { describeDevice } from './device.ts';
import { type SessionsOptions, sessions } from './index.ts';
import { decodeState, userOf } from './state.ts';
import { isSame, makeToken, readToken } from './token.ts';
import { elevated, promoted } from './transitions.ts';

const FLAGS = { name: undefined, sameSite: 'lax', partitioned: false, persistent: false } as const;

describe('the cookie', () => {
  it('has the prefix and the flags that browsers enforce', () => {
    expect(sessionCookie(FLAGS, ['https://shop.example']).write('x', undefined)).toBe(
      '__Host-session=x; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
    const cross = sessionCookie({ ...FLAGS, sameSite: 'none', partitioned: true }, []);
    expect(cross.write('x', 61_500)).toBe(
      '__Host-session=x; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=61',
    );
    expect(cross.clear()).toBe('__Host-session=; Path=/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=0');
    expect(cross.write('x', -5)).toContain('Max-Age=0');
  });

  it('goes without both on plain HTTP, in development', () => {
    expect(sessionCookie(FLAGS, ['http://localhost:3000']).write('x', undefined)).toBe(
      'session=x; Path=/; HttpOnly; SameSite=Lax',
    );
  });

  it.each([
    ['name', { name: '__Host-sid' }],
    ['name', { name: '__secure-sid' }],
    ['sameSite', { sameSite: 'none' }],
    ['partitioned', { partitioned: true }],
  ] as const)('refuses what browsers would not take on plain HTTP: %s', (field, flags) => {
    expect(() => sessionCookie({ ...FLAGS, ...flags }, ['http://localhost'])).toThrow(`sessions.cookie.${field}`);
  });

  it('is read only under its whole name, and not where two differ', () => {
    const { read } = sessionCookie(FLAGS, []);
    expect(read(undefined)).toBeUndefined();
    expect(read('x__Host-session=a; __Host-session2=b; __host-session=c')).toBeUndefined();
    expect(read('a=1;  __Host-session=v ;b=2')).toBe('v');
    expect(read('__Host-session=v; __Host-session=v')).toBe('v');
    expect(read('__Host-session=v; __Host-session=w')).toBeNull();
  });

  it('is read as whoever takes the header apart at each semicolon reads it, whatever is in it', () => {
    const { read } = sessionCookie({ ...FLAGS, name: 'aa' }, []);
    const bare = (text: string): string => text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
    const takenApart = (header: string): string | null | undefined => {
      const values = header
        .split(';')
        .filter((part) => part.includes('=') && bare(part.slice(0, part.indexOf('='))) === 'aa')
        .map((part) => bare(part.slice(part.indexOf('=') + 1)));
      return new Set(values).size > 1 ? null : values[0];
    };
    const parts = ['a', 'aa', '=', ';', ' ', '\t', '\u00a0', 'b', 'aa=b', 'aa =b;', ';aa='];
    let seed = 1;
    const next = (below: number): number => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    const kinds = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const header = Array.from({ length: next(9) }, () => parts[next(parts.length)]).join('');
      const value = takenApart(header);
      kinds.add(value === null ? 'several' : typeof value);
      expect([header, read(header)]).toEqual([header, value]);
    }
    expect(kinds).toEqual(new Set(['undefined', 'string', 'several']));
  });
});

describe('the options', () => {
  it.each([
    ['sessions.idle', { idle: '10s' }],
    ['sessions.absolute', { absolute: '366d' }],
    ['sessions.rotate', { rotate: 1 }],
    ['sessions.grace', { grace: '2m' }],
    ['sessions.idle', { idle: '2d', absolute: '1d' }],
    ['sessions.perUser', { perUser: 0 }],
    ['sessions.store', { store: { get: () => undefined } }],
    ['sessions.cookie.name', { cookie: { name: 'a b' } }],
    ['sessions.cookie', { cookie: { httpOnly: false } }],
    ['saveUninitialized', { saveUninitialized: true }],
  ])('are refused with the field: %s', (field, options) => {
    expect(() => sessions(options as unknown as SessionsOptions)).toThrow(field);
  });
});

describe('a token', () => {
  it('is 16 bytes that name the session and 32 that nobody guesses', () => {
    const token = makeToken();
    expect(Buffer.from(token.text, 'base64url')).toHaveLength(48);
    expect(readToken(token.text)).toEqual(token);
    expect(makeToken(token.id)).toMatchObject({ id: token.id });
    expect(makeToken(token.id).digest).not.toBe(token.digest);
    expect(JSON.stringify([token.id, token.digest])).not.toContain(token.text.slice(22));
  });

  it('has one id and one digest, whichever was read before it', () => {
    const tokens = Array.from({ length: 100 }, () => makeToken());
    expect(tokens.map(({ text }) => readToken(text))).toEqual(tokens);
  });

  it.each(['', 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(63)}=`, `${'a'.repeat(63)}+`, `${'a'.repeat(63)}\n`])(
    'is not %j',
    (text) => expect(readToken(text)).toBeUndefined(),
  );

  it('is compared whole', () => {
    expect(isSame('abc', 'abc')).toBe(true);
    expect(isSame('abc', 'abd')).toBe(false);
    expect(isSame('abc', 'ab')).toBe(false);
    expect(isSame('ab', 'abc')).toBe(false);
    expect(isSame('xbc', 'abc')).toBe(false);
    // Differences that cancel each other out are differences.
    expect(isSame('ab', 'ba')).toBe(false);
  });
});

describe('the state', () => {
  const state = {
    secret: 's',
    data: {},
    createdAt: 1,
    seenAt: 1,
    rotatedAt: 1,
    device: '',
    authentication: { user: 'bob', factors: {}, at: 1 },
  };

  it.each(['', '[]', 'null', '{}', '{"secret":"s","data":[],"createdAt":1,"seenAt":1,"rotatedAt":1}'])(
    'is none where a record holds %s',
    (value) => expect(decodeState(value)).toBeUndefined(),
  );

  it('belongs to who logged in, else to whom passport has put there', () => {
    const passport = (user: unknown): string => JSON.stringify({ user });
    expect(userOf({ ...state, data: { passport: passport('eve') } })).toBe('bob');
    expect(userOf({ data: { passport: passport(7) } })).toBe('7');
    for (const user of ['', null, {}, undefined])
      expect(userOf({ data: { passport: passport(user) } })).toBeUndefined();
    expect(userOf({ data: { passport: 'null' } })).toBeUndefined();
  });

  it('is promoted by the token that was handed out, and by no other', () => {
    const next = { ...state, next: { secret: 'n', since: 1 } };
    expect(promoted(next, 'x', 5, 9)).toBeUndefined();
    expect(promoted(next, 'n', 5, 9)).toMatchObject({ secret: 'n', previous: { secret: 's', until: 9 }, rotatedAt: 5 });
  });

  it('is elevated by its current token alone: one that was replaced meanwhile elevates nobody', () => {
    const change = (was: typeof state.authentication) => ({ ...was, factors: { totp: 5 } });
    expect(elevated(state, { presented: 'old', secret: 'n' }, 5, 9, change as never)).toBeUndefined();
    expect(elevated(state, { presented: 's', secret: 'n' }, 5, 9, change as never)).toMatchObject({
      secret: 'n',
      authentication: { factors: { totp: 5 } },
      previous: { secret: 's', authentication: { factors: {} } },
    });
    const { authentication: _, ...nobody } = state;
    expect(elevated(nobody, { presented: 's', secret: 'n' }, 5, 9, change as never)).toBeUndefined();
  });
});

describe('a device', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
    ['Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1', 'Safari on iPhone'],
    ['<script>alert(1)</script>', 'unknown device'],
    [undefined, 'unknown device'],
  ])('%s is %s', (userAgent, name) => expect(describeDevice(userAgent)).toBe(name));
});
