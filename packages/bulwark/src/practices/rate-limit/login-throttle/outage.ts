import type { Emit } from '../../../events.ts';
import { nameOfError, within } from '../../../stores/breaker.ts';
import type { RecordStore } from '../../../stores/record-store.ts';

/** A store and what takes over while it is out of reach. */
export interface Seat {
  /** The store itself. */
  readonly store: RecordStore;
  /** Does the work in the store; where that fails or takes too long, in a local store. `work` gets the one it runs in. */
  run<T>(work: (store: RecordStore) => Promise<T>): Promise<T>;
  /** Does the work in this store and no other. Undefined where it is out of reach: what was counted there stays counted. */
  only<T>(store: RecordStore, work: (store: RecordStore) => Promise<T>): Promise<T | undefined>;
  /** Does the work in the store itself, and fails where that does. */
  strictly<T>(work: (store: RecordStore) => Promise<T>): Promise<T>;
}

/** A time between two probes of a store that is down, milliseconds. */
const RETRY = 1000;

/** Nothing is kept under it. */
const PROBE = 'login-throttle-probe';

/**
 * Puts a local store behind one that can be out of reach, as {@link withFallback} does for limits: the same rules go on, in
 * this process alone and from nothing. So an outage neither locks everybody out nor lets everybody guess.
 *
 * @param services - `emit` is read when an event is sent
 * @param options.makeLocal - makes what takes over, at the first outage
 * @see https://cwe.mitre.org/data/definitions/636.html
 */
export function seatOf(
  store: RecordStore,
  services: { readonly emit: Emit },
  options: { readonly timeout: number; readonly makeLocal: () => RecordStore; readonly clock?: () => number },
): Seat {
  const { timeout, clock = () => performance.now() } = options;
  let local: RecordStore | undefined;
  let retryAt: number | undefined;
  let isProbing = false;

  function fail(error: unknown): void {
    const isNew = retryAt === undefined;
    retryAt = clock() + RETRY;
    if (!isNew) return;
    services.emit({
      event: 'sys_error',
      level: 'CRITICAL',
      practice: 'rate-limit',
      description: 'the store of the login throttle is out of reach: a local one with the same rules takes over',
      // Not the message: drivers put their address, and some its password, into it.
      details: { error: nameOfError(error) },
    });
  }

  function heal(): void {
    retryAt = undefined;
    services.emit({
      event: 'sys_error',
      level: 'INFO',
      practice: 'rate-limit',
      description: 'the store of the login throttle answers again and is used again',
    });
  }

  async function inTime<T>(work: (store: RecordStore) => Promise<T>): Promise<T> {
    return store.local === true ? work(store) : within(work(store), timeout);
  }

  function probe(): void {
    isProbing = true;
    inTime(async (down) => down.get(PROBE))
      .then(heal, fail)
      .finally(() => {
        isProbing = false;
      });
  }

  return {
    store,
    async run(work) {
      if (retryAt === undefined) {
        try {
          return await inTime(work);
        } catch (error) {
          fail(error);
        }
      } else if (!isProbing && clock() >= retryAt) probe();
      local ??= options.makeLocal();
      return work(local);
    },
    async only(which, work) {
      if (which !== store) return work(which);
      if (retryAt !== undefined) return undefined;
      try {
        return await inTime(work);
      } catch (error) {
        fail(error);
        return undefined;
      }
    },
    strictly: inTime,
  };
}
