import { METHODS } from 'node:http';
import { z } from 'zod';
import { resolveOptions } from '../../options.ts';
import { type ByteSize, parseByteSize } from '../../units.ts';

/** Options of the `input` practice. */
export interface InputOptions {
  /**
   * Methods that the app may be asked for at all; the rest is answered 405. CONNECT, TRACE and TRACK cannot be named.
   * Default: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY.
   */
  readonly methods?: readonly string[];
  /** How JSON bodies are read; `false` leaves them unread. */
  readonly json?: JsonOptions | false;
  /** How forms (`application/x-www-form-urlencoded`) are read; `false` leaves them unread. */
  readonly urlencoded?: UrlencodedOptions | false;
  /**
   * Whether compressed bodies (gzip, deflate, br) are accepted; the size limit then holds for what comes out of them.
   * Default: `false`, they are answered 415. Browsers never send them.
   */
  readonly inflate?: boolean;
}

/** Options for JSON bodies. */
export interface JsonOptions {
  /** The largest body: bytes, or a size such as `'1mb'`. Default: `'100kb'`. */
  readonly limit?: ByteSize;
  /** Media types that are JSON, in full. Default: `['application/json']`. */
  readonly types?: readonly string[];
  /** The deepest nesting of objects and arrays, in levels; `{}` is one. Default: 32. */
  readonly depth?: number;
  /** The largest number of keys in the whole body. Default: 10,000. */
  readonly keys?: number;
}

/** Options for form bodies. */
export interface UrlencodedOptions {
  /** The largest body: bytes, or a size such as `'1mb'`. Default: `'100kb'`. */
  readonly limit?: ByteSize;
  /** The largest number of fields. Default: 1000. */
  readonly parameterLimit?: number;
}

/** The options with every default in place; sizes in bytes. */
export interface ResolvedInputOptions {
  readonly methods: readonly string[];
  readonly json:
    | { readonly limit: number; readonly types: readonly string[]; readonly depth: number; readonly keys: number }
    | false;
  readonly urlencoded: { readonly limit: number; readonly parameterLimit: number } | false;
  readonly inflate: boolean;
}

/** TRACE echoes headers that scripts may not read (CWE-693); CONNECT asks for a tunnel; TRACK is TRACE by another name. */
const NEVER: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** The media type of forms. */
export const FORM_TYPE: string = 'application/x-www-form-urlencoded';

const method = z
  .string()
  .refine(
    (name) => METHODS.includes(name) && !NEVER.has(name),
    'must be a method in capitals that node:http knows, and none of CONNECT, TRACE, TRACK',
  );

const mediaType = z
  .string()
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/, "must be a media type in full, such as 'application/vnd.api+json'")
  .refine((type) => type.toLowerCase() !== FORM_TYPE, 'must not be the type of forms');

const size = z.union([z.number(), z.string()]);

export const schema: z.ZodType = z.strictObject({
  methods: z.array(method).min(1, 'must name at least one method').optional(),
  json: z
    .union([
      z.literal(false),
      z.strictObject({
        limit: size.optional(),
        types: z.array(mediaType).min(1, 'must name at least one media type').optional(),
        depth: z.int().min(1).max(1000).optional(),
        keys: z.int().min(1).optional(),
      }),
    ])
    .optional(),
  urlencoded: z
    .union([
      z.literal(false),
      z.strictObject({ limit: size.optional(), parameterLimit: z.int().min(1).max(100_000).optional() }),
    ])
    .optional(),
  inflate: z.boolean().optional(),
});

export const DEFAULTS: ResolvedInputOptions = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'],
  json: { limit: 100 * 1024, types: ['application/json'], depth: 32, keys: 10_000 },
  urlencoded: { limit: 100 * 1024, parameterLimit: 1000 },
  inflate: false,
};

/**
 * Reads the options of `input`. A size that is none throws here: a limit that became `NaN` would limit nothing
 * (CVE-2026-12590).
 *
 * @throws ConfigError naming the field and the fix
 * @example resolveInput({ json: { limit: '1mb' } })
 */
export function resolveInput(options: InputOptions): ResolvedInputOptions {
  const { json, urlencoded, ...rest } = resolveOptions(schema, DEFAULTS, options, 'input');
  return {
    ...rest,
    json: json && {
      ...json,
      limit: parseByteSize(json.limit, 'input.json.limit'),
      types: json.types.map((type) => type.toLowerCase()),
    },
    urlencoded: urlencoded && { ...urlencoded, limit: parseByteSize(urlencoded.limit, 'input.urlencoded.limit') },
  };
}
