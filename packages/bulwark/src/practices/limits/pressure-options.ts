import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { type ByteSize, type Duration, parseByteSize, parseDuration } from '../../units.ts';

/** When the process is under pressure. */
export interface PressureOptions {
  /**
   * The delay of the event loop (the second longest of the last ten looks) from which on expensive requests are shed; from
   * twice as much on, all but essential ones. `false`: not looked at. Default `'500ms'`, and `'5s'`
   * in development and test.
   */
  readonly maxEventLoopDelay?: Duration | false;
  /** The share of V8's heap limit, 0.1 to 1, from which on all but essential requests are shed. Default 0.9. */
  readonly maxHeapUsed?: number | false;
  /** The resident memory of the process from which on all but essential requests are shed. Default `false`. */
  readonly maxRss?: ByteSize | false;
  /** How often it is looked at. A shorter time sees short delays better and costs more. Default `'100ms'`. */
  readonly interval?: Duration;
  /** What is looked at, for tests: the late milliseconds of this look are handed in. */
  readonly sample?: (late: number) => PressureSample;
}

/** The state of the process at one look. */
export interface PressureSample {
  /** For how long the event loop kept everything waiting, in milliseconds. */
  readonly eventLoopDelay: number;
  /** Used heap as a share of V8's limit, 0 to 1. */
  readonly heapUsed: number;
  /** Resident memory in bytes; 0 where it is not looked at. */
  readonly rss: number;
}

/** {@link PressureOptions} with every default in place: milliseconds and bytes, `Infinity` for what is not looked at. */
export interface ResolvedPressure {
  readonly maxEventLoopDelay: number;
  readonly maxHeapUsed: number;
  readonly maxRss: number;
  readonly interval: number;
  readonly sample: ((late: number) => PressureSample) | undefined;
}

const duration = z.union([z.number(), z.string()]);
const off = z.literal(false);

export const pressureSchema: z.ZodType = z.strictObject({
  maxEventLoopDelay: z.union([off, duration]).optional(),
  maxHeapUsed: z.union([off, z.number().min(0.1).max(1)]).optional(),
  maxRss: z.union([off, duration]).optional(),
  interval: duration.optional(),
  sample: z
    .custom((value) => typeof value === 'function', 'must be a function that returns { eventLoopDelay, heapUsed, rss }')
    .optional(),
});

export const PRESSURE_DEFAULTS: PressureOptions = {
  maxEventLoopDelay: '500ms',
  maxHeapUsed: 0.9,
  maxRss: false,
  interval: '100ms',
};

/**
 * Reads `limits.pressure`, defaults laid under it already.
 *
 * @throws ConfigError for a value that is none, and where nothing is left to look at
 * @example resolvePressure({ ...PRESSURE_DEFAULTS, maxRss: '1gb' }).maxRss // 1073741824
 */
export function resolvePressure(given: PressureOptions): ResolvedPressure {
  const { maxEventLoopDelay, maxHeapUsed, maxRss } = given;
  const field = 'limits.pressure';
  if (isOff(maxEventLoopDelay) && isOff(maxHeapUsed) && isOff(maxRss)) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field,
      message: 'none of maxEventLoopDelay, maxHeapUsed and maxRss is looked at, so there is never any pressure',
      fix: 'write pressure: false if that is meant',
    });
  }
  const delay = isOff(maxEventLoopDelay) ? Number.POSITIVE_INFINITY : parse(maxEventLoopDelay, 'maxEventLoopDelay');
  const interval = parse(given.interval ?? '100ms', 'interval');
  if (interval > delay) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: `${field}.interval`,
      message: `a look every ${interval} ms does not see a delay of ${delay} ms`,
      fix: 'make it shorter than maxEventLoopDelay',
    });
  }
  return {
    maxEventLoopDelay: delay,
    maxHeapUsed: isOff(maxHeapUsed) ? Number.POSITIVE_INFINITY : maxHeapUsed,
    maxRss: isOff(maxRss) ? Number.POSITIVE_INFINITY : parseByteSize(maxRss, `${field}.maxRss`),
    interval,
    sample: given.sample,
  };
}

function parse(value: Duration, name: string): number {
  return parseDuration(value, `limits.pressure.${name}`);
}

function isOff(value: unknown): value is false | undefined {
  return value === false || value === undefined;
}
