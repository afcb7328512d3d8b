import { Refusal } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { createBreaker } from '../../../stores/breaker.ts';
import { isGuarded, recordsBehind } from '../../../stores/guard.ts';
import type { RecordStore } from '../../../stores/record-store.ts';

/** A store and what takes over while it is out of reach. */
export interface Seat {
  /** The store itself. */
  readonly store: RecordStore;
  /** Does the work in the store; where that is out of reach, in a local store. `work` gets the one it runs in. */
  run<T>(work: (store: RecordStore) => Promise<T>): Promise<T>;
  /** Does the work in this store and no other. Undefined where it is out of reach: what was counted there stays counted. */
  only<T>(store: RecordStore, work: (store: RecordStore) => Promise<T>): Promise<T | undefined>;
}

const WORDS = {
  practice: 'rate-limit',
  down: 'the store of the login throttle is out of reach: a local one with the same rules takes over',
  up: 'the store of the login throttle answers again and is used again',
} as const;

/**
 * Puts a local store behind one that can be out of reach, as `withFallback` does for limits: the same rules go on, in this
 * process alone and from nothing. So an outage neither locks everybody out nor lets everybody guess.
 *
 * A store with a breaker before it, such as the gate's, is used as it is: its outage is one, whoever meets it first.
 *
 * @param services - `emit` is read when an event is sent
 * @param options.timeout - for a store that has no breaker yet
 * @param options.makeLocal - makes what takes over, at the first outage
 * @see https://cwe.mitre.org/data/definitions/636.html
 */
export function seatOf(
  given: RecordStore,
  services: { readonly emit: Emit },
  options: { readonly timeout: number; readonly makeLocal: () => RecordStore },
): Seat {
  const { timeout, makeLocal } = options;
  const isSafe = given.local === true || isGuarded(given);
  const store = isSafe ? given : recordsBehind(createBreaker(services, WORDS, { timeout }), given);
  let local: RecordStore | undefined;

  return {
    store,
    async run(work) {
      try {
        return await work(store);
      } catch (error) {
        failUnlessAway(error);
      }
      local ??= makeLocal();
      return work(local);
    },
    async only(which, work) {
      if (which !== store) return work(which);
      try {
        return await work(store);
      } catch (error) {
        failUnlessAway(error);
        return undefined;
      }
    },
  };
}

/** A breaker refuses; anything else is a fault of this code or of a store in this process, and no outage. */
function failUnlessAway(error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
}
