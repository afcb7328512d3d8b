import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '../../errors.ts';
import type { Weakness } from './judge-secret.ts';

/** What became of a text. `weak` is an objection that production does not let pass. */
export type Reading<T> =
  | { readonly value: T; readonly weak?: Weakness & { readonly fix: string } }
  | { readonly problem: string; readonly fix: string };

/** How one variable is read. */
export interface FieldSpec<T> {
  /** Reads a text that is not empty. Problems hold no part of it. */
  readonly parse: (text: string, variable: string) => Reading<T>;
  /** The value where the variable is absent; without it, that is a problem. */
  readonly absent?: { readonly value: T };
  /** In development and test: the value where the variable is absent. */
  readonly generate?: (variable: string) => T;
  /** `NAME_PREVIOUS` belongs to it too. */
  readonly withPrevious?: boolean;
  /** It is no plain value: it must not stand in a list. */
  readonly secret?: boolean;
  /** What to write: for the variable that is missing. */
  readonly fix: string;
}

const FIELD: unique symbol = Symbol('bulwark.env.field');

/** How one variable of the environment is read; made by `env.port()` and the like. */
export interface EnvField<T> {
  readonly [FIELD]: FieldSpec<T>;
}

/** Makes a field. */
export function field<T>(spec: FieldSpec<T>): EnvField<T> {
  return { [FIELD]: spec };
}

/** The reading of a field or of a Standard Schema; undefined for what is neither. */
export function specOf(value: unknown): FieldSpec<unknown> | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  if (FIELD in value) return (value as EnvField<unknown>)[FIELD];
  return '~standard' in value ? schemaSpec(value as StandardSchemaV1) : undefined;
}

/** What every plain field takes. */
export interface Optionality<T> {
  /** What it is where the variable is absent. */
  readonly default?: T;
  /** Where the variable is absent, the value is undefined. */
  readonly optional?: boolean;
}

/** The type of a field: `undefined` is in it where the options say so. */
export type Maybe<T, O> = O extends { readonly optional: true } ? T | undefined : T;

/** What stands for an absent variable. */
export function absentOf<T>(options: Optionality<T>, kind: string): { absent?: { value: T } } {
  if (options.default !== undefined && options.optional === true) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: kind,
      message: 'it has a default, so it is never absent',
      fix: 'give one of default and optional',
    });
  }
  if (options.default !== undefined) return { absent: { value: options.default } };
  return options.optional === true ? { absent: { value: undefined as T } } : {};
}

/** Refuses options that a field does not have: a mistyped one would be a rule that nobody applies. */
export function checkOptions(kind: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field: `${kind}.${unknown}`,
    message: 'there is no such option',
    fix: `use one of: ${known.join(', ')}`,
  });
}

function schemaSpec(schema: StandardSchemaV1): FieldSpec<unknown> {
  const fix = 'see the schema in the code';
  const read = (input: string | undefined): Reading<unknown> => {
    const result = schema['~standard'].validate(input);
    if (result instanceof Promise) {
      result.catch(() => undefined);
      return {
        problem: 'has a schema that answers later, and the start does not wait',
        fix: 'use a schema without async',
      };
    }
    if (result.issues === undefined) return { value: result.value };
    const [issue] = result.issues;
    const said = issue === undefined || mentions(issue.message, input) ? '' : `: ${issue.message}`;
    return { problem: input === undefined ? 'is missing' : `does not fit its schema${said}`, fix };
  };
  const safely = (input: string | undefined): Reading<unknown> => {
    try {
      return read(input);
    } catch {
      // What it says may hold the value.
      return { problem: 'made its schema throw', fix };
    }
  };
  // Whether it may be absent is the schema's to say.
  const absent = safely(undefined);
  return { parse: safely, fix, ...('value' in absent ? { absent: { value: absent.value } } : {}) };
}

/** Whether a message repeats a part of the value: some libraries quote what they were given. */
function mentions(message: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  const [said, given] = [message.toLowerCase(), value.toLowerCase()];
  if (given.length < 3) return said.includes(given);
  for (let at = 0; at + 3 <= given.length; at++) if (said.includes(given.slice(at, at + 3))) return true;
  return false;
}
