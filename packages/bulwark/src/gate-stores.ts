import type { Services } from './context.ts';
import type { Emit } from './events.ts';
import type { ResolvedPolicy } from './policy.ts';
import { nameOfError } from './stores/breaker.ts';
import { openStores } from './stores/open-stores.ts';
import type { Stores } from './stores/stores.ts';

/** The stores of a gate: opened with its policy, made ready at its start, closed at its end. */
export class GateStores {
  /** What practices are given of them. */
  readonly services: Pick<Services, 'stores' | 'rateLimitStore'>;
  readonly #stores: Stores | undefined;
  readonly #emit: Emit;
  readonly #countsHere: boolean;
  #said = false;

  constructor({ given, off }: ResolvedPolicy, emit: Emit) {
    const stores = given.stores === undefined ? undefined : openStores(given.stores, { emit });
    this.services = stores === undefined ? {} : { stores, rateLimitStore: stores.limits };
    this.#stores = stores;
    this.#emit = emit;
    this.#countsHere = stores === undefined ? !off.has('rate-limit') : !stores.shared;
  }

  /**
   * Waits until they can be used, two seconds at most. An app whose store is out of reach starts anyway: what needs no
   * record is served, and it heals by itself.
   */
  async start(): Promise<void> {
    if (this.#countsHere && !this.#said) this.#say('INFO', NOT_SHARED);
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

const NOT_SHARED =
  'limits and other state live in this process or on this machine: processes elsewhere do not share them, so each lets the ' +
  'whole limit through (policy.stores names a store that is shared)';
const BROKEN = 'the stores cannot be used: what needs a record will fail';
