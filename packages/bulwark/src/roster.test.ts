import { array, assert, boolean, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Roster } from './roster.ts';

describe('a roster', () => {
  it('holds what a Set would hold, whatever comes and goes', () => {
    const moves = array(tuple(boolean(), integer({ min: 0, max: 9 })));
    assert(
      property(moves, (all) => {
        const people = Array.from({ length: 10 }, (_, n) => ({ n }));
        const [roster, other, known] = [new Roster<object>(), new Roster<object>(), new Set<object>()];
        for (const person of people) other.add(person);
        for (const [enters, n] of all) {
          const person = people[n] as object;
          if (enters) {
            roster.add(person);
            known.add(person);
          } else expect(roster.delete(person)).toBe(known.delete(person));
          expect(roster.has(person)).toBe(known.has(person));
        }
        expect(roster.size).toBe(known.size);
        expect(new Set(roster)).toEqual(known);
        expect(other.size).toBe(10);
      }),
    );
  });

  it('passes nobody over when others leave while it is read', () => {
    const roster = new Roster<{ readonly n: number }>();
    const people = Array.from({ length: 20 }, (_, n) => ({ n }));
    for (const person of people) roster.add(person);
    const met = new Set<number>();
    for (const person of roster) {
      met.add(person.n);
      roster.delete(person);
      const other = people[(person.n * 7) % 20];
      if (other !== undefined && met.has(other.n)) roster.delete(other);
    }
    expect(met.size).toBe(20);
    expect(roster.size).toBe(0);
  });
});
