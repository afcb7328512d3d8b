/** How delays grow on one key. Times in milliseconds. */
export interface DelayRule {
  /** Failures without a delay. */
  readonly free: number;
  /** The delay after the last free failure; it doubles with each further one. */
  readonly first: number;
  /** The longest delay; and the time in which one failure is forgotten. */
  readonly longest: number;
}

/** The state of one key. All times in milliseconds since 1970. */
export interface Tally {
  /** Failures that are not forgotten yet; a fraction, since they are forgotten evenly. */
  readonly level: number;
  /** When `level` was right. */
  readonly at: number;
  /** The latest attempt that was counted: delays run from there. */
  readonly last: number;
  /** Guesses until a day passed without one. */
  readonly guesses: number;
  /** Of networks: the first accounts that were tried from it, as four characters each, until a day passed without one. */
  readonly accounts: string;
  /** Who counted last: if nobody came after him, he can take his own attempt back without a trace. */
  readonly mark: string;
}

export const DAY: number = 86_400_000;

/** Nobody has failed here. */
export const CLEAN: Tally = { level: 0, at: 0, last: 0, guesses: 0, accounts: '', mark: '' };

/** Of a level that has grown by whole failures, only the error of the arithmetic is cut off. */
const TOLERANCE = 1e-9;

/** Failures that are not forgotten yet. A clock that was set back forgets nothing. */
export function levelAt(tally: Tally, rule: DelayRule, now: number): number {
  return Math.max(0, tally.level - Math.max(0, now - tally.at) / rule.longest);
}

/**
 * Milliseconds until the next attempt; 0: now.
 *
 * @example waitOf({ ...CLEAN, level: 6, at: now, last: now }, { free: 5, first: 1000, longest: 900_000 }, now) // 2000
 */
export function waitOf(tally: Tally, rule: DelayRule, now: number): number {
  const level = Math.ceil(levelAt(tally, rule, now) - TOLERANCE);
  if (level < rule.free) return 0;
  const delay = Math.min(rule.longest, rule.first * 2 ** (level - rule.free));
  // A time in the future is that of a clock which was set back: the delay begins now, and ends.
  return Math.max(0, Math.min(tally.last, now) + delay - now);
}

/** One attempt, as it is counted. */
export interface Counting {
  readonly mark: string;
  /** False for one that was refused: it cost work, but tried no password. */
  readonly isGuess: boolean;
  /** The key of the account, where the accounts that are tried matter. */
  readonly account?: string;
}

/** Counts an attempt as a failure. */
export function count(tally: Tally, rule: DelayRule, now: number, { mark, isGuess, account }: Counting): Tally {
  const { guesses, accounts } = remembered(tally, now);
  return {
    level: levelAt(tally, rule, now) + 1,
    at: now,
    last: now,
    guesses: guesses + (isGuess ? 1 : 0),
    accounts: account === undefined ? accounts : withAccount(accounts, account),
    mark,
  };
}

/** Whether fewer than `guesses` passwords, and at most two accounts with this one, were tried here within a day. */
export function isCleanFor(tally: Tally, guesses: number, now: number, account = ''): boolean {
  const known = remembered(tally, now);
  return known.guesses < guesses && withAccount(known.accounts, account).length <= SHORT * 2;
}

/** Of 132 bits: two accounts in one are a coincidence of one in sixteen million, and do no harm. */
const SHORT = 4;
/** One more than is clean: what comes after it changes nothing. */
const ACCOUNTS = 3;

function withAccount(accounts: string, account: string): string {
  const short = account.slice(0, SHORT);
  for (let i = 0; i < accounts.length; i += SHORT) if (accounts.slice(i, i + SHORT) === short) return accounts;
  return accounts.length >= SHORT * ACCOUNTS ? accounts : accounts + short;
}

/** All of them, until none has come for a day. */
function remembered(tally: Tally, now: number): { readonly guesses: number; readonly accounts: string } {
  return now - tally.last > DAY ? CLEAN : tally;
}

/**
 * Takes an attempt back that succeeded. If nobody counted after it, the key is as it was before; else one failure less,
 * and less of it the longer it took: what was forgotten by itself must not be taken off twice.
 *
 * @param taken - the key before the attempt was counted, and when that was
 */
export function takeBack(
  tally: Tally,
  taken: { before: Tally; at: number; mark: string },
  rule: DelayRule,
  now: number,
): Tally {
  const { before, at, mark } = taken;
  if (tally.mark === mark) return { ...before, level: levelAt(before, rule, now), at: now };
  const rest = Math.max(0, 1 - Math.max(0, now - at) / rule.longest);
  const level = Math.max(0, levelAt(tally, rule, now) - rest);
  return { ...tally, level, at: now, guesses: Math.max(0, tally.guesses - 1) };
}

/**
 * The most failures that a key lets through in any time: `free + ⌈log2(longest / first)⌉ + time / longest`.
 *
 * The level never rises above the first two: at that height the delay is `longest`, and in it one failure is forgotten
 * before the next is counted. Whatever came in beyond them was forgotten meanwhile, one each `longest`.
 */
export function mostFailures(rule: DelayRule, time: number): number {
  return rule.free + Math.ceil(Math.log2(rule.longest / rule.first) - TOLERANCE) + time / rule.longest;
}

/** A tally as text for a store. */
export function encode({ level, at, last, guesses, accounts, mark }: Tally): string {
  return JSON.stringify([level, at, last, guesses, accounts, mark]);
}

/** What cannot be read: one attempt, then the longest delay; the count after it mends the record. */
const UNREADABLE: Tally = { level: 64, at: Number.MAX_SAFE_INTEGER, last: 0, guesses: 64, accounts: '', mark: '' };

/** Reads a tally. One that is none stands for many failures, so that a broken record neither opens an account nor locks it. */
export function decode(text: string): Tally {
  const [level, at, last, guesses, accounts, mark] = listOf(text);
  if (!isCount(level) || !isCount(at) || !isCount(last) || !isCount(guesses)) return UNREADABLE;
  if (typeof accounts !== 'string' || typeof mark !== 'string') return UNREADABLE;
  return { level, at, last, guesses, accounts, mark };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function listOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
