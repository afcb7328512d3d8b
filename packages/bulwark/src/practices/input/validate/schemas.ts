import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigError } from '../../../errors.ts';
import { nearest } from '../../../options.ts';

/** The parts of a request that can be validated. */
export type Part = 'body' | 'headers' | 'params' | 'query';

/** In the order in which they are checked and reported. */
export const PARTS: readonly Part[] = ['params', 'query', 'headers', 'body'];

/** What {@link validate} takes: a Standard Schema for each part that handlers read. */
export interface ValidateSchemas {
  /** For `req.body`. */
  readonly body?: StandardSchemaV1;
  /** For `req.query`; all values are strings, or lists of them where a name comes twice. */
  readonly query?: StandardSchemaV1;
  /** For `req.params`. */
  readonly params?: StandardSchemaV1;
  /** For headers, whose names are in lower case; a schema of a plain object, since every request has others too. */
  readonly headers?: StandardSchemaV1;
  /** For the JSON that is sent: one schema for all 2xx answers, or one for each status. */
  readonly response?: StandardSchemaV1 | Readonly<Record<number, StandardSchemaV1>>;
}

/** What happens to fields that a schema does not declare. */
export type UnknownFields = 'refuse' | 'strip';

/** Checks a value; a rejected promise is a fault of the schema's, not of the value. */
export type Check = (value: unknown) => StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>>;

/** A schema, ready to be asked. */
export interface ReadySchema {
  readonly vendor: string;
  readonly check: Check;
}

/** The schemas, read. */
export interface ReadySchemas {
  readonly parts: ReadonlyMap<Part, ReadySchema>;
  /** The schema of a status; undefined where no part of the answer is declared. */
  readonly response: ((status: number) => ReadySchema | undefined) | undefined;
}

/** Parts whose names the sender does not choose freely; what is not declared there is left out, not refused. */
export const NEVER_REFUSED: ReadonlySet<Part> = new Set<Part>(['headers', 'params']);

const KNOWN = ['body', 'query', 'params', 'headers', 'response'];

/**
 * Reads what {@link validate} was given.
 *
 * @throws ConfigError for what is no Standard Schema, for unknown keys, and where nothing is to be validated
 * @example readSchemas({ body: z.object({ title: z.string() }) }, 'refuse').parts.has('body') // true
 */
export function readSchemas(schemas: ValidateSchemas, unknown: UnknownFields): ReadySchemas {
  const given: unknown = schemas;
  if (typeof given !== 'object' || given === null || isSchema(given)) {
    throw wrong('validate()', 'what it takes is an object of schemas', EXAMPLE);
  }
  const entries = Object.entries(schemas).filter(([, schema]) => schema !== undefined);
  for (const [key] of entries) if (!KNOWN.includes(key)) throw unknownKey(key);
  if (entries.length === 0) throw wrong('validate()', 'there is nothing to validate', EXAMPLE);

  const parts = new Map<Part, ReadySchema>();
  for (const part of PARTS) {
    const schema = schemas[part];
    if (schema === undefined) continue;
    parts.set(part, ready(schema, NEVER_REFUSED.has(part) ? 'strip' : unknown, `validate().${part}`));
  }
  return { parts, response: schemas.response === undefined ? undefined : readResponse(schemas.response) };
}

function readResponse(given: NonNullable<ValidateSchemas['response']>): ReadySchemas['response'] {
  if (isSchema(given)) {
    const only = ready(given, 'strip', 'validate().response');
    return (status) => (isSuccess(status) ? only : undefined);
  }
  const field = 'validate().response';
  if (typeof given !== 'object' || given === null) throw notSchema(given, field);
  const byStatus = new Map<number, ReadySchema>();
  for (const [status, schema] of Object.entries(given)) {
    if (!/^[2-5]\d\d$/.test(status)) {
      throw wrong(`${field}.${status}`, 'that is no status of an answer', 'write { 200: schema, 404: schema }');
    }
    byStatus.set(Number(status), ready(schema, 'strip', `${field}.${status}`));
  }
  if (byStatus.size === 0) throw wrong(field, 'it names no status', 'write { 200: schema, 404: schema }');
  // A success that nobody described would go out as it is: it is held to a schema that nothing fits.
  return (status) => byStatus.get(status) ?? (isSuccess(status) ? UNDECLARED : undefined);
}

const UNDECLARED: ReadySchema = {
  vendor: 'bulwark',
  check: () => ({ issues: [{ message: 'the status is not declared' }] }),
};

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Whether a value is a Standard Schema; some libraries make functions of theirs. */
function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard: unknown = (value as { '~standard'?: unknown })['~standard'];
  if (typeof standard !== 'object' || standard === null) return false;
  const { version, validate } = standard as { version?: unknown; validate?: unknown };
  return version === 1 && typeof validate === 'function';
}

function ready(schema: unknown, unknown: UnknownFields, field: string): ReadySchema {
  if (!isSchema(schema)) throw notSchema(schema, field);
  const { vendor } = schema['~standard'];
  const { '~standard': standard } = vendor === 'arktype' ? closed(schema, unknown, field) : schema;
  return { vendor, check: (value) => standard.validate(value) };
}

interface ArkType extends StandardSchemaV1 {
  onDeepUndeclaredKey?(behaviour: 'delete' | 'reject'): StandardSchemaV1;
}

/** ArkType lets undeclared keys through unless it is told otherwise; what others drop by themselves would pass here. */
function closed(schema: ArkType, unknown: UnknownFields, field: string): StandardSchemaV1 {
  if (typeof schema.onDeepUndeclaredKey !== 'function') return schema;
  try {
    return schema.onDeepUndeclaredKey(unknown === 'strip' ? 'delete' : 'reject');
  } catch (cause) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field,
      message: 'ArkType cannot close this type: its branches cannot be told apart once undeclared keys are dealt with',
      fix: 'give the branches of the union a key that tells them apart, such as kind: \'"a"\'',
      cause,
    });
  }
}

const EXAMPLE = 'write validate({ body: z.object({ title: z.string() }) })';

function notSchema(value: unknown, field: string): ConfigError {
  const what = typeof value === 'function' ? 'a function' : value === null ? 'null' : `a value of type ${typeof value}`;
  return wrong(
    field,
    `${what} is no Standard Schema`,
    'give a schema of zod 3.24+, valibot 1+, arktype 2+ or another library with "~standard"',
  );
}

function wrong(field: string, message: string, fix: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', { field, message, fix });
}

function unknownKey(key: string): ConfigError {
  const near = nearest(key, KNOWN);
  return new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
    field: `validate().${key}`,
    message: `there is no such part${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
    fix: `use one of: ${KNOWN.join(', ')}`,
  });
}
