import { z } from 'zod';
import { type ByteSize, parseByteSize } from '../../../units.ts';

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
  /** An object with the same key twice: `'last'` takes the last value, as JSON.parse does. Default: `'refuse'`. */
  readonly duplicates?: 'refuse' | 'last';
  /**
   * Whole numbers beyond 2^53 - 1, which JavaScript rounds: `'exact'` refuses them, for apps whose ids could be that large.
   * Default: `'any'`. A number that would become Infinity is refused in either case.
   */
  readonly numbers?: 'any' | 'exact';
}

/** Options for form bodies. */
export interface UrlencodedOptions {
  /** The largest body: bytes, or a size such as `'1mb'`. Default: `'100kb'`. */
  readonly limit?: ByteSize;
  /** The largest number of fields. Default: 1000. */
  readonly parameterLimit?: number;
}

/** Options for text bodies. */
export interface TextBodyOptions {
  /** The largest body: bytes, or a size such as `'1mb'`. Default: `'100kb'`. */
  readonly limit?: ByteSize;
  /** Media types that are text, in full. Default: `['text/plain']`. */
  readonly types?: readonly string[];
}

/** Options for bodies that are kept as they came. */
export interface RawOptions {
  /** The largest body: bytes, or a size such as `'1mb'`. Default: `'100kb'`. */
  readonly limit?: ByteSize;
  /** Media types that are taken, in full. Default: any, and none. */
  readonly types?: readonly string[];
}

/** Options for bodies that something else reads. */
export interface StreamOptions {
  /** The largest body: bytes, or a size such as `'50mb'`. Default: `'1gb'`. */
  readonly limit?: ByteSize;
}

export interface ResolvedJson {
  readonly limit: number;
  readonly types: readonly string[];
  readonly depth: number;
  readonly keys: number;
  readonly duplicates: 'refuse' | 'last';
  readonly numbers: 'any' | 'exact';
}

export interface ResolvedForm {
  readonly limit: number;
  readonly parameterLimit: number;
}

export interface ResolvedText {
  readonly limit: number;
  readonly types: readonly string[];
}

const KB = 1024;

export const JSON_DEFAULTS: ResolvedJson = {
  limit: 100 * KB,
  types: ['application/json'],
  depth: 32,
  keys: 10_000,
  duplicates: 'refuse',
  numbers: 'any',
};
export const FORM_DEFAULTS: ResolvedForm = { limit: 100 * KB, parameterLimit: 1000 };
export const TEXT_DEFAULTS: ResolvedText = { limit: 100 * KB, types: ['text/plain'] };

/** The media type of forms. */
export const FORM_TYPE: string = 'application/x-www-form-urlencoded';

const mediaType = z
  .string()
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/, "must be a media type in full, such as 'application/vnd.api+json'");
const parsedType = mediaType.refine((type) => type.toLowerCase() !== FORM_TYPE, 'must not be the type of forms');

export const size: z.ZodType = z.union([z.number(), z.string()]);
const typesOf = (type: z.ZodType): z.ZodType => z.array(type).min(1, 'must name at least one media type').optional();

export const jsonSchema: z.ZodType = z.strictObject({
  limit: size.optional(),
  types: typesOf(parsedType),
  depth: z.int().min(1).max(1000).optional(),
  keys: z.int().min(1).optional(),
  duplicates: z.enum(['refuse', 'last']).optional(),
  numbers: z.enum(['any', 'exact']).optional(),
});
export const formSchema: z.ZodType = z.strictObject({
  limit: size.optional(),
  parameterLimit: z.int().min(1).max(100_000).optional(),
});
export const textSchema: z.ZodType = z.strictObject({ limit: size.optional(), types: typesOf(parsedType) });
export const rawSchema: z.ZodType = z.strictObject({ limit: size.optional(), types: typesOf(mediaType) });
export const streamSchema: z.ZodType = z.strictObject({ limit: size.optional() });

/** Sizes as written, and what they become. */
type Written<T> = { readonly [K in keyof T]: K extends 'limit' ? ByteSize : T[K] };

/**
 * Reads the size and the types of some options, and leaves out what is not there. A size that is none throws: a limit that
 * became `NaN` would limit nothing (CVE-2026-12590).
 *
 * @throws ConfigError naming the field and the fix
 * @example readSizes({ limit: '1mb' }, 'input.json') // { limit: 1048576 }
 */
export function readSizes<T extends { limit?: ByteSize; types?: readonly string[] }>(
  given: T,
  field: string,
): Omit<T, 'limit'> & { limit?: number } {
  const { limit, types, ...rest } = given;
  return {
    ...rest,
    ...(limit === undefined ? {} : { limit: parseByteSize(limit, `${field}.limit`) }),
    ...(types === undefined ? {} : { types: types.map((type) => type.toLowerCase()) }),
  } as Omit<T, 'limit'> & { limit?: number };
}

/** The same for options in which nothing is missing. */
export function readAll<T extends { limit: number; types?: readonly string[] }>(given: Written<T>, field: string): T {
  return readSizes(given as { limit: ByteSize; types?: readonly string[] }, field) as unknown as T;
}
