import { describe, expect, it } from 'vitest';
import { type Outcome, randomFrom, type Setup, simulate } from './simulation.ts';

const SERVICE = 100;

/** One process, asked so often that it works this part of the time. */
function single(load: number, shape: number, changed: Partial<Setup> = {}): Outcome {
  return simulate({
    stations: [{ name: 'a', host: 0 }],
    hosts: [1],
    path: () => [[{ station: 0, service: SERVICE, wire: 0 }]],
    arrivals: { perSecond: (load / SERVICE) * 1e6 },
    shape,
    seed: 7,
    requests: 200_000,
    ...changed,
  });
}

describe('simulate', () => {
  it.each([0.3, 0.5, 0.7, 0.9])('M/D/1 at load %d: the mean wait is the one of the formula', (load) => {
    const { mean, busy } = single(load, Number.POSITIVE_INFINITY);
    const wait = (load * SERVICE) / (2 * (1 - load));
    expect(Math.abs(mean - SERVICE - wait) / (SERVICE + wait)).toBeLessThan(0.03);
    expect(busy.a).toBeCloseTo(load, 1);
  });

  it.each([0.3, 0.7])('M/M/1 at load %d: the mean time, and its 99th percentile', (load) => {
    const { mean, p99 } = single(load, 1);
    const expected = SERVICE / (1 - load);
    expect(Math.abs(mean - expected) / expected).toBeLessThan(0.05);
    expect(Math.abs(p99 - expected * Math.log(100)) / p99).toBeLessThan(0.08);
  });

  it.each([{ perSecond: 8000 }, { connections: 20 }])('Little’s law holds, with %j', (arrivals) => {
    const { perSecond, mean, inSystem } = single(0.8, 4, { arrivals });
    expect(Math.abs(inSystem - (perSecond * mean) / 1e6) / inSystem).toBeLessThan(0.01);
  });

  it('connections that wait for their answers do no more than the slowest part can', () => {
    const { perSecond, busy } = single(0, Number.POSITIVE_INFINITY, { arrivals: { connections: 50 } });
    expect(perSecond).toBeCloseTo(1e6 / SERVICE, 0);
    expect(busy.a).toBeCloseTo(1, 5);
  });

  it('one connection takes the sum of the stages, and of works that go out together the longest', () => {
    const { mean } = simulate({
      stations: ['server', 'near', 'far'].map((name, host) => ({ name, host })),
      hosts: [1, 1, 1],
      path: () => [
        [{ station: 0, service: 30, wire: 0 }],
        [
          { station: 1, service: 10, wire: 100 },
          { station: 2, service: 10, wire: 500 },
        ],
        [{ station: 0, service: 20, wire: 0 }],
      ],
      arrivals: { connections: 1 },
      shape: Number.POSITIVE_INFINITY,
      seed: 1,
      requests: 100,
    });
    expect(mean).toBeCloseTo(30 + 510 + 20, 6);
  });

  it('processes that share a core do together what one could', () => {
    const twoOn = (cores: number): number =>
      simulate({
        stations: [
          { name: 'a', host: 0 },
          { name: 'b', host: 0 },
        ],
        hosts: [cores],
        path: (from) => [[{ station: from % 2, service: SERVICE, wire: 0 }]],
        arrivals: { connections: 50 },
        shape: Number.POSITIVE_INFINITY,
        seed: 3,
        requests: 20_000,
      }).perSecond;
    expect(twoOn(1)).toBeCloseTo(1e6 / SERVICE, 0);
    expect(twoOn(2) / twoOn(1)).toBeGreaterThan(1.8);
  });

  it('is the same for the same seed, and not for another', () => {
    const run = (seed: number): Outcome => single(0.7, 4, { seed, requests: 2000 });
    expect(run(1)).toEqual(run(1));
    expect(run(2)).not.toEqual(run(1));
  });
});

describe('randomFrom', () => {
  it('is spread evenly from 0 to below 1', () => {
    const random = randomFrom(5);
    const parts = Array<number>(10).fill(0);
    for (let n = 0; n < 100_000; n++) {
      const part = Math.floor(random() * 10);
      parts[part] = (parts[part] ?? 0) + 1;
    }
    expect(parts).toHaveLength(10);
    for (const count of parts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
