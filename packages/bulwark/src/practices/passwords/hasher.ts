import { randomBytes } from 'node:crypto';
import { type Coalescer, coalesce } from '../../coalesce.ts';
import type { Services } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { parseDuration } from '../../units.ts';
import { type Argon2Parameters, digest, FLOOR, hashString, loadArgon2 } from './argon2.ts';
import { calibrate, memoryPerHash, memoryPerStored } from './calibrate.ts';
import type { Ceiling, StoredHash } from './formats/contract.ts';
import { readStored } from './formats/read-stored.ts';
import type { ResolvedPasswordsOptions } from './options.ts';
import { type QueueBounds, sharedQueue, type WorkQueue } from './queue.ts';
import { isUsable, normalize, spellings } from './text.ts';

/** How hashing may be given up. */
export interface WorkOptions {
  /** Aborted while the password waits for its turn, it is not hashed, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a verification says. */
export interface Verified {
  readonly ok: boolean;
  /** Store this in the place of what was stored: the same password, hashed as strongly as it is done now. */
  readonly rehash?: string;
  /**
   * `ok` is false, yet the first 72 bytes are right: an old bcrypt hash holds no more. Let the owner prove themselves another
   * way (a link by e-mail) and set the password anew; tell nobody else.
   */
  readonly truncated?: true;
}

const FAILED: Verified = { ok: false };
const UNBOUNDED: QueueBounds = { maxWait: Number.POSITIVE_INFINITY, maxWaiting: Number.POSITIVE_INFINITY };

/** By target: gates of one process share the machine, and must not measure it at the same time. */
const calibrations = new Map<number, Promise<Argon2Parameters>>();

/** Hashes and verifies, in the queue of the process. */
export class Hasher {
  readonly #queue: WorkQueue;
  readonly #bounds: QueueBounds;
  readonly #ceiling: Ceiling;
  readonly #lenient: boolean;
  readonly #excess: Coalescer;
  readonly #ready: Promise<Argon2Parameters>;
  #unreadable = 0;

  constructor(options: ResolvedPasswordsOptions, services: Services, queue: WorkQueue = sharedQueue()) {
    loadArgon2();
    this.#queue = queue;
    this.#bounds = { maxWait: parseDuration(options.maxWait, 'passwords.maxWait'), maxWaiting: options.maxWaiting };
    this.#ceiling = { memory: memoryPerStored(queue.width, options.parameters?.memory ?? 0) };
    this.#lenient = options.insecureTruncatedBcrypt;
    this.#excess = coalesce(services.emit);
    this.#ready = this.#parameters(options, services);
  }

  get unreadable(): number {
    return this.#unreadable;
  }

  readonly ready = (): Promise<Argon2Parameters> => this.#ready;

  readonly hash = async (password: string, { signal }: WorkOptions = {}): Promise<string> => {
    if (!isUsable(password)) {
      throw new Refusal('ERR_PASSWORD_UNUSABLE', { reason: 'a password is text of 1 to 4096 whole characters' });
    }
    const parameters = await this.#ready;
    return this.#queue.run(() => hashString(normalize(password), parameters), this.#bounds, signal);
  };

  readonly verify = async (
    password: string,
    stored: string | null | undefined,
    { signal }: WorkOptions = {},
  ): Promise<Verified> => {
    const parameters = await this.#ready;
    const found = isUsable(password) && (stored ?? '') !== '' ? this.#read(stored) : undefined;
    const work =
      found === undefined ? () => pretend(password, parameters) : () => this.#judge(password, found, parameters);
    return this.#queue.run(work, this.#bounds, signal);
  };

  /** Says what was not said yet. */
  close(): void {
    this.#excess.flush();
  }

  #parameters(options: ResolvedPasswordsOptions, { mode }: Services): Promise<Argon2Parameters> {
    if (options.parameters !== undefined) return Promise.resolve(options.parameters);
    const target = options.target === false ? 0 : parseDuration(options.target, 'passwords.target');
    // Tests hash much and measure nothing.
    if (target === 0 || mode === 'test') return Promise.resolve(FLOOR);
    const known = calibrations.get(target);
    if (known !== undefined) return known;
    // What cannot be measured (no memory for it) is not raised; the floor is what is promised.
    const found = calibrate(this.#measure, target, memoryPerHash(this.#queue.width)).catch(() => FLOOR);
    calibrations.set(target, found);
    return found;
  }

  /** In the queue: what waits beside it must not be measured too. */
  readonly #measure = (parameters: Argon2Parameters): Promise<number> => {
    const password = randomBytes(16).toString('hex');
    return this.#queue.run(async () => {
      const from = performance.now();
      await hashString(password, parameters);
      return performance.now() - from;
    }, UNBOUNDED);
  };

  /** What cannot be read is a wrong password to whoever logs in; whoever runs the app has to hear of it. */
  #read(stored: unknown): StoredHash | undefined {
    const found = readStored(stored, this.#ceiling);
    if (!('problem' in found)) return found;
    this.#report(found.problem);
    return undefined;
  }

  async #judge(password: string, found: StoredHash, parameters: Argon2Parameters): Promise<Verified> {
    let truncated = false;
    for (const attempt of found.tries(password)) {
      const outcome = await attempt().catch((): false => {
        this.#report('it cannot be computed');
        return false;
      });
      if (outcome === true || (outcome === 'truncated' && this.#lenient)) {
        // In the same turn: a log-in that waited once does not wait again, and is not refused half-way.
        return found.isWeaker(parameters)
          ? { ok: true, rehash: await hashString(normalize(password), parameters) }
          : { ok: true };
      }
      truncated ||= outcome === 'truncated';
    }
    return truncated ? { ok: false, truncated } : FAILED;
  }

  #report(problem: string): void {
    this.#unreadable += 1;
    this.#excess.add({
      event: 'sys_password_hash_unreadable',
      level: 'WARN',
      description: `a stored password hash cannot be used: ${problem}`,
      practice: 'passwords',
    });
  }
}

/** For a user who does not exist: as many digests, as expensive, in the same queue. */
async function pretend(password: string, { memory, time }: Argon2Parameters): Promise<Verified> {
  const recipe = { kind: 'argon2id', version: 19, memory, time, lanes: 1, salt: randomBytes(16), bytes: 32 } as const;
  for (const spelling of isUsable(password) ? spellings(password) : ['']) await digest(spelling, recipe);
  return FAILED;
}
