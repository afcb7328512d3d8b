import type { Services } from './context.ts';
import type { Emit } from './events.ts';
import type { ResolvedPolicy } from './policy.ts';
import { nameOfError } from './stores/breaker.ts';
import { openStores, type StoresSetting } from './stores/open-stores.ts';
import type { Stores } from './stores/stores.ts';

/** The stores of a gate: opened with its policy, made ready at its start, closed at its end. */
export class GateStores {
  /** What practices are given of them. */
  readonly services: Pick<Services, 'stores' | 'rateLimitStore'>;
  readonly #stores: Stores | undefined;
  readonly #emit: Emit;
  readonly #countsHere: boolean;
  #said = false;

  /** @throws ConfigError for stores that cannot be opened */
  constructor(policy: ResolvedPolicy, emit: Emit) {
    const { stores: setting } = policy.given;
    const place = setting ?? placeOf(policy);
    const stores = place === undefined ? undefined : openStores(place, { emit });
    this.services = {
      ...(stores === undefined ? {} : { stores }),
      // Where nobody named a place, limits stay in this process: they are not worth a write to a disk.
      ...(stores === undefined || setting === undefined ? {} : { rateLimitStore: stores.limits }),
    };
    this.#stores = stores;
    this.#emit = emit;
    this.#countsHere = setting === undefined ? !policy.off.has('rate-limit') : stores?.shared === false;
  }

  /**
   * Waits until they can be used, two seconds at most. An app whose store is out of reach starts anyway: what needs no
   * record is served, and it heals by itself.
   */
  async start(): Promise<void> {
    if (this.#countsHere && !this.#said) {
      const what = this.#stores?.shared === false ? 'limits and records live' : 'limits are counted';
      this.#say('INFO', `${what} in this process: ${NOT_SHARED}`);
    }
    this.#said = true;
    try {
      await this.#stores?.ready();
    } catch (error) {
      // A breaker has told of it already.
      if (this.#stores?.records.local === true) this.#say('CRITICAL', BROKEN, { error: nameOfError(error) });
    }
  }

  async close(): Promise<void> {
    await this.#stores?.close();
  }

  #say(level: 'INFO' | 'CRITICAL', description: string, details?: Readonly<Record<string, unknown>>): void {
    const event = { event: level === 'INFO' ? 'sys_startup' : 'sys_error', level, description } as const;
    this.#emit({ ...event, practice: 'rate-limit', ...(details === undefined ? {} : { details }) });
  }
}

/** Relative to the folder that the app is started in. */
const FILE = '.bulwark/state.sqlite';

/** Where sessions and tokens live if the policy does not say: in a file that outlasts the process, but not in tests. */
function placeOf({ off, unused, mode, given }: ResolvedPolicy): StoresSetting | undefined {
  const isNeeded = (['sessions', 'tokens'] as const).some((id) => {
    const { [id]: options = {} } = given;
    // One with a store of its own needs no other.
    return !off.has(id) && !unused.has(id) && options !== false && options.store === undefined;
  });
  if (!isNeeded) return undefined;
  return { sqlite: mode === 'test' ? ':memory:' : FILE };
}

const NOT_SHARED =
  'processes do not share this: each lets the whole limit through, and knows only what it keeps itself ' +
  '(policy.stores names a place that is shared)';
const BROKEN = 'the stores cannot be used: what needs a record will fail';
