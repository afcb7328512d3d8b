import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventInput } from '../../events.ts';
import { watchPressure } from './pressure.ts';
import { PRESSURE_DEFAULTS, type PressureOptions, type PressureSample, resolvePressure } from './pressure-options.ts';

const CALM: PressureSample = { eventLoopDelay: 0, heapUsed: 0.3, rss: 0 };

describe('pressure', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  function watch(options: PressureOptions = {}): {
    level: () => number;
    events: EventInput[];
    /** What the next looks see. */
    see: (sample: Partial<PressureSample>, looks: number) => number[];
    close: () => void;
  } {
    let now = CALM;
    const events: EventInput[] = [];
    const resolved = resolvePressure({ ...PRESSURE_DEFAULTS, sample: () => now, ...options });
    const pressure = watchPressure(resolved, (event) => void events.push(event));
    pressure.level();
    const see = (sample: Partial<PressureSample>, looks: number): number[] => {
      now = { ...CALM, ...sample };
      return Array.from({ length: looks }, () => {
        vi.advanceTimersByTime(100);
        return pressure.level();
      });
    };
    return { level: pressure.level, events, see, close: pressure.close };
  }

  it('rises with the delay of the event loop: once over the limit, and twice', () => {
    const { see } = watch();
    expect(see({ eventLoopDelay: 400 }, 20).every((level) => level === 0)).toBe(true);
    expect(see({ eventLoopDelay: 800 }, 3)).toEqual([0, 1, 1]);
    expect(see({ eventLoopDelay: 3000 }, 2)).toEqual([1, 2]);
  });

  it('is not made by one pause, however long', () => {
    const { see, events } = watch();
    for (const eventLoopDelay of [900, 60_000, 3_600_000]) {
      expect(see({ eventLoopDelay }, 1)).toEqual([0]);
      expect(see({}, 12).every((level) => level === 0)).toBe(true);
    }
    expect(events).toEqual([]);
  });

  it('is made by pauses that come again, with calm between them', () => {
    const { see } = watch();
    const levels = [1, 2, 3].flatMap(() => [...see({ eventLoopDelay: 700 }, 1), ...see({}, 7)]);
    expect(levels.slice(0, 8)).toEqual(Array(8).fill(0));
    expect(levels.slice(8)).toEqual(Array(16).fill(1));
  });

  it('falls a level for each second of calm, and by itself', () => {
    const { see } = watch();
    see({ eventLoopDelay: 3000 }, 3);
    const levels = see({}, 40);
    expect(levels.filter((level) => level === 2).length).toBeGreaterThanOrEqual(10);
    expect(levels.filter((level) => level === 1).length).toBeGreaterThanOrEqual(4);
    expect(levels.at(-1)).toBe(0);
    expect(levels).toEqual(levels.toSorted((a, b) => b - a));
  });

  it('does not flutter around the limit', () => {
    const { see } = watch();
    see({ eventLoopDelay: 800 }, 5);
    const around = Array.from({ length: 20 }, (_, i) => see({ eventLoopDelay: i % 4 < 2 ? 300 : 520 }, 3)).flat();
    expect(new Set(around)).toEqual(new Set([1]));
  });

  it('says once that it begins, and once that it ends', () => {
    const { see, events } = watch();
    see({ eventLoopDelay: 800, heapUsed: 0.5 }, 5);
    see({ eventLoopDelay: 4000 }, 5);
    expect(events.map(({ event }) => event)).toEqual(['sys_overload_begins']);
    expect(events[0]).toMatchObject({ level: 'WARN', practice: 'limits', details: { heapUsed: 0.5 } });
    see({}, 50);
    expect(events.map(({ event, level }) => [event, level])).toEqual([
      ['sys_overload_begins', 'WARN'],
      ['sys_overload_ends', 'INFO'],
    ]);
    const { eventLoopDelay, milliseconds } = events[1]?.details ?? {};
    expect(Number(eventLoopDelay)).toBeGreaterThan(3000);
    expect(Number(milliseconds)).toBeGreaterThan(1500);
  });

  it.each<[string, PressureOptions, Partial<PressureSample>]>([
    ['the heap', {}, { heapUsed: 0.95 }],
    ['the resident memory', { maxRss: '100mb' }, { rss: 101 * 1024 ** 2 }],
  ])('is critical at once where %s is over its limit, and ends below it', (_name, options, sample) => {
    const { see } = watch(options);
    expect(see(sample, 1)).toEqual([2]);
    expect(see({}, 40).at(-1)).toBe(0);
  });

  it('lets what is cheap through every other five seconds while memory is all that is wrong: it moves the collector on', () => {
    const { see } = watch();
    const levels = see({ heapUsed: 0.95 }, 200);
    expect(levels.slice(0, 49).every((level) => level === 2)).toBe(true);
    expect(levels.slice(61, 99).every((level) => level === 1)).toBe(true);
    expect(levels.slice(101, 149).every((level) => level === 2)).toBe(true);
    // Above 95% of the limit it is not kept yet.
    expect(see({ heapUsed: 0.87 }, 5).every((level) => level > 0)).toBe(true);
  });

  it('looks only while it is asked', () => {
    const { level, see, close } = watch();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(31_000);
    expect(vi.getTimerCount()).toBe(0);
    level();
    expect(vi.getTimerCount()).toBe(1);
    see({ eventLoopDelay: 5000 }, 3);
    close();
    expect(vi.getTimerCount()).toBe(0);
    expect(level()).toBe(0);
  });

  it('tells its end when it is closed', () => {
    const { see, close, events } = watch();
    see({ heapUsed: 0.95 }, 1);
    close();
    expect(events.map(({ event }) => event)).toEqual(['sys_overload_begins', 'sys_overload_ends']);
  });
});

describe('what is looked at', () => {
  it('is the lateness of a timer, and the heap: a loop that is held up raises the level', async () => {
    const events: EventInput[] = [];
    const samples: number[] = [];
    const options = resolvePressure({ ...PRESSURE_DEFAULTS, maxEventLoopDelay: 50, interval: 10 });
    const pressure = watchPressure(options, (event) => void events.push(event));
    pressure.level();
    while (pressure.level() === 0) {
      const until = performance.now() + 200;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 0));
      samples.push(pressure.level());
    }
    expect(samples.at(-1)).toBeGreaterThan(0);
    expect(events[0]?.event).toBe('sys_overload_begins');
    const heapUsed = Number(events[0]?.details?.heapUsed);
    expect([heapUsed > 0, heapUsed < 1]).toEqual([true, true]);
    pressure.close();
  });

  it('is the resident memory only where it has a limit', () => {
    const events: EventInput[] = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const options = resolvePressure({ ...PRESSURE_DEFAULTS, maxRss: '1kb' });
    const pressure = watchPressure(options, (event) => void events.push(event));
    pressure.level();
    vi.advanceTimersByTime(100);
    expect(pressure.level()).toBe(2);
    expect(Number(events[0]?.details?.rss)).toBeGreaterThan(1024);
    pressure.close();
    vi.useRealTimers();
  });
});
