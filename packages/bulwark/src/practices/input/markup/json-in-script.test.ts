import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json } from './json-in-script.ts';

describe('json()', () => {
  it('reads as the same value, and holds nothing that a parser of HTML looks at', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = String(json(value));
        const expected = JSON.stringify(value, (key, inner: unknown) => (key === '__proto__' ? undefined : inner));
        expect(JSON.stringify(JSON.parse(text))).toBe(expected);
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['</script>', '<!--<script>', ']]>', '&lt;', '\u2028\u2029', '"\'`$\\', '\ud800'])('%j', (text) => {
    expect(JSON.parse(String(json({ [text]: text })))).toEqual({ [text]: text });
    expect(String(json(text))).not.toMatch(/[<>&\u2028\u2029]/);
    expect(runInNewContext(`(${String(json([text]))})[0]`)).toBe(text);
  });

  it('calls toJSON, and leaves out what JSON.stringify leaves out', () => {
    expect(String(json({ at: new Date(0), gone: undefined, f() {}, n: Number.NaN }))).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","n":null}',
    );
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined has no JSON'],
    ['a function', () => 1, 'function has no JSON'],
    ['a symbol', Symbol('x'), 'symbol has no JSON'],
    ['a BigInt', { n: 1n }, 'JSON has no BigInt'],
    ['what toJSON makes of nothing', { toJSON: () => undefined }, 'object has no JSON'],
  ])('refuses %s, and says what to do', (_what, value, message) => {
    expect(() => json(value)).toThrow(message);
    expect(() => json(value)).toThrow(/Fix: /);
  });

  it('refuses an object that holds itself, and passes on what a toJSON throws', () => {
    const self: Record<string, unknown> = {};
    self.self = self;
    expect(() => json(self)).toThrow('an object holds itself. Fix: ');
    const error = new RangeError('mine');
    const throws = {
      toJSON() {
        throw error;
      },
    };
    expect(() => json(throws)).toThrow(error);
  });

  it('gives no object a prototype, where JSON.stringify does (the control)', () => {
    const sent: unknown = JSON.parse('{"a":{"__proto__":{"isAdmin":true},"b":1},"c":"\\"__proto__\\""}');
    const inScript = (text: string): unknown => runInNewContext(`(${text}).a.isAdmin`);
    expect(inScript(JSON.stringify(sent))).toBe(true);
    expect(inScript(String(json(sent)))).toBeUndefined();
    expect(JSON.parse(String(json(sent)))).toEqual({ a: { b: 1 }, c: '"__proto__"' });
  });
});
