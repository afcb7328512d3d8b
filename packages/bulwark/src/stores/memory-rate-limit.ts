import { ConfigError } from '../errors.ts';
import { type Bucket, consumeFrom, freshAt, refundTo } from './gcra.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from './rate-limit-store.ts';

/** Settings of the memory store. */
export interface MemoryRateLimitOptions {
  /** How many keys it keeps at most, from 1; default 100,000 (about 35 MB when full). */
  readonly maxEntries?: number;
}

/** The memory store, with a look at its size. */
export interface MemoryRateLimitStore extends RateLimitStore {
  readonly local: true;
  /** Keys that are kept now. */
  readonly size: number;
  consume(key: string, cost: number, rule: RateLimitRule, now: number): RateLimitResult;
  refund(key: string, units: number, rule: RateLimitRule, now: number): void;
}

interface Entry extends Bucket {
  readonly key: string;
  /** Its index in the list that it is in. */
  slot: number;
  /** Which list that is. */
  jailed: boolean;
}

interface List {
  readonly entries: Entry[];
  cursor: number;
}

/** Entries that are looked at to find the one to give up: enough to find one near the freshest, few enough to be quick. */
const SAMPLE = 16;

/** Entries that each request tidies up: two, so that the store shrinks faster than one new key a request lets it grow. */
const SWEEP = 2;

/**
 * Counts in this process: answers at once, keeps no timer, and holds at most `maxEntries` keys.
 *
 * When it is full, it gives up the entry that would be forgotten soonest (of a sample of 16), and a blocked one only
 * when all are: a flood of made-up keys pushes out its own entries, not those that hold somebody back.
 *
 * Each process counts for itself: behind a load balancer with N processes a client gets up to N times the limit.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` if `maxEntries` is not a whole number from 1
 * @see https://cwe.mitre.org/data/definitions/770.html
 * @example rateLimit({ store: memoryRateLimitStore({ maxEntries: 10_000 }), name: 'api' })
 */
export function memoryRateLimitStore(options: MemoryRateLimitOptions = {}): MemoryRateLimitStore {
  const maxEntries = options.maxEntries ?? 100_000;
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 10_000_000) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'memoryRateLimitStore.maxEntries',
      message: `${String(maxEntries)} is not a number of keys`,
      fix: 'write a whole number from 1 to 10000000',
    });
  }
  const byKey = new Map<string, Entry>();
  const open: List = { entries: [], cursor: 0 };
  const jail: List = { entries: [], cursor: 0 };

  function add(list: List, entry: Entry): void {
    entry.slot = list.entries.length;
    entry.jailed = list === jail;
    list.entries.push(entry);
  }

  function take(entry: Entry): void {
    const { entries } = entry.jailed ? jail : open;
    const last = entries.pop();
    if (last === undefined || last === entry) return;
    entries[entry.slot] = last;
    last.slot = entry.slot;
  }

  function forget(entry: Entry): void {
    take(entry);
    byKey.delete(entry.key);
  }

  function settle(entry: Entry, at: number): void {
    const isBlocked = entry.blockedUntil > at;
    if (isBlocked === entry.jailed) return;
    take(entry);
    add(isBlocked ? jail : open, entry);
  }

  function sweep(list: List, at: number): void {
    for (let n = 0; n < SWEEP && list.entries.length > 0; n++) {
      list.cursor = (list.cursor + 1) % list.entries.length;
      const entry = list.entries[list.cursor] as Entry;
      if (freshAt(entry) <= at) forget(entry);
      else settle(entry, at);
    }
  }

  function makeRoom(): void {
    const { entries } = open.entries.length > 0 ? open : jail;
    const all = entries.length <= SAMPLE;
    let victim: Entry | undefined;
    for (let n = 0; n < (all ? entries.length : SAMPLE); n++) {
      const entry = entries[all ? n : Math.floor(Math.random() * entries.length)] as Entry;
      if (victim === undefined || freshAt(entry) < freshAt(victim)) victim = entry;
    }
    if (victim !== undefined) forget(victim);
  }

  return {
    local: true,
    get size() {
      return byKey.size;
    },
    consume(key, cost, rule, now) {
      const at = Math.floor(now * 1000);
      sweep(open, at);
      sweep(jail, at);
      let entry = byKey.get(key);
      if (entry === undefined) {
        if (byKey.size >= maxEntries) makeRoom();
        entry = { tat: 0, strikes: 0, strikesUntil: 0, blockedUntil: 0, key, slot: 0, jailed: false };
        byKey.set(key, entry);
        add(open, entry);
      }
      const result = consumeFrom(entry, cost, rule, now);
      settle(entry, at);
      return result;
    },
    refund(key, units, rule) {
      // An entry that is gone has nothing left to give back.
      const entry = byKey.get(key);
      if (entry !== undefined) refundTo(entry, units, rule);
    },
  };
}
