import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { Duration } from '../../units.ts';
import { type Argon2Parameters, FLOOR } from './argon2.ts';
import type { BreachSource } from './breached.ts';
import { costOf, MOST_WORK } from './calibrate.ts';

/** Options of the `passwords` practice. */
export interface PasswordsOptions {
  /**
   * How long one hash may take. At the start the most expensive parameters that stay below it are looked for, never less
   * than argon2id with 19 MiB and 2 passes; `false` takes exactly those. Default `'50ms'`.
   */
  readonly target?: Duration | false;
  /** The parameters themselves, for machines that must agree: KiB and passes. Nothing is measured then. */
  readonly parameters?: Argon2Parameters;
  /** Code points of a password that stands alone: 8 to 64. Default 15. */
  readonly minLength?: number;
  /** Code points of a password beside a second factor: 8 to 64. Default 8. */
  readonly minLengthWithSecondFactor?: number;
  /** Code points that a new password may have: 64 to 1024. Default 256. */
  readonly maxLength?: number;
  /** What this site is called: nobody's password may be little more than that. Inside `secure()` its hosts are added. */
  readonly words?: readonly string[];
  /** Asked whether a password is known from a breach, beside the lists that ship. Default: nobody is asked. */
  readonly breached?: BreachSource;
  /** How long that may take; then the password is taken. Default `'2s'`. */
  readonly breachedTimeout?: Duration;
  /** How long a hash may have to wait for its turn; who would wait longer is answered 503 at once. Default `'3s'`. */
  readonly maxWait?: Duration;
  /** How many may wait, however fast they are. Default 1000. */
  readonly maxWaiting?: number;
  /** Takes passwords that everybody tries first. */
  readonly insecureAllowCommon?: boolean;
  /**
   * Lets a password of more than 72 bytes pass whose first 72 a bcrypt hash confirms: bcrypt never saw the rest. It is
   * hashed anew as a whole, so that this holds for each account once.
   */
  readonly insecureTruncatedBcrypt?: boolean;
}

/** The options with every default in place. */
export interface ResolvedPasswordsOptions {
  readonly target: Duration | false;
  readonly parameters: Argon2Parameters | undefined;
  readonly minLength: number;
  readonly minLengthWithSecondFactor: number;
  readonly maxLength: number;
  readonly words: readonly string[];
  readonly breached: BreachSource | undefined;
  readonly breachedTimeout: Duration;
  readonly maxWait: Duration;
  readonly maxWaiting: number;
  readonly insecureAllowCommon: boolean;
  readonly insecureTruncatedBcrypt: boolean;
}

const duration = z.union([z.number(), z.string()]);

export const schema: z.ZodType = z.strictObject({
  target: z.union([duration, z.literal(false)]).optional(),
  parameters: z.strictObject({ memory: z.int().max(262_144), time: z.int().min(1).max(64) }).optional(),
  minLength: z.int().min(8, 'must be 8 at least').max(64).optional(),
  minLengthWithSecondFactor: z.int().min(8, 'must be 8 at least').max(64).optional(),
  maxLength: z.int().min(64, 'must be 64 at least').max(1024).optional(),
  words: z.array(z.string()).optional(),
  breached: z.custom((value) => typeof value === 'function', 'must be a function: rangeSearch(url)').optional(),
  breachedTimeout: duration.optional(),
  maxWait: duration.optional(),
  maxWaiting: z.int().min(1).max(100_000).optional(),
  insecureAllowCommon: z.boolean().optional(),
  insecureTruncatedBcrypt: z.boolean().optional(),
});

export const DEFAULTS: ResolvedPasswordsOptions = {
  target: '50ms',
  parameters: undefined,
  minLength: 15,
  minLengthWithSecondFactor: 8,
  maxLength: 256,
  words: [],
  breached: undefined,
  breachedTimeout: '2s',
  maxWait: '3s',
  maxWaiting: 1000,
  insecureAllowCommon: false,
  insecureTruncatedBcrypt: false,
};

/** @throws ConfigError for parameters below the floor, and for those that would be refused in a stored hash */
export function refuseParameters(parameters: Argon2Parameters | undefined): void {
  if (parameters === undefined) return;
  if (costOf(parameters) > MOST_WORK) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: 'passwords.parameters',
      message: `${parameters.memory} KiB and ${parameters.time} passes take more than a second for each log-in`,
      fix: `write less: memory times time is ${MOST_WORK} at the most`,
    });
  }
  if (parameters.memory >= FLOOR.memory && costOf(parameters) >= costOf(FLOOR)) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'passwords.parameters',
    message: `${parameters.memory} KiB and ${parameters.time} passes are less than an attacker's graphics card needs`,
    fix: `write { memory: ${FLOOR.memory}, time: ${FLOOR.time} } or more`,
  });
}
