import type { Emit } from '../../../events.ts';
import type { StoredRecord } from '../../../stores/record-store.ts';
import { type DelayRule, levelAt } from './delay.ts';
import { type Key, tallyOf } from './tally-store.ts';

/** Failures that one record counts at least: so few that no record is written by all at once. */
const SHARE = 50;
const MOST_SHARDS = 16;
const DAY = 86_400_000;

/** The key that is global: how many logins fail, over all accounts and networks. */
export interface Pressure {
  /** The record that this attempt reads and counts in: each in its turn, so that a flood does not queue for one. */
  next(): string;
  /** Whether more fail than is usual. Says so in an event when it begins and when it ends. */
  isHigh(seen: StoredRecord | undefined, now: number, emit: Emit): boolean;
  /** The key to count in; undefined where it is full: then nothing is written, and the pressure ends soon after the flood. */
  keyOf(key: string, seen: StoredRecord | undefined, now: number): Key | undefined;
}

/** The one global key, in up to 16 records. */
export function createPressure(
  prefix: string,
  options: { readonly failures: number; readonly rule: DelayRule },
): Pressure {
  const shards = Math.min(MOST_SHARDS, Math.max(1, Math.floor(options.failures / SHARE)));
  const share = options.failures / shards;
  const step = options.rule.longest * shards;
  const rule: DelayRule = { free: share, first: step, longest: step };
  let turn = 0;
  let isKnown = false;

  return {
    next: () => `${prefix}p:${turn++ % shards}`,
    isHigh(seen, now, emit) {
      const level = levelAt(tallyOf(seen), rule, now);
      const isHigh = level > share;
      if (isHigh && !isKnown) tell(emit, 'CRITICAL', 'many more logins fail than usual: unknown devices are held back');
      if (isKnown && level < share / 2) tell(emit, 'INFO', 'no more logins fail than usual');
      isKnown = isHigh || (isKnown && level >= share / 2);
      return isHigh;
    },
    keyOf(key, seen, now) {
      if (levelAt(tallyOf(seen), rule, now) >= share * 2) return undefined;
      return { key, rule, keep: 0, seen };
    },
  };
}

function tell(emit: Emit, level: 'CRITICAL' | 'INFO', description: string): void {
  emit({ event: 'excess_login_failures', level, practice: 'rate-limit', description });
}

/** The same delays under pressure: one free failure, and four times as long. */
export function underPressure(rule: DelayRule): DelayRule {
  return { free: 1, first: Math.min(DAY, rule.first * 4), longest: Math.min(DAY, rule.longest * 4) };
}
