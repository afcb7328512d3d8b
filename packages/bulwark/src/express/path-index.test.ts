import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathIndex } from './path-index.ts';

const segment = fc.constantFrom('a', 'b', 'A', 'ab', '', '1');
const prefixes = fc.option(fc.array(fc.array(segment, { maxLength: 3 }), { minLength: 1, maxLength: 3 }), {
  nil: undefined,
});

function begins(path: string, segments: readonly string[]): boolean {
  const parts = path.toLowerCase().slice(1).split('/');
  return segments.every((wanted, i) => parts[i] === wanted.toLowerCase());
}

describe('an index of paths', () => {
  it('leaves in question what begins as the path does, in the order of the items', () => {
    fc.assert(
      fc.property(fc.array(prefixes, { maxLength: 8 }), fc.array(segment, { maxLength: 4 }), (all, parts) => {
        const path = `/${parts.join('/')}`;
        const index = new PathIndex(all.map((of, item) => ({ item, prefixes: of })));
        const wanted = all.flatMap((of, item) => (of?.every((row) => !begins(path, row)) === true ? [] : [item]));
        expect(index.find(path)).toEqual(wanted);
      }),
    );
  });

  it('leaves everything in question for what is no path', () => {
    const index = new PathIndex([{ item: 1, prefixes: [['a']] }]);
    expect([index.find(''), index.find('a'), index.find('/b')]).toEqual([[1], [1], []]);
  });

  it('finds few among many, and ends early where its lists would take too much memory', () => {
    const literal = Array.from({ length: 2000 }, (_, item) => ({ item, prefixes: [[`route${item}`]] }));
    expect(new PathIndex(literal).find('/route1999/x')).toEqual([1999]);
    const everywhere = Array.from({ length: 2000 }, (_, i) => ({ item: 2000 + i, prefixes: undefined }));
    const index = new PathIndex([...literal, ...everywhere]);
    expect(index.find('/route1999')).toEqual([...literal, ...everywhere].map(({ item }) => item));
  });
});
