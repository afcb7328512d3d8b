import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCKED, isScriptAddress, url } from './url-in-attribute.ts';

const HARMLESS = [
  'https://a.example/?q=1&r=<b>#x',
  'HTTP://A.example',
  'mailto:ann@a.example',
  '/a/b?c=d:e',
  'page.html',
  './a:b',
  '?a=javascript:x',
  '#javascript:x',
  '//cdn.example/x',
  '',
  'a b',
  'java%73cript:x',
];
const SCRIPTS = [
  'javascript:x()',
  'JaVaScRiPt:x()',
  ' \u0000\u0001javascript:x()',
  'java\tscr\nipt\r:x()',
  'javascript\t:x()',
  'vbscript:x',
  'data:text/html,<script>x()</script>',
  'data:,x',
  'DATA:image/svg+xml,<svg onload=x()>',
  'data:text/html;image/png,x',
];
const OTHERS = ['blob:https://a/1', 'file:///etc/passwd', 'ftp://a/', 'tel:1', 'view-source:x', 'about:blank', 'x:y'];

describe('url()', () => {
  it.each(HARMLESS)('leaves %j', (address) => {
    expect(url(address)).toBe(address);
    expect(isScriptAddress(address)).toBe(false);
  });

  it.each([...SCRIPTS, ...OTHERS])('blocks %j', (address) => {
    expect(url(address)).toBe(BLOCKED);
  });

  it.each([undefined, null, 1, ['javascript:x'], { toString: () => 'https://a' }, {}])(
    'blocks what is no text: %j',
    (value) => {
      expect(url(value)).toBe(BLOCKED);
    },
  );

  it('takes a URL, and gives back what browsers read', () => {
    expect(url(new URL('https://a.example/b'))).toBe('https://a.example/b');
    expect(url(new URL('javascript:x'))).toBe(BLOCKED);
    expect(url(' /a\tb\n')).toBe('/ab');
  });

  it('agrees with the URL parser about every address', () => {
    const part = fc.constantFrom(
      'java',
      'script',
      ':',
      '\t',
      '\n',
      ' ',
      '\u0000',
      'https',
      '//',
      'a',
      '&#58;',
      '%3a',
      'data',
      '\\',
      'J',
      '.',
      '/',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const address = url(parts.join(''));
        const base = 'https://own.example/';
        const { protocol } = URL.canParse(address, base) ? new URL(address, base) : { protocol: 'https:' };
        expect(address === BLOCKED || ['http:', 'https:', 'mailto:'].includes(protocol)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('an address that runs as a script', () => {
  it.each(SCRIPTS)('%j', (address) => {
    expect(isScriptAddress(address)).toBe(true);
  });

  it.each([...OTHERS, 'data:image/png;base64,AA', 'DATA:image/jpeg,x', 'data: image/gif;base64,A'])(
    'is not %j',
    (address) => {
      expect(isScriptAddress(address)).toBe(false);
    },
  );
});
