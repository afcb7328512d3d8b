import type { Emit } from '../../../events.ts';
import { isPromise } from '../../../stores/maybe-promise.ts';
import type { MaybePromise, RecordStore, StoredRecord } from '../../../stores/record-store.ts';
import { DAY, type DelayRule, isCleanFor, type Tally, waitOf } from './delay.ts';
import { deviceKey, deviceOwner } from './devices.ts';
import type { Networks } from './networks.ts';
import type { ResolvedLoginThrottleOptions } from './options.ts';
import { type Pressure, underPressure } from './pressure.ts';
import { countIn, type Key, type Outcome, type Taken, takeBackIn, tallyOf } from './tally-store.ts';

/** Who tries. */
export interface Asked {
  /** The key of the account. */
  readonly who: string;
  readonly networks: Networks;
  /** What the browser holds for this account. */
  readonly token: string | undefined;
  readonly now: number;
  /** Of this attempt alone. */
  readonly mark: string;
}

/** What came of it. `by`: what an attempt was refused for, the sender's own network or what others did to the account. */
export type Judged =
  | { readonly allowed: true; readonly taken: readonly Taken[]; readonly isKnown: boolean }
  | { readonly allowed: false; readonly wait: number; readonly by: 'network' | 'account' };

/** Everything that does not change from attempt to attempt. */
export interface Rules extends ResolvedLoginThrottleOptions {
  /** What all keys begin with. */
  readonly prefix: string;
  readonly counter: Pressure | undefined;
}

/**
 * A network that has guessed so often within a day is clean no more. Two: people mistype once. Nor is one that tries three
 * accounts, refused or not: a person has one or two, and a list of stolen passwords many.
 */
const CLEAN_NETWORK = 2;
/** And one with so many guesses in its neighbourhood: a rented network has hundreds of clean ones to offer. */
const CLEAN_NEIGHBOURS = 10;

/**
 * Judges one attempt and counts it as a failure where it may go on. All keys are read in one tick and written in one, so a
 * store on the network is asked twice, whatever the number of keys.
 */
export async function judge(store: RecordStore, rules: Rules, asked: Asked, emit: Emit): Promise<Judged> {
  const { prefix, counter } = rules;
  const { who, networks, token, now, mark } = asked;
  const pressureKey = counter?.next();
  const names = [
    `${prefix}n:${networks.narrow}`,
    `${prefix}w:${networks.wide}`,
    `${prefix}a:${who}`,
    rules.reserve === undefined ? undefined : `${prefix}r:${who}`,
    pressureKey,
    token === undefined || rules.devices === undefined ? undefined : deviceKey(prefix, who, token),
  ];
  const answers = names.map((name) => (name === undefined ? undefined : get(store, name)));
  const [narrowSeen, wideSeen, accountSeen, reserveSeen, pressureSeen, deviceSeen] = answers.some(isPromise)
    ? await Promise.all(answers.map(async (answer) => answer))
    : (answers as (StoredRecord | undefined)[]);

  const keyOf = (index: number, rule: DelayRule, seen: StoredRecord | undefined, keep = 0): Key => ({
    key: names[index] ?? '',
    rule,
    keep,
    seen,
  });
  const waitFor = ({ seen, rule }: Key): number => waitOf(tallyOf(seen), rule, now);

  if (deviceSeen !== undefined && rules.devices !== undefined) {
    const owner = deviceOwner(prefix, who);
    const device = { ...keyOf(5, rules.account, deviceSeen, rules.devices.lifetime), owner, mustExist: true };
    const counted = await countIn(store, device, now, { mark, isGuess: true });
    if ('taken' in counted) return { allowed: true, taken: [counted.taken], isKnown: true };
    // Used up: from here on it is an unknown device like any other, never worse off for what it showed.
  }

  const isHigh = counter?.isHigh(pressureSeen, now, emit) === true;
  const account = keyOf(2, isHigh ? underPressure(rules.account) : rules.account, accountSeen);
  const narrow = { ...keyOf(0, isHigh ? underPressure(rules.network) : rules.network, narrowSeen, DAY), account: who };
  const wide = keyOf(1, rules.wide, wideSeen, DAY);
  const networkWait = Math.max(waitFor(narrow), waitFor(wide));
  if (networkWait > 0) return { allowed: false, wait: networkWait, by: 'network' };

  let lane: Key | undefined = account;
  let guessing = [narrow, wide];
  let wait = waitFor(account);
  if (wait > 0) {
    lane = undefined;
    const isNarrowClean = (tally: Tally): boolean => isCleanFor(tally, CLEAN_NETWORK, now, who);
    const isWideClean = (tally: Tally): boolean => isCleanFor(tally, CLEAN_NEIGHBOURS, now);
    const isClean = isNarrowClean(tallyOf(narrowSeen)) && isWideClean(tallyOf(wideSeen));
    if (rules.reserve !== undefined && isClean) {
      const reserve = keyOf(3, rules.reserve, reserveSeen);
      const reserveWait = waitFor(reserve);
      if (reserveWait === 0) {
        lane = reserve;
        guessing = [
          { ...narrow, admits: isNarrowClean },
          { ...wide, admits: isWideClean },
        ];
      } else wait = Math.min(wait, reserveWait);
    }
  }
  /** The work of a refused attempt is the sender's doing: it counts for his network, but is no guess. */
  async function refuse(waiting: number): Promise<Judged> {
    const worked = await Promise.all([narrow, wide].map((key) => countIn(store, key, now, { mark, isGuess: false })));
    const held = longestWait(worked);
    return held > 0 ? { allowed: false, wait: held, by: 'network' } : { allowed: false, wait: waiting, by: 'account' };
  }
  if (lane === undefined) return refuse(wait);

  const pressure = pressureKey === undefined ? undefined : counter?.keyOf(pressureKey, pressureSeen, now);
  const [counted, felt] = await Promise.all([
    Promise.all([...guessing, lane].map((key) => countIn(store, key, now, { mark, isGuess: true }))),
    pressure === undefined ? undefined : countIn(store, pressure, now, { mark, isGuess: true, force: true }),
  ]);
  const taken = [...counted, felt].flatMap((one) => (one !== undefined && 'taken' in one ? [one.taken] : []));
  const held = longestWait(counted);
  if (held === 0) return { allowed: true, taken, isKnown: false };
  // Somebody else was counted in between, and with him this one is over.
  await Promise.all(taken.map((one) => takeBackIn(store, one, now)));
  const byNetwork = longestWait(counted.slice(0, 2)) > 0;
  return byNetwork ? { allowed: false, wait: held, by: 'network' } : refuse(held);
}

function longestWait(outcomes: readonly Outcome[]): number {
  return Math.max(...outcomes.map((outcome) => ('wait' in outcome ? outcome.wait : 0)));
}

/** A store that throws at once is one that rejects: what was asked before it is still waited for. */
function get(store: RecordStore, key: string): MaybePromise<StoredRecord | undefined> {
  try {
    return store.get(key);
  } catch (error) {
    return Promise.reject(error);
  }
}
