import v8 from 'node:v8';
import type { Emit } from '../../events.ts';
import type { PressureSample, ResolvedPressure } from './pressure-options.ts';

/** 0: none; 1 (elevated): expensive requests are shed; 2 (critical): all but essential ones. */
export type PressureLevel = 0 | 1 | 2;

/** Whether the process is under pressure. */
export interface Pressure {
  /** The level now. Asking is what keeps the looking going. */
  level(): PressureLevel;
  /** Ends the looking; the next question begins it again. */
  close(): void;
}

/** Looks that are remembered. */
const LOOKS = 10;
/** Milliseconds for which it must have been calmer before less is shed. */
const CALM = 1000;
/** Milliseconds after which memory alone sheds less for as long: see {@link watchPressure}. */
const MEMORY_TURN = 5000;
/** Milliseconds without a question after which nobody looks any more. */
const IDLE = 30_000;
/** The share of a memory limit below which it counts as kept again. */
const RELIEF = 0.95;

/**
 * Looks at the event loop and the memory every `interval`, from the first question on.
 *
 * The delay that counts is the second longest of the last ten looks: one pause, however long (a garbage collection, a
 * breakpoint), sheds nothing, and what holds the loop up again and again does, with gaps or without. The level rises at once
 * and falls by one for each second of calm, where calm is half of what made it rise.
 *
 * Used heap includes garbage, and V8 collects it as memory is asked for: if everything is shed, nobody asks. So memory is
 * critical for five seconds and elevated for the next five, until it is below the limit: what is cheap then moves it on.
 *
 * A timer that comes late tells the delay; `perf_hooks.monitorEventLoopDelay` costs more, and forgets a delay that spans
 * the reset of its histogram (docs/decisions/0010).
 */
export function watchPressure(options: ResolvedPressure, emit: Emit): Pressure {
  const { maxEventLoopDelay, maxHeapUsed, maxRss, interval } = options;
  const take = options.sample ?? sampler(maxRss);
  let timer: NodeJS.Timeout | undefined;
  let level: PressureLevel = 0;
  let delays: number[] = [];
  let seen = 0;
  let asked = 0;
  let calmSince = 0;
  let memorySince: number | undefined;
  let peak: PressureSample = CALMEST;
  let began = 0;

  function look(): void {
    const now = performance.now();
    const sample = take(Math.max(0, now - seen - interval));
    seen = now;
    delays = [...delays.slice(1 - LOOKS), sample.eventLoopDelay];
    const delay = secondLongest(delays);
    const memory = memoryLevel(sample, now);
    const rise = atLeast(memory, delay > 2 * maxEventLoopDelay ? 2 : delay > maxEventLoopDelay ? 1 : 0);
    const stay = atLeast(memory, delay > maxEventLoopDelay ? 2 : delay > maxEventLoopDelay / 2 ? 1 : 0);
    peak = highest(peak, { ...sample, eventLoopDelay: delay });
    if (rise > level) change(rise, now);
    else if (stay >= level) calmSince = now;
    else if (now - calmSince >= CALM) change(level === 2 ? 1 : 0, now);
    if (level === 0 && now - asked > IDLE) close();
  }

  function memoryLevel({ heapUsed, rss }: PressureSample, now: number): PressureLevel {
    const share = memorySince === undefined ? 1 : RELIEF;
    if (heapUsed <= maxHeapUsed * share && rss <= maxRss * share) memorySince = undefined;
    else memorySince ??= now;
    if (memorySince === undefined) return 0;
    return Math.floor((now - memorySince) / MEMORY_TURN) % 2 === 0 ? 2 : 1;
  }

  function change(to: PressureLevel, now: number): void {
    const from = level;
    level = to;
    calmSince = now;
    if (from === 0) {
      began = now;
      say('sys_overload_begins', 'WARN', 'the process is under pressure: requests are shed until it has passed', peak);
    }
    if (to === 0) {
      const milliseconds = Math.round(now - began);
      say('sys_overload_ends', 'INFO', 'the process is no longer under pressure', peak, { milliseconds });
      peak = CALMEST;
    }
  }

  function say(
    event: 'sys_overload_begins' | 'sys_overload_ends',
    eventLevel: 'WARN' | 'INFO',
    description: string,
    { eventLoopDelay, heapUsed, rss }: PressureSample,
    more: object = {},
  ): void {
    const delay = Math.round(eventLoopDelay);
    const memory = { heapUsed: Math.round(heapUsed * 1000) / 1000, ...(rss === 0 ? {} : { rss }) };
    emit({
      event,
      level: eventLevel,
      practice: 'limits',
      description,
      details: { eventLoopDelay: delay, ...memory, ...more },
    });
  }

  function start(): void {
    seen = performance.now();
    delays = [];
    timer = setInterval(look, interval).unref();
  }

  function close(): void {
    clearInterval(timer);
    timer = undefined;
    if (level !== 0) change(0, performance.now());
    memorySince = undefined;
    peak = CALMEST;
  }

  return {
    level() {
      if (timer === undefined) start();
      asked = seen;
      return level;
    },
    close,
  };
}

const CALMEST: PressureSample = { eventLoopDelay: 0, heapUsed: 0, rss: 0 };

function atLeast(a: PressureLevel, b: PressureLevel): PressureLevel {
  return a > b ? a : b;
}

function secondLongest(delays: readonly number[]): number {
  let [longest, second] = [0, 0];
  for (const delay of delays) {
    if (delay > longest) [longest, second] = [delay, longest];
    else if (delay > second) second = delay;
  }
  return second;
}

function highest(a: PressureSample, b: PressureSample): PressureSample {
  return {
    eventLoopDelay: Math.max(a.eventLoopDelay, b.eventLoopDelay),
    heapUsed: Math.max(a.heapUsed, b.heapUsed),
    rss: Math.max(a.rss, b.rss),
  };
}

/** Reading the resident memory costs thirty times as much as reading the heap's, so it is only read for a limit on it. */
function sampler(maxRss: number): (late: number) => PressureSample {
  const readsRss = Number.isFinite(maxRss);
  return (late) => {
    const { used_heap_size: used, heap_size_limit: limit } = v8.getHeapStatistics();
    return { eventLoopDelay: late, heapUsed: used / limit, rss: readsRss ? process.memoryUsage.rss() : 0 };
  };
}
