import { randomBytes } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { checkOptions, type EnvField, field, type Maybe, type Reading } from './field.ts';
import { type Floor, judgeSecret, KEY_FLOOR, PASSWORD_FLOOR } from './judge-secret.ts';
import { DEVELOPMENT_PREFIX } from './placeholders.ts';
import { Secret, type SecretList } from './secret.ts';
import { credentialsOf } from './url-credentials.ts';

/** Options of `env.secret()` and `env.secrets()`. */
export interface SecretOptions {
  /**
   * Bits that an attacker must have to guess, by estimate, from 64 to 512. Given, it alone decides; by default 128, and
   * 32 characters. Less than that is for keys and passwords that others have chosen.
   */
  readonly min?: number;
}

/** Options of `env.secret()`. */
export interface OneSecretOptions extends SecretOptions {
  /** Where the variable is absent, the value is undefined, in development too. */
  readonly optional?: boolean;
}

const MAKE_KEY = 'make one: openssl rand -hex 32';
const MAKE_PASSWORD = 'give that user a password of its own: openssl rand -hex 24';

/** Made once for each name, so that two parts of a program that read it agree. */
const generated = new Map<string, Secret>();

function generate(variable: string): Secret {
  let secret = generated.get(variable);
  if (secret === undefined) {
    secret = Secret.of(`${DEVELOPMENT_PREFIX}${randomBytes(32).toString('base64url')}`, { name: variable });
    generated.set(variable, secret);
  }
  return secret;
}

/** A key or a password: wrapped in a {@link Secret}, and strong. */
export function secret<const O extends OneSecretOptions = object>(options?: O): EnvField<Maybe<Secret, O>> {
  const given: OneSecretOptions = options ?? {};
  checkOptions('env.secret()', given, ['min', 'optional']);
  const floor = floorOf(given, 'env.secret()');
  return field<Secret>({
    parse: (text, variable) => {
      const weak = judgeSecret(text, floor);
      const value = Secret.of(text, { name: variable });
      return weak === undefined ? { value } : { value, weak: { ...weak, fix: MAKE_KEY } };
    },
    fix: MAKE_KEY,
    secret: true,
    ...(given.optional === true ? { absent: { value: undefined as unknown as Secret } } : { generate }),
  });
}

/**
 * Secrets that take turns: `NAME=new,old`, or `NAME` and `NAME_PREVIOUS`. Each is judged as `env.secret()` does it, and
 * none may come twice.
 */
export function secrets(options?: SecretOptions): EnvField<SecretList> {
  const given: SecretOptions = options ?? {};
  checkOptions('env.secrets()', given, ['min']);
  const floor = floorOf(given, 'env.secrets()');
  return field<SecretList>({
    parse: (text, variable) => readList(text, variable, floor),
    fix: `${MAKE_KEY}; put a new one in front, with a comma`,
    secret: true,
    withPrevious: true,
    generate: (variable) => listOf([generate(variable)]),
  });
}

function readList(text: string, variable: string, floor: Floor): Reading<SecretList> {
  const parts = text.split(/[,\n]/).map((part) => part.trim());
  const empty = parts.indexOf('');
  const fix = `${MAKE_KEY}; secrets stand between commas, the newest first`;
  if (empty !== -1) return { problem: `has an empty secret, number ${empty + 1} of ${parts.length}`, fix };
  const twice = parts.findIndex((part, i) => parts.indexOf(part) !== i);
  if (twice !== -1) return { problem: `has the same secret twice, as number ${twice + 1} too`, fix };
  const value = listOf(parts.map((part) => Secret.of(part, { name: variable })));
  for (const [i, part] of parts.entries()) {
    const weak = judgeSecret(
      part,
      floor,
      parts.length === 1 ? '' : `has a secret, number ${i + 1} of ${parts.length}, that `,
    );
    if (weak !== undefined) return { value, weak: { ...weak, fix } };
  }
  return { value };
}

function listOf(all: readonly Secret[]): SecretList {
  const [current] = all;
  if (current === undefined) throw new TypeError('a list of secrets has one at least');
  return Object.freeze({ current, all: Object.freeze([...all]) });
}

/** Options of `env.secretUrl()`. */
export interface SecretUrlOptions extends SecretOptions {
  /** Which schemes it may have, without the colon. Default: any. */
  readonly protocols?: readonly string[];
  readonly optional?: boolean;
}

/**
 * An address that may hold a password, such as `postgres://user:password@host/db`: wrapped in a {@link Secret}. The
 * password needs 12 characters and 50 bits by estimate (a server stands before whoever guesses); one that is not there is
 * no problem, since servers know users by other means too.
 */
export function secretUrl<const O extends SecretUrlOptions = object>(options?: O): EnvField<Maybe<Secret, O>> {
  const given: SecretUrlOptions = options ?? {};
  checkOptions('env.secretUrl()', given, ['min', 'protocols', 'optional']);
  const floor = given.min === undefined ? PASSWORD_FLOOR : floorOf(given, 'env.secretUrl()');
  const protocols = given.protocols?.map((name) => name.replace(/:$/, ''));
  const what =
    protocols === undefined ? 'a URL' : `a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`;
  const fix = `set it to ${what}`;
  return field<Secret>({
    parse: (text, variable) => {
      const credentials = credentialsOf(text);
      if (credentials === undefined) {
        return { problem: `is not ${what}`, fix: `${fix}; in a password, write / # ? @ : as %2F %23 %3F %40 %3A` };
      }
      if (protocols !== undefined && !protocols.includes(credentials.scheme)) return { problem: `is not ${what}`, fix };
      const value = Secret.of(text, { name: variable });
      const { password } = credentials;
      const weak = password === undefined ? undefined : judgeSecret(password, floor, 'has a password that ');
      return weak === undefined ? { value } : { value, weak: { ...weak, fix: MAKE_PASSWORD } };
    },
    fix,
    secret: true,
    ...(given.optional === true ? { absent: { value: undefined as unknown as Secret } } : {}),
  });
}

function floorOf({ min }: SecretOptions, kind: string): Floor {
  if (min === undefined) return KEY_FLOOR;
  if (Number.isInteger(min) && min >= 64 && min <= 512) return { length: 1, bits: min };
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: `${kind}.min`,
    message: `${String(min)} is no number of bits that makes sense`,
    fix: 'write a whole number from 64 to 512, or leave it out',
  });
}
