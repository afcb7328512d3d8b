import type { Services } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { emitAsWarning } from '../../events.ts';
import { modeOf } from '../../mode.ts';
import { resolveOptions } from '../../options.ts';
import { auditEnvironment, type WeakVariable } from './audit-environment.ts';
import { EnvironmentError } from './environment-error.ts';
import { DEFAULTS, type SecretsOptions, schema } from './options.ts';
import type { EnvironmentSource } from './read-variable.ts';

export { type Env, type EnvOptions, type EnvReader, type EnvSchema, env } from './env.ts';
export { EnvironmentError, type EnvironmentProblem } from './environment-error.ts';
export type { EnvField, Maybe, Optionality } from './field.ts';
export type { IntegerOptions, StringOptions, UrlOptions } from './fields.ts';
export type { SecretsOptions } from './options.ts';
export type { EnvironmentSource } from './read-variable.ts';
export { Secret, type SecretList } from './secret.ts';
export type { OneSecretOptions, SecretOptions, SecretUrlOptions } from './secret-fields.ts';
export { estimateBits } from './strength.ts';

/** What {@link secrets} found: names and reasons, no values. */
export interface SecretsReport {
  /** Variables with a known placeholder or a secret of development in them: they stop the start of production. */
  readonly refused: readonly { readonly variable: string; readonly problem: string }[];
  /** Variables whose secret is short or can be guessed: they are warned of. */
  readonly weak: readonly { readonly variable: string; readonly problem: string }[];
}

/**
 * Looks once at the environment of the process: a variable whose name says that it is a secret (`…_SECRET`, `…_PASSWORD`,
 * `…_TOKEN`, `…_API_KEY`, a password in `…_URL`) must not hold a placeholder that the whole world knows, nor a secret
 * that was made for development. In production that is an error, which names them all; elsewhere an event.
 *
 * There is nothing to do per request, so it returns no middleware but what it found. It reads variables only, no files.
 * Inside `secure()` it runs at construction; alone, call it first.
 *
 * @param services - what the gate gives; alone, the mode is that of the source's NODE_ENV, and events are warnings
 * @throws EnvironmentError `ERR_ENVIRONMENT`; ConfigError for an unknown or unusable option
 * @see https://cwe.mitre.org/data/definitions/1392.html, ASVS 5.0 13.2.3
 * @example secrets() // throws with JWT_SECRET=changeme and NODE_ENV=production
 */
export function secrets(options: SecretsOptions = {}, services?: Services): SecretsReport {
  const { insecureAllow, reportOnly, source: given } = resolveOptions(schema, DEFAULTS, options, 'secrets');
  const source = sourceOf(given);
  const { emit, mode } = services ?? { emit: emitAsWarning, mode: modeOf(source.NODE_ENV) };
  const found = auditEnvironment(source).filter(
    ({ variable, kind }) => kind === 'development' || !insecureAllow.includes(variable),
  );
  const refused = found.filter(({ kind }) => kind !== 'weak');
  const weak = found.filter(({ kind }) => kind === 'weak');
  if (refused.length > 0 && mode === 'production' && !reportOnly) {
    const error = new EnvironmentError(refused.map(describe), mode);
    Error.captureStackTrace(error, secrets);
    throw error;
  }
  for (const [list, what] of [
    [refused, 'production does not start with what these variables hold'],
    [weak, 'these variables hold secrets that are short or can be guessed'],
  ] as const) {
    if (list.length === 0) continue;
    const variables = list.map(({ variable }) => variable);
    const description = `${what}: ${variables.join(', ')}`;
    emit({ event: 'sys_secret_weak', level: 'WARN', description, practice: 'secrets', details: { variables } });
  }
  return { refused: refused.map(shown), weak: weak.map(shown) };
}

function sourceOf(given: unknown): EnvironmentSource {
  if (given === undefined) return process.env;
  if (typeof given === 'object' && given !== null) return given as EnvironmentSource;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'secrets.source',
    message: 'it is no object of variables',
    fix: 'leave it out for process.env',
  });
}

function shown({ variable, problem }: WeakVariable): { variable: string; problem: string } {
  return { variable, problem };
}

function describe({ variable, problem, kind }: WeakVariable): { variable: string; problem: string; fix: string } {
  const make = 'make one: openssl rand -hex 32';
  const fix = `${make}; or, if it is no secret, secrets: { insecureAllow: ['${variable}'] }`;
  return { variable, problem, fix: kind === 'development' ? make : fix };
}
