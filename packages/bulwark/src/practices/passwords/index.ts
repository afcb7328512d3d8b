import { coalesce } from '../../coalesce.ts';
import { ALONE, type Services } from '../../context.ts';
import { emitAsWarning } from '../../events.ts';
import { modeOf } from '../../mode.ts';
import { resolveOptions } from '../../options.ts';
import { parseDuration } from '../../units.ts';
import type { Argon2Parameters } from './argon2.ts';
import { loadBlocklist } from './blocklist/load.ts';
import { type BreachSource, isBreached } from './breached.ts';
import { judgePassword, type PasswordContext, type PasswordReason } from './check-password.ts';
import { Hasher, type Verified, type WorkOptions } from './hasher.ts';
import { DEFAULTS, type PasswordsOptions, type ResolvedPasswordsOptions, refuseParameters, schema } from './options.ts';

export type { Argon2Parameters } from './argon2.ts';
export { type BreachSource, rangeSearch } from './breached.ts';
export type { PasswordContext, PasswordReason, PasswordReasonCode } from './check-password.ts';
export type { Verified, WorkOptions } from './hasher.ts';
export type { PasswordsOptions } from './options.ts';

/** What is known of the passwords of a running app, for its self-test. */
export interface PasswordsReport {
  /** Code points of a password that stands alone. */
  readonly minLength: number;
  /** Passwords that everybody tries first are refused. */
  readonly refusesCommon: boolean;
  /** How often a stored hash could not be read since the start. */
  readonly unreadable: number;
}

/** Hashes, verifies and judges passwords. */
export interface Passwords {
  /**
   * A hash string to store: `$argon2id$v=19$m=…,t=…,p=1$salt$digest` of the whole password, in its NFC spelling.
   *
   * @throws Refusal `ERR_PASSWORD_UNUSABLE`, `ERR_PASSWORD_QUEUE_FULL`; the signal's reason
   * @example user.hash = await gate.passwords.hash(password)
   */
  hash(password: string, options?: WorkOptions): Promise<string>;
  /**
   * Whether a password is the one of a stored hash: argon2, bcrypt, scrypt or PBKDF2. Without one (there is no such user)
   * it works as long, and says no. Store `rehash` where there is one.
   *
   * @throws Refusal `ERR_PASSWORD_QUEUE_FULL`; the signal's reason
   * @example const { ok, rehash } = await gate.passwords.verify(password, user?.hash)
   */
  verify(password: string, stored: string | null | undefined, options?: WorkOptions): Promise<Verified>;
  /**
   * Why a password should not be chosen, in plain words; an empty list takes it. It rejects only where its signal is aborted.
   *
   * @example const reasons = await gate.passwords.check(password, { words: [user.name, user.email] })
   */
  check(password: string, context?: PasswordContext): Promise<readonly PasswordReason[]>;
  /** Resolves with the parameters of new hashes, when they were found. */
  ready(): Promise<Argon2Parameters>;
  /** What the self-test asks. */
  report(): PasswordsReport;
  /** Says what was not said yet. */
  close(): void;
}

/** Look-ups of breached passwords that may be under way at once. */
const MOST_LOOKUPS = 50;

/**
 * Passwords: argon2id, as expensive as this machine bears and never less than OWASP's minimum; old hashes are verified and
 * replaced; as many hashes at once as there are cores, the others wait in a queue that is bounded; new passwords are
 * held to length and blocklists, not to classes of characters.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` for unknown, unusable or weak options
 * @see NIST SP 800-63B-4 3.1.1, ASVS 5.0 6.2, 11.4.2, CWE-916, CWE-521
 * @example
 * const { hash, verify, check } = passwords({ words: ['Acme Shop'] })
 */
export function passwords(options: PasswordsOptions = {}, services: Services = ALONE): Passwords {
  const resolved: ResolvedPasswordsOptions = resolveOptions(schema, DEFAULTS, options, 'passwords');
  refuseParameters(resolved.parameters);
  const { minLength, insecureAllowCommon, breached } = resolved;
  const hasher = new Hasher(resolved, services);
  const lookup = breached === undefined ? undefined : breachLookup(breached, resolved, services);
  return {
    hash: hasher.hash,
    verify: hasher.verify,
    ready: hasher.ready,
    check: async (password, context = {}) => {
      const found = judgePassword(password, {
        shortest: context.secondFactor === true ? resolved.minLengthWithSecondFactor : minLength,
        longest: resolved.maxLength,
        words: [...resolved.words, ...[context.words ?? []].flat()],
        isCommon: insecureAllowCommon ? () => false : await loadBlocklist(),
      });
      // What is refused anyway is told to nobody.
      if (found.length > 0 || lookup === undefined) return found;
      return (await lookup.find(password, context.signal)) ? [BREACHED] : [];
    },
    report: () => ({ minLength, refusesCommon: !insecureAllowCommon, unreadable: hasher.unreadable }),
    close: () => {
      hasher.close();
      lookup?.close();
    },
  };
}

const BREACHED: PasswordReason = {
  code: 'breached',
  message: 'This password was stolen from some site and published. Choose another, and change it wherever you use it.',
};

interface Lookup {
  find(password: string, signal: AbortSignal | undefined): Promise<boolean>;
  close(): void;
}

function breachLookup(source: BreachSource, { breachedTimeout }: ResolvedPasswordsOptions, services: Services): Lookup {
  const timeout = parseDuration(breachedTimeout, 'passwords.breachedTimeout');
  const failures = coalesce(services.emit);
  let underWay = 0;
  return {
    async find(password, signal) {
      try {
        if (underWay >= MOST_LOOKUPS) throw new Error('too many look-ups are under way');
        underWay += 1;
        try {
          return await isBreached(password, source, timeout, signal);
        } finally {
          underWay -= 1;
        }
      } catch (error) {
        signal?.throwIfAborted();
        // Let pass: nobody may be unable to register because a server of others is down. The lists that ship have judged the
        // password, and the event says that nobody else has.
        failures.add({
          event: 'sys_breach_check_failed',
          level: 'WARN',
          description: 'the source of breached passwords could not be asked: only the lists that ship have judged',
          practice: 'passwords',
          details: { reason: error instanceof Error ? error.name : typeof error },
        });
        return false;
      }
    },
    close: () => failures.flush(),
  };
}

let own: Passwords | undefined;

/** The one instance of whoever calls the functions below. */
function defaults(): Passwords {
  own ??= passwords({}, { emit: emitAsWarning, mode: modeOf(process.env.NODE_ENV) });
  return own;
}

/**
 * {@link Passwords.hash} with the defaults, alone.
 *
 * @throws Refusal `ERR_PASSWORD_UNUSABLE`, `ERR_PASSWORD_QUEUE_FULL`; the signal's reason
 * @example const stored = await hashPassword('correct horse battery staple')
 */
export function hashPassword(password: string, options?: WorkOptions): Promise<string> {
  return defaults().hash(password, options);
}

/**
 * {@link Passwords.verify} with the defaults, alone.
 *
 * @throws Refusal `ERR_PASSWORD_QUEUE_FULL`; the signal's reason
 * @example
 * const { ok, rehash } = await verifyPassword(password, user?.hash)
 * if (rehash !== undefined) await users.update(user.id, { hash: rehash })
 */
export function verifyPassword(
  password: string,
  stored: string | null | undefined,
  options?: WorkOptions,
): Promise<Verified> {
  return defaults().verify(password, stored, options);
}

/**
 * {@link Passwords.check} with the defaults, alone.
 *
 * @example
 * await checkPassword('Passw0rd!Passw0rd!') // [{ code: 'repeated', message: 'This is a short piece, …' }]
 */
export function checkPassword(password: string, context?: PasswordContext): Promise<readonly PasswordReason[]> {
  return defaults().check(password, context);
}
