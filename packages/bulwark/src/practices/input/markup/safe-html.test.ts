import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../errors.ts';
import { markup } from './markup-tag.ts';
import { dangerouslyRaw, rawUses, SafeHtml } from './safe-html.ts';
import { sanitized } from './sanitized.ts';

const safe = dangerouslyRaw('<b>x</b>', { reason: 'a test of our own' });

describe('SafeHtml', () => {
  it('is text where text is asked for', () => {
    expect(`${safe}`).toBe('<b>x</b>');
    expect(JSON.stringify({ safe })).toBe('{"safe":"<b>x</b>"}');
    expect(SafeHtml.read(safe)).toEqual({ html: '<b>x</b>', kind: 'markup' });
  });

  it.each<[string, unknown]>([
    ['JSON that looks like one', JSON.parse(JSON.stringify({ html: '<b>', kind: 'markup', '#html': '<b>' }))],
    ['JSON with its prototype’s name', JSON.parse('{"__proto__":{"html":"<b>"},"constructor":{"name":"SafeHtml"}}')],
    ['an object with its prototype', Object.create(SafeHtml.prototype)],
    ['an object with its methods', { toString: () => '<b>', toJSON: () => '<b>' }],
    ['a copy of one', Object.assign({}, safe)],
    ['a clone of one', structuredClone(safe)],
    ['what became of one on its way through JSON', JSON.parse(JSON.stringify(safe))],
    ['text', '<b>'],
    ['nothing', null],
  ])('is not forged by %s', (_what, forged) => {
    expect(SafeHtml.read(forged)).toBeUndefined();
    let shown = '';
    try {
      shown = String(markup`<p title="${forged}">${forged}</p>`);
    } catch (error) {
      // What has the prototype but not the inside cannot even be printed.
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(shown).not.toMatch(/<b>/);
  });

  it('is not made by its class, not even by a subclass', () => {
    const Constructor = safe.constructor as new (...args: unknown[]) => SafeHtml;
    expect(() => new Constructor(Symbol('bulwark.safe-html'), '<b>', 'markup')).toThrow(TypeError);
    expect(() => new (class extends Constructor {})('<b>')).toThrow(TypeError);
    expect(() => Object.assign(safe, { toString: () => 'x' })).toThrow(TypeError);
  });
});

describe('dangerouslyRaw()', () => {
  it('wants a reason, and text', () => {
    expect(() => dangerouslyRaw('<b>', { reason: ' ' })).toThrow(ConfigError);
    // @ts-expect-error a reason is demanded
    expect(() => dangerouslyRaw('<b>')).toThrow(ConfigError);
    expect(() => dangerouslyRaw({ toString: () => '<b>' } as unknown as string, { reason: 'a test' })).toThrow(
      TypeError,
    );
  });

  it('remembers its reasons, how often, and not without bound', () => {
    for (let i = 0; i < 3; i++) dangerouslyRaw('', { reason: 'counted three times' });
    expect(rawUses()).toContainEqual({ reason: 'counted three times', count: 3 });
    for (let i = 0; i < 500; i++) dangerouslyRaw('', { reason: `reason ${i} ${'x'.repeat(1000)}` });
    const uses = rawUses();
    expect(uses.length).toBe(101);
    expect(uses.at(-1)).toEqual({ reason: 'for further reasons', count: expect.any(Number) as number });
    expect(uses.reduce((sum, { count }) => sum + count, 0)).toBe(504);
    expect(uses.every(({ reason }) => reason.length <= 200)).toBe(true);
  });
});

describe('sanitized()', () => {
  it('takes out what runs, by the preset that it is given', () => {
    expect(String(sanitized('<h1 onclick=x()>a<script>x()</script></h1>'))).toBe('<h1>a</h1>');
    expect(String(sanitized('<h1>a</h1><b>b</b>', 'inline'))).toBe('a<b>b</b>');
    const options = { classes: ['note'] };
    expect(String(sanitized('<p class="note x">a</p>', options))).toBe('<p class="note">a</p>');
    expect([String(sanitized(null)), String(sanitized(undefined))]).toEqual(['', '']);
  });

  it('shows as text what is too long or too deep to be sanitised: a page is not lost for one note', () => {
    const deep = '<b>'.repeat(600);
    expect(String(sanitized(deep))).toBe('&lt;b&gt;'.repeat(600));
    expect(String(sanitized('<b>1', { max: 3 }))).toBe('&lt;b&gt;1');
  });

  it('takes nothing but text, and no sanitiser of somebody else', () => {
    expect(() => sanitized(['<script>'] as unknown as string)).toThrow(TypeError);
    expect(() => sanitized('a', 'all' as 'rich')).toThrow(ConfigError);
    expect(() => sanitized('a', ((x: string) => x) as unknown as 'rich')).toThrow();
  });
});
