import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Mode } from '../../context.ts';
import { ConfigError } from '../../errors.ts';
import { type EventName, emitAsWarning } from '../../events.ts';
import { modeOf } from '../../mode.ts';
import { EnvironmentError, type EnvironmentProblem } from './environment-error.ts';
import { checkOptions, type EnvField, type FieldSpec, specOf } from './field.ts';
import { boolean, duration, integer, list, oneOf, port, size, string, url } from './fields.ts';
import { type EnvironmentSource, type Found, readEnvFile, VariableReader } from './read-variable.ts';
import { secret, secrets, secretUrl } from './secret-fields.ts';

/** What is read: a field, or any Standard Schema, for each variable. */
export type EnvSchema = Readonly<Record<string, EnvField<unknown> | StandardSchemaV1>>;

/** What comes out of a schema. */
export type Env<S extends EnvSchema> = {
  readonly [K in keyof S]: S[K] extends EnvField<infer T>
    ? T
    : S[K] extends StandardSchemaV1<unknown, infer O>
      ? O
      : never;
};

/** Where it is read. */
export interface EnvOptions {
  /** The file that is read in development, and only there; `false` reads none. Default `'.env'`. */
  readonly file?: string | false;
  /** Where variables are looked for. Default `process.env`. */
  readonly source?: EnvironmentSource;
  /** Default: `production`, unless `NODE_ENV` of the source is exactly `development` or `test`. */
  readonly mode?: Mode;
  /** Takes warnings, each a sentence without a value. Default: a warning of the process. */
  readonly warn?: (sentence: string) => void;
}

/** Reads the environment, and makes the fields that a schema is made of. */
export interface EnvReader {
  /**
   * Reads the environment as a schema says, or refuses to start, naming every variable that is missing, unusable or unsafe
   * at once (ASVS 5.0 13.2.3, 13.3.1; CWE-1392, CWE-331).
   *
   * - `NAME_FILE` may stand for `NAME`: the secrets of Docker and Kubernetes.
   * - A `.env` file is read in development only. It overrides nothing, and nothing is assigned to `process.env`.
   * - Secrets come as {@link Secret}; in production weak ones and known placeholders are refused. In development and test
   *   they are warned of, and one that is missing is made up: `insecure-development-…`, which production refuses.
   * - An empty variable is an absent one.
   *
   * @throws EnvironmentError `ERR_ENVIRONMENT` with the list of all problems, in which no value stands
   * @example
   * export const config = env({
   *   PORT: env.port({ default: 8443 }),
   *   DATABASE_URL: env.secretUrl({ protocols: ['postgres'] }),
   *   SESSION_SECRET: env.secret(),
   * })
   * config.PORT                     // number
   * config.SESSION_SECRET.reveal()  // string
   */
  <const S extends EnvSchema>(schema: S, options?: EnvOptions): Env<S>;
  readonly string: typeof string;
  readonly integer: typeof integer;
  readonly port: typeof port;
  readonly boolean: typeof boolean;
  readonly oneOf: typeof oneOf;
  readonly duration: typeof duration;
  readonly size: typeof size;
  readonly url: typeof url;
  readonly list: typeof list;
  readonly secret: typeof secret;
  readonly secrets: typeof secrets;
  readonly secretUrl: typeof secretUrl;
}

interface Outcome {
  readonly values: [string, unknown][];
  readonly problems: EnvironmentProblem[];
  readonly generated: string[];
}

function read<const S extends EnvSchema>(schema: S, options: EnvOptions = {}): Env<S> {
  checkOptions('env()', options, ['file', 'source', 'mode', 'warn']);
  const source = options.source ?? process.env;
  const mode = modeFrom(options.mode, source);
  const say = (event: EventName, description: string): void => {
    if (options.warn !== undefined) options.warn(description);
    else emitAsWarning({ event, level: 'WARN', description, practice: 'secrets' });
  };
  const fields = fieldsOf(schema);
  const { fromFile, problems, notes } = openEnvFile(options.file ?? '.env', mode, say);
  const reader = new VariableReader(source, fromFile, (sentence) => say('sys_secret_exposed', sentence));
  const outcome: Outcome = { values: [], problems, generated: [] };
  for (const [name, spec] of fields) readOne(name, spec, fields, reader, mode, outcome, say);
  if (outcome.problems.length > 0) throw withCallersStack(new EnvironmentError(outcome.problems, mode, notes));
  if (outcome.generated.length > 0) {
    say(
      'sys_secret_generated',
      `not set, so this process made random ones, which end with it: ${outcome.generated.join(', ')}. ` +
        'Production does not start without them',
    );
  }
  return Object.freeze(Object.fromEntries(outcome.values)) as Env<S>;
}

/** A mode that is none of the three must not be laxer than production: `mode: process.env.NODE_ENV` gives any word. */
function modeFrom(given: Mode | undefined, source: EnvironmentSource): Mode {
  if (given === undefined) return modeOf(source.NODE_ENV);
  if (given === modeOf(given)) return given;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'env().mode',
    message: 'it is none of production, development and test',
    fix: 'leave it out: NODE_ENV says it',
  });
}

function readOne(
  name: string,
  spec: FieldSpec<unknown>,
  fields: ReadonlyMap<string, unknown>,
  reader: VariableReader,
  mode: Mode,
  outcome: Outcome,
  say: (event: EventName, description: string) => void,
): void {
  const found = spec.withPrevious === true ? findBoth(name, reader) : reader.find(name);
  if ('problem' in found) {
    outcome.problems.push(found.problem);
    return;
  }
  if ('absent' in found) {
    if (spec.absent !== undefined) {
      outcome.values.push([name, spec.absent.value]);
      return;
    }
    const other = reader.lookalike(name, new Set(fields.keys()));
    if (mode === 'production' || spec.generate === undefined) {
      const meant = other === undefined ? '' : `; ${other} is set: is it that?`;
      outcome.problems.push({ variable: name, problem: `is missing${meant}`, fix: spec.fix });
      return;
    }
    outcome.values.push([name, spec.generate(name)]);
    outcome.generated.push(other === undefined ? name : `${name} (${other} is set: is it that?)`);
    return;
  }
  const reading = spec.parse(found.text, name);
  if ('problem' in reading) {
    const from = found.file === undefined ? '' : ` (from ${found.file})`;
    outcome.problems.push({ variable: name, problem: `${reading.problem}${from}`, fix: reading.fix });
    return;
  }
  outcome.values.push([name, reading.value]);
  const { weak } = reading;
  if (weak === undefined) return;
  if (mode === 'production') outcome.problems.push({ variable: name, problem: weak.problem, fix: weak.fix });
  // Its own name says that it is one, wherever it is.
  else if (weak.kind !== 'development')
    say('sys_secret_weak', `${name} ${weak.problem}. Production does not start with it`);
}

/** `NAME` and `NAME_PREVIOUS`, as one list. The old one alone signs nothing. */
function findBoth(name: string, reader: VariableReader): Found {
  const [first, previous] = [reader.find(name), reader.find(`${name}_PREVIOUS`)];
  if (!('text' in first) || 'absent' in previous) return first;
  if ('problem' in previous) return previous;
  return { ...first, text: `${first.text},${previous.text}` };
}

/** The `.env` file: read in development, and noticed where it is not. */
function openEnvFile(
  file: string | false,
  mode: Mode,
  say: (event: EventName, description: string) => void,
): { fromFile: EnvironmentSource; problems: EnvironmentProblem[]; notes: string[] } {
  if (file === false || mode === 'test') return { fromFile: {}, problems: [], notes: [] };
  const path = resolve(file);
  if (mode === 'development') {
    const { source, problem } = readEnvFile(path);
    return { fromFile: source, problems: problem === undefined ? [] : [problem], notes: [] };
  }
  if (!existsSync(path)) return { fromFile: {}, problems: [], notes: [] };
  const note = `${path} was left unread: a file of variables is for development (NODE_ENV=development), and has no place here`;
  say('sys_secret_exposed', note);
  return { fromFile: {}, problems: [], notes: [note] };
}

function fieldsOf(schema: EnvSchema): Map<string, FieldSpec<unknown>> {
  const fields = new Map<string, FieldSpec<unknown>>();
  for (const [name, value] of Object.entries(schema ?? {})) {
    const spec = specOf(value);
    const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    if (spec !== undefined && isName) {
      fields.set(name, spec);
      continue;
    }
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: `env().${name}`,
      message: isName ? 'it is no field and no Standard Schema' : 'it is no name of a variable',
      fix: 'write NAME: env.string(), env.secret() or another field of env, or a schema of zod, valibot or arktype',
    });
  }
  return fields;
}

/** What led to it is the caller's, not what is in here. */
function withCallersStack(error: EnvironmentError): EnvironmentError {
  Error.captureStackTrace(error, read);
  return error;
}

/** Reads the environment; see {@link EnvReader}. */
export const env: EnvReader = Object.assign(read, {
  string,
  integer,
  port,
  boolean,
  oneOf,
  duration,
  size,
  url,
  list,
  secret,
  secrets,
  secretUrl,
});
