import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { guardCookie } from './cookies.ts';

const none: ReadonlySet<string> = new Set();
const tls = (cookie: string, readable = none): string => guardCookie(cookie, { tls: true, readable });
const plain = (cookie: string, readable = none): string => guardCookie(cookie, { tls: false, readable });

describe('guardCookie', () => {
  test.each([
    ['a=1', 'a=1; Secure; HttpOnly; SameSite=Lax'],
    ['a=1; path=/x; MAX-AGE=5', 'a=1; path=/x; MAX-AGE=5; Secure; HttpOnly; SameSite=Lax'],
    ['a=1; secure; httponly; samesite=strict', 'a=1; secure; httponly; samesite=strict'],
    ['a=1;Secure;HttpOnly;SameSite=None', 'a=1;Secure;HttpOnly;SameSite=None'],
    ['a=1; SameSite=None', 'a=1; SameSite=None; Secure; HttpOnly'],
    ['a=1; SameSite=Laxx; Secure; HttpOnly', 'a=1; Secure; HttpOnly; SameSite=Lax'],
    ['a=1; SameSite; Secure; HttpOnly', 'a=1; Secure; HttpOnly; SameSite=Lax'],
    ['a=1; SameSite=Strict; SameSite=bad', 'a=1; Secure; HttpOnly; SameSite=Lax'],
    ['a=secure; Path=/httponly', 'a=secure; Path=/httponly; Secure; HttpOnly; SameSite=Lax'],
    ['a=1; Partitioned', 'a=1; Partitioned; Secure; HttpOnly; SameSite=Lax'],
    ['a', 'a; Secure; HttpOnly; SameSite=Lax'],
  ])('over TLS %s becomes %s', (given, guarded) => expect(tls(given)).toBe(guarded));

  test.each([
    ['a=1', 'a=1; HttpOnly; SameSite=Lax'],
    ['a=1; SameSite=None', 'a=1; HttpOnly; SameSite=Lax'],
    ['a=1; SameSite=None; Secure; HttpOnly', 'a=1; SameSite=None; Secure; HttpOnly'],
    ['__Secure-a=1', '__Secure-a=1; Secure; HttpOnly; SameSite=Lax'],
  ])('over plain HTTP %s becomes %s', (given, guarded) => expect(plain(given)).toBe(guarded));

  test.each([
    ['__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax', '__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ['__Host-a=1', '__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ['__host-a=1; Domain=x.example; Path=/a; Secure', '__host-a=1; Secure; Path=/; HttpOnly; SameSite=Lax'],
    ['__Host-a=; Path=/a; Max-Age=0', '__Host-a=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax'],
    ['__Host-a=1; Path=/; Path=/b', '__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax'],
    [
      '__Hostile=1; Domain=x.example; Path=/a',
      '__Hostile=1; Domain=x.example; Path=/a; Secure; HttpOnly; SameSite=Lax',
    ],
  ])('prefixes: %s becomes %s', (given, guarded) => expect(tls(given)).toBe(guarded));

  test('only named cookies stay readable, by their exact name', () => {
    const readable = new Set(['XSRF-TOKEN', '__Http-x', '__Host-Http-x']);
    expect(tls('XSRF-TOKEN=1', readable)).toBe('XSRF-TOKEN=1; Secure; SameSite=Lax');
    expect(tls('xsrf-token=1', readable)).toContain('HttpOnly');
    expect(tls('XSRF-TOKEN2=1', readable)).toContain('HttpOnly');
    expect(tls('__Http-x=1', readable)).toContain('HttpOnly');
    expect(tls('__Host-Http-x=1', readable)).toContain('HttpOnly');
  });

  test('the value is never touched, and a second pass changes nothing', () => {
    const part = fc.constantFrom(
      'Path=/',
      'path=/a',
      'Domain=a.example',
      'Secure',
      'HTTPONLY',
      'SameSite=None',
      'SameSite=x',
      'Max-Age=0',
      '',
    );
    const name = fc.constantFrom('a', '__Host-a', '__Secure-a', '__Http-a', '__Host-Http-a', '');
    const value = fc.stringMatching(/^[!#-+\--:<-~]{0,20}$/);
    fc.assert(
      fc.property(name, value, fc.array(part, { maxLength: 6 }), fc.boolean(), (n, v, parts, isTls) => {
        const once = guardCookie([`${n}=${v}`, ...parts].join('; '), { tls: isTls, readable: none });
        expect(once.split(';')[0]).toBe(`${n}=${v}`);
        expect(guardCookie(once, { tls: isTls, readable: none })).toBe(once);
        expect(once).toMatch(/; *httponly/i);
        expect(once).toMatch(/; *samesite=(?:lax|strict|none)/i);
      }),
    );
  });
});
