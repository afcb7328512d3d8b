import { describe, expect, it } from 'vitest';
import { cleanText, loggedPath, redactText } from './clean-text.ts';

describe('cleanText', () => {
  it.each([
    ['plain', 'plain'],
    ['ä€😀', 'ä€😀'],
    ['a\nb\r\tc', 'a\\u000ab\\u000d\\u0009c'],
    ['\u0000\u001b[31m\u007f\u0085\u009b', '\\u0000\\u001b[31m\\u007f\\u0085\\u009b'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u202a\u202e\u2066\u2069\u200f\u061c', '\\u202a\\u202e\\u2066\\u2069\\u200f\\u061c'],
    ['\u200b\u2060\ufeff\u00ad', '\\u200b\\u2060\\ufeff\\u00ad'],
    ['\ud800x\udc00', '\\ud800x\\udc00'],
    ['\u{e0041}', '\\u{e0041}'],
    // Fillers and variation selectors, which can spell out any bytes.
    ['\u3164\u115f\u034f\ufe01\u{e0101}', '\\u3164\\u115f\\u034f\\ufe01\\u{e0101}'],
  ])('%j becomes %j', (text, cleaned) => {
    expect(cleanText(text, 100)).toBe(cleaned);
  });

  it('cuts what is too long, and says so', () => {
    expect(cleanText('x'.repeat(11), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(cleanText('x'.repeat(10), 10)).toBe('x'.repeat(10));
  });
});

describe('loggedPath', () => {
  it.each([
    ['/', '/'],
    ['/notes/7?token=x#y', '/notes/7'],
    ['/a#b', '/a'],
    ['*', '*'],
    ['/notes/507f1f77bcf86cd799439011', '/notes/507f1f77bcf86cd799439011'],
    ['/notes/3d6f0a4e-8f3b-4d1c-9a57-2b7c1f0e9d8a', '/notes/3d6f0a4e-8f3b-4d1c-9a57-2b7c1f0e9d8a'],
    ['/blog/how-to-build-a-secure-express-app-in-2026', '/blog/how-to-build-a-secure-express-app-in-2026'],
    ['/assets/chunk-vendors.9f86d081.min.bundle.js', '/assets/chunk-vendors.9f86d081.min.bundle.js'],
    ['/reset/9f86d081884c7d659a2feaa0c55ad015', '/reset/[redacted]'],
    ['/reset/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b/confirm', '/reset/[redacted]/confirm'],
    ['/reset/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4LWE_', '/reset/[redacted]'],
    ['/login/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '/login/[redacted]'],
    ['/t/GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '/t/[redacted]'],
    ['/p;jsessionid=0123456789ABCDEF0123456789ABCDEF', '/p;[redacted]'],
    ['http://ann:hunter2@host/x', 'http://[redacted]@host/x'],
  ])('%s is logged as %s', (target, path) => {
    expect(loggedPath(target)).toBe(path);
  });
});

describe('redactText', () => {
  it.each([
    ['no secret here', 'no secret here'],
    ['password=hunter2', 'password=[redacted]'],
    ['{"password":"hunter two","a":1}', '{"password":[redacted],"a":1}'],
    ['{"password":"hun\\"ter2","a":1}', '{"password":[redacted],"a":1}'],
    ['{"password":"hunter two, cut of', '{"password":[redacted]'],
    ['{"body":"{\\"password\\":\\"hunter two\\",\\"a\\":1}"}', '{"body":"{\\"password\\":[redacted],\\"a\\":1}"}'],
    [
      "{ tokens: [ 'hunter2', 'hunter2' ], cookies: { sid: 'hunter2' }, a: 1 }",
      '{ tokens: [redacted], cookies: [redacted], a: 1 }',
    ],
    ["Map(1) { 'password' => 'hunter two' }", "Map(1) { 'password' => [redacted] }"],
    ['"token"=>"hunter2", x', '"token"=>[redacted], x'],
    ['password%3Dhunter2', 'password%3D[redacted]'],
    ['cvv=123 pin: 1234 spin: 12', 'cvv=[redacted] pin: [redacted] spin: 12'],
    ["db_password: 'hunter2', x", 'db_password: [redacted], x'],
    ['reset_token = hunter2;next', 'reset_token = [redacted];next'],
    ['api-key=hunter2&x=1', 'api-key=[redacted]&x=1'],
    ['Authorization: Basic aHVudGVyMg==', 'Authorization: [redacted]'],
    ['Cookie: a=hunter2; b=hunter2\nnext', 'Cookie: [redacted]\nnext'],
    ['sent Bearer hunter2hunter2 to it', 'sent Bearer [redacted] to it'],
    ['postgres://app:hunter2@db/shop', 'postgres://[redacted]@db/shop'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln malformed', 'jwt [redacted] malformed'],
    ['invalid 9f86d081884c7d659a2feaa0c55ad015', 'invalid [redacted]'],
    ['id 3d6f0a4e-8f3b-4d1c-9a57-2b7c1f0e9d8a', 'id 3d6f0a4e-8f3b-4d1c-9a57-2b7c1f0e9d8a'],
    ['this.userRepository.findOneByEmailAddressAndTenant is not a function', undefined],
    ['Unexpected token h, "{"a":hunter2" is not valid JSON', 'Unexpected token h, [redacted] is not valid JSON'],
    ['Unexpected token h, ..."word":hunter"... is not valid JSON', 'Unexpected token h, [redacted] is not valid JSON'],
  ])('%j becomes %j', (text, redacted) => {
    expect(redactText(text)).toBe(redacted ?? text);
  });

  it('is linear in what it is given', () => {
    for (const piece of [
      'password',
      'a.',
      '"',
      '://',
      'eyJaaaaaa.',
      'token:',
      '-',
      ' ',
      'token:"\\',
      'token:[',
      'token:\\"',
    ]) {
      expect(redactText(piece.repeat(20_000)).length).toBeGreaterThan(0);
    }
  });
});
