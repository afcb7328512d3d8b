import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../errors.ts';
import { input } from '../index.ts';

describe('what a route declares: options', () => {
  it.each<[string, () => unknown, string]>([
    ['a size that is none', () => input.raw({ limit: 'abc' }), 'input.raw().limit'],
    ['NaN', () => input.stream({ limit: Number.NaN }), 'input.stream()'],
    ['Infinity', () => input.stream({ limit: Number.POSITIVE_INFINITY }), 'input.stream()'],
    ['a wildcard type', () => input.raw({ types: ['*/*'] }), 'input.raw().types[0]'],
    ['no type', () => input.text({ types: [] }), 'input.text().types'],
    ['forms as text', () => input.text({ types: ['application/x-www-form-urlencoded'] }), 'input.text().types[0]'],
    ['an unknown key', () => input.json({ strict: true } as never), 'input.json().strict'],
    ['extended forms', () => input.form({ extended: true } as never), 'input.form().extended'],
    ['no depth', () => input.json({ depth: 0 }), 'input.json().depth'],
  ])('refuses %s', (_, make, field) => {
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(expect.objectContaining({ field: expect.stringContaining(field) as string }));
  });
});
