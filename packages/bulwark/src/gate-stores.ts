import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Services } from './context.ts';
import { ConfigError } from './errors.ts';
import type { Emit } from './events.ts';
import type { PracticeId } from './pipeline.ts';
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
  /** Whom an outage hurts most: without its sessions an app refuses, without its counts it counts for itself. */
  readonly #practice: PracticeId;
  #said = false;

  /** @throws ConfigError for stores that cannot be opened */
  constructor(policy: ResolvedPolicy, emit: Emit) {
    const { stores: setting } = policy.given;
    const place = setting ?? placeOf(policy);
    const practice = keepersIn(policy)[0] ?? 'rate-limit';
    const told: Emit = (event) => emit({ ...event, practice });
    const stores = place === undefined ? undefined : open(place, { emit: told }, setting === undefined);
    this.services = {
      ...(stores === undefined ? {} : { stores }),
      // Where nobody named a place, limits stay in this process: they are not worth a write to a disk.
      ...(stores === undefined || setting === undefined ? {} : { rateLimitStore: stores.limits }),
    };
    this.#stores = stores;
    this.#emit = emit;
    this.#practice = practice;
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
    this.#emit({ ...event, practice: this.#practice, ...(details === undefined ? {} : { details }) });
  }
}

/** Whoever named no place must be told that there are others. */
function open(place: StoresSetting, services: { readonly emit: Emit }, isDefault: boolean): Stores {
  try {
    if (isDefault && 'sqlite' in place && place.sqlite === FILE) keepOutOfGit(dirname(FILE));
    return openStores(place, services);
  } catch (error) {
    if (!isDefault || !(error instanceof ConfigError)) throw error;
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'stores',
      message: `${FILE}, where sessions live if the policy names no place, cannot be used`,
      fix:
        'start the app in a folder that this user can write, or name a place in policy.stores: ' +
        "{ sqlite: '/var/lib/app/state.sqlite' }, { redis: 'redis://…' }, or { memory: true } for sessions that end with the process",
      cause: error,
    });
  }
}

/** What users are logged in with belongs into no repository. */
function keepOutOfGit(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch {
    // It is there; or the folder cannot be written, which the store says better.
  }
}

/** Relative to the folder that the app is started in. */
const FILE = '.bulwark/state.sqlite';

/** Where sessions and tokens live if the policy does not say: in a file that outlasts the process, but not in tests. */
function placeOf(policy: ResolvedPolicy): StoresSetting | undefined {
  if (keepersIn(policy).length === 0) return undefined;
  return { sqlite: policy.mode === 'test' ? ':memory:' : FILE };
}

/** The practices of this app that cannot do without a place: those with a store of their own can. */
function keepersIn({ off, unused, given }: ResolvedPolicy): readonly PracticeId[] {
  return (['sessions', 'tokens'] as const).filter((id) => {
    const { [id]: options = {} } = given;
    return !off.has(id) && !unused.has(id) && options !== false && options.store === undefined;
  });
}

const NOT_SHARED =
  'processes do not share this: each lets the whole limit through, and knows only what it keeps itself ' +
  '(policy.stores names a place that is shared)';
const BROKEN = 'the stores cannot be used: what needs a record will fail';
