import { describe, expect, it } from 'vitest';
import { type Argon2Parameters, FLOOR } from './argon2.ts';
import { calibrate, costOf, memoryPerHash, memoryPerStored, rungs } from './calibrate.ts';

const MIB = 1024;
const PLENTY = 1024 * MIB;

/** A machine that takes so many milliseconds for the floor, and in proportion for the rest. */
function machine(floor: number): { measure: (p: Argon2Parameters) => Promise<number>; asked: Argon2Parameters[] } {
  const asked: Argon2Parameters[] = [];
  return {
    asked,
    measure: async (parameters) => {
      asked.push(parameters);
      return (floor * costOf(parameters)) / costOf(FLOOR);
    },
  };
}

describe('calibrate', () => {
  it.each([
    ['a slow machine', 200, FLOOR],
    ['one that just bears the floor', 50, FLOOR],
    ['an ordinary one', 15, { memory: 49_152, time: 2 }],
    ['a fast one', 9, { memory: 65_536, time: 3 }],
    ['an absurdly fast one', 0.01, { memory: 65_536, time: 10 }],
  ])('%s (%d ms): %o', async (_name, floor, parameters) => {
    expect(await calibrate(machine(floor).measure, 50, PLENTY)).toEqual(parameters);
  });

  it('never goes below the floor, whatever was measured', async () => {
    for (const reading of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const found = await calibrate(async () => reading, 50, 1);
      expect(found.memory).toBeGreaterThanOrEqual(FLOOR.memory);
      expect(costOf(found)).toBeGreaterThanOrEqual(costOf(FLOOR));
    }
  });

  it('believes what it measures, not what it foresaw', async () => {
    const costly = async ({ memory, time }: Argon2Parameters): Promise<number> =>
      memory > 40_000 ? 1000 : (5 * memory * time) / costOf(FLOOR);
    expect(await calibrate(costly, 50, PLENTY)).toEqual({ memory: 32_768, time: 2 });
  });

  it('is not deceived by one slow moment', async () => {
    const { measure } = machine(15);
    for (const slow of [1, 2, 3]) {
      let calls = 0;
      const found = await calibrate(async (each) => (await measure(each)) + (++calls === slow ? 500 : 0), 50, PLENTY);
      expect(found).toEqual({ memory: 49_152, time: 2 });
    }
  });

  it('takes more passes where there is no more memory', async () => {
    expect(await calibrate(machine(10).measure, 50, 20 * MIB)).toEqual({ memory: FLOOR.memory, time: 10 });
    expect(await calibrate(machine(10).measure, 50, 40 * MIB)).toEqual({ memory: 32_768, time: 5 });
  });

  it('does not try what would take too long by all that is known: the start of a slow machine is slow enough', async () => {
    const { measure, asked } = machine(200);
    await calibrate(measure, 50, PLENTY);
    expect(asked).toEqual([FLOOR, FLOOR, FLOOR]);
  });

  it('measures each step twice at the most', async () => {
    const { measure, asked } = machine(0.01);
    await calibrate(async (parameters) => (await measure(parameters)) + (parameters === FLOOR ? 0 : 1000), 50, PLENTY);
    expect(asked.length).toBeLessThanOrEqual(3 + 2 * (rungs(PLENTY).length - 1));
  });

  it('every rung costs more than the one before', () => {
    for (const memory of [1, 20 * MIB, 48 * MIB, PLENTY]) {
      const costs = rungs(memory).map(costOf);
      expect(costs).toEqual([...new Set(costs)].toSorted((a, b) => a - b));
      expect(costs[0]).toBe(costOf(FLOOR));
    }
  });
});

describe('memory', () => {
  it('all hashes at once take an eighth of it', () => {
    expect(memoryPerHash(2, 2 ** 30)).toBe(64 * MIB);
    expect(memoryPerHash(2, 2 ** 29)).toBe(32 * MIB);
  });

  it('a stored hash may take 64 MiB always, and 256 MiB at the most', () => {
    expect(memoryPerStored(2, 0, 2 ** 28)).toBe(64 * MIB);
    expect(memoryPerStored(2, 100 * MIB, 2 ** 28)).toBe(100 * MIB);
    expect(memoryPerStored(2, 0, 2 ** 29)).toBe(128 * MIB);
    expect(memoryPerStored(2, 0, 2 ** 35)).toBe(256 * MIB);
  });
});
