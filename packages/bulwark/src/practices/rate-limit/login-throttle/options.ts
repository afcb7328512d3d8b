import { z } from 'zod';
import { ConfigError } from '../../../errors.ts';
import { resolveOptions } from '../../../options.ts';
import type { RecordStore } from '../../../stores/record-store.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import type { DelayRule } from './delay.ts';

/** How the delays of an account, a device or a network grow. */
export interface DelayOptions {
  /** Wrong passwords without a delay, from 1. */
  readonly free?: number;
  /** The delay after the last free one; each further one doubles it. */
  readonly first?: Duration;
  /** The longest delay, and the time in which one failure is forgotten. From `'1s'` to `'1d'`. */
  readonly longest?: Duration;
}

/** Options of {@link loginThrottle}. */
export interface LoginThrottleOptions {
  /** What it is called in the store: throttles of one name count together. `a-z`, `0-9`, `.`, `_`, `-`. Default `'login'`. */
  readonly name?: string;
  /** Per account, for devices that it does not know; and for each device that it knows. Default 5, `'1s'`, `'15m'`. */
  readonly account?: DelayOptions;
  /** Per client network, over all accounts. Default 10, `'1s'`, `'15m'`. */
  readonly network?: DelayOptions;
  /**
   * What an account keeps for networks that have not guessed while others make its delays grow: so many attempts within
   * `window`. Default `{ limit: 3, window: '1h' }`.
   */
  readonly reserve?: false | { readonly limit?: number; readonly window?: Duration };
  /**
   * From how many failures within `window`, over all accounts, on unknown devices have one free failure, and delays four
   * times as long. Set it to several times of what is usual in your app. Default `{ failures: 1000, window: '1h' }`.
   */
  readonly pressure?: false | { readonly failures?: number; readonly window?: Duration };
  /** How many devices an account knows, and for how long after they were last used. Default `{ limit: 10, lifetime: '90d' }`. */
  readonly devices?: false | { readonly limit?: number; readonly lifetime?: Duration };
  /** Bits of an IPv6 address that make one network, 32 to 64. Default 56, what a provider gives to one household. */
  readonly ipv6Prefix?: number;
  /** Where it counts; default the gate's store, else a memory store of its own. */
  readonly store?: RecordStore;
  /** How long an answer of `store` may take before a local one takes over; the gate's store has its own bound. Default `'250ms'`. */
  readonly timeout?: Duration;
  /** The time in milliseconds since 1970, for tests. Default `Date.now`. Processes that share a store share it. */
  readonly now?: () => number;
}

/** The options with every default in place, durations in milliseconds. */
export interface ResolvedLoginThrottleOptions {
  readonly name: string;
  readonly account: DelayRule;
  readonly network: DelayRule;
  /** The wider network around a client's own: many neighbours, so many free failures and short delays. */
  readonly wide: DelayRule;
  readonly reserve: DelayRule | undefined;
  readonly pressure: { readonly failures: number; readonly rule: DelayRule } | undefined;
  readonly devices: { readonly limit: number; readonly lifetime: number } | undefined;
  readonly ipv6Prefix: number;
  readonly store: RecordStore | undefined;
  readonly timeout: number;
  readonly now: () => number;
}

interface Written {
  readonly name: string;
  readonly account: Required<DelayOptions>;
  readonly network: Required<DelayOptions>;
  readonly reserve: false | { readonly limit: number; readonly window: Duration };
  readonly pressure: false | { readonly failures: number; readonly window: Duration };
  readonly devices: false | { readonly limit: number; readonly lifetime: Duration };
  readonly ipv6Prefix: number;
  readonly store: RecordStore | undefined;
  readonly timeout: Duration;
  readonly now: () => number;
}

/** The set of 2026-11: 18 wrong passwords at once and 7 an hour on one account, from however many addresses. */
const DEFAULTS: Written = {
  name: 'login',
  account: { free: 5, first: '1s', longest: '15m' },
  network: { free: 10, first: '1s', longest: '15m' },
  reserve: { limit: 3, window: '1h' },
  pressure: { failures: 1000, window: '1h' },
  devices: { limit: 10, lifetime: '90d' },
  ipv6Prefix: 56,
  store: undefined,
  timeout: '250ms',
  now: () => Date.now(),
};

/** So many times the free failures of one network has the wider one around it, and its delays end at a minute. */
const WIDE = 5;
const MINUTE = 60_000;
const DAY = 86_400_000;

const count: z.ZodType = z.number().int().min(1).max(1_000_000);
const duration: z.ZodType = z.union([z.number(), z.string()]);
const delays: z.ZodType = z.strictObject({
  free: z.number().int().min(1).max(1000).optional(),
  first: duration.optional(),
  longest: duration.optional(),
});
const off = z.literal(false);

/** The options of {@link loginThrottle}. */
const schema: z.ZodType = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-"')
    .optional(),
  account: delays.optional(),
  network: delays.optional(),
  reserve: z.union([off, z.strictObject({ limit: count.optional(), window: duration.optional() })]).optional(),
  pressure: z.union([off, z.strictObject({ failures: count.optional(), window: duration.optional() })]).optional(),
  devices: z
    .union([off, z.strictObject({ limit: z.number().int().min(1).max(100).optional(), lifetime: duration.optional() })])
    .optional(),
  ipv6Prefix: z.number().int().min(32).max(64).optional(),
  store: z
    .custom(isStore, 'must be a record store with get(), insert() and replace(), such as stores.records')
    .optional(),
  timeout: duration.optional(),
  now: z.custom((value) => typeof value === 'function', 'must be a function () => milliseconds').optional(),
});

function isStore(value: unknown): boolean {
  const store = value as Partial<RecordStore> | null | undefined;
  return [store?.get, store?.insert, store?.replace, store?.remove, store?.list].every(
    (one) => typeof one === 'function',
  );
}

/**
 * Reads the options.
 *
 * @throws ConfigError naming field and fix
 */
export function readOptions(given: LoginThrottleOptions): ResolvedLoginThrottleOptions {
  const { reserve, pressure, devices, ...options } = resolveOptions(schema, DEFAULTS, given, 'loginThrottle');
  const network = ruleOf(options.network, 'network');
  return {
    ...options,
    account: ruleOf(options.account, 'account'),
    network,
    wide: {
      free: network.free * WIDE,
      first: Math.min(network.first, MINUTE),
      longest: Math.min(network.longest, MINUTE),
    },
    reserve:
      reserve === false ? undefined : evenly(reserve.limit, within(reserve.window, 'reserve.window', 1000, 31 * DAY)),
    pressure: pressure === false ? undefined : pressureOf(pressure.failures, pressure.window),
    devices: devices === false ? undefined : devicesOf(devices.limit, devices.lifetime),
    timeout: parseDuration(options.timeout, 'loginThrottle.timeout'),
  };
}

function ruleOf({ free, first, longest }: Required<DelayOptions>, key: string): DelayRule {
  const rule = {
    free,
    first: within(first, `${key}.first`, 1, DAY),
    longest: within(longest, `${key}.longest`, 1000, DAY),
  };
  if (rule.first <= rule.longest) return rule;
  throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field: `loginThrottle.${key}.first`,
    message: 'the first delay is longer than the longest',
    fix: 'write a shorter first or a longer longest',
  });
}

/** `limit` at once, then one each `window / limit`: a delay that does not grow. */
function evenly(limit: number, window: number): DelayRule {
  return { free: limit, first: window / limit, longest: window / limit };
}

function pressureOf(failures: number, window: Duration): { failures: number; rule: DelayRule } {
  return { failures, rule: evenly(failures, within(window, 'pressure.window', 1000, 31 * DAY)) };
}

function devicesOf(limit: number, lifetime: Duration): { limit: number; lifetime: number } {
  // Browsers keep a cookie for 400 days at the most.
  return { limit, lifetime: within(lifetime, 'devices.lifetime', 60_000, 400 * DAY) };
}

function within(value: Duration, key: string, min: number, max: number): number {
  const field = `loginThrottle.${key}`;
  const ms = parseDuration(value, field);
  if (ms >= min && ms <= max) return ms;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${JSON.stringify(value)} is out of range`,
    fix: `write a duration from ${min}ms to ${max / DAY}d`,
  });
}
