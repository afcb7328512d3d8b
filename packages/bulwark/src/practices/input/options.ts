import { METHODS } from 'node:http';
import { z } from 'zod';
import { mergeFields, resolveOptions } from '../../options.ts';
import { type ByteSize, parseByteSize } from '../../units.ts';
import {
  FORM_DEFAULTS,
  formSchema,
  JSON_DEFAULTS,
  type JsonOptions,
  jsonSchema,
  type ResolvedForm,
  type ResolvedJson,
  type ResolvedText,
  readAll,
  size,
  TEXT_DEFAULTS,
  type TextBodyOptions,
  textSchema,
  type UrlencodedOptions,
} from './body/body-options.ts';
import {
  QUERY_DEFAULTS,
  type QueryOptions,
  querySchema,
  type ResolvedQueryOptions,
  type ResolvedUrlOptions,
  URL_DEFAULTS,
  type UrlOptions,
  urlSchema,
} from './url/url-options.ts';

/** Options of the `input` practice. */
export interface InputOptions {
  /**
   * Methods that the app may be asked for at all; the rest is answered 405. CONNECT, TRACE and TRACK cannot be named.
   * Default: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY.
   */
  readonly methods?: readonly string[];
  /** What a path may hold that is refused by default. */
  readonly url?: UrlOptions;
  /** What a query may hold. */
  readonly query?: QueryOptions;
  /** How JSON bodies are read; `false` leaves them unread. */
  readonly json?: JsonOptions | false;
  /** How forms (`application/x-www-form-urlencoded`) are read; `false` leaves them unread. */
  readonly urlencoded?: UrlencodedOptions | false;
  /** How text bodies are read, into a string; default: `false`, they are left unread. */
  readonly text?: TextBodyOptions | false;
  /**
   * Bodies that nothing of the above reads, on routes that declare none. They are left to whoever wants them, up to this
   * size. Default: the largest of the limits above.
   */
  readonly unread?: { readonly limit?: ByteSize };
  /**
   * Whether compressed bodies (gzip, deflate, br) are accepted; the size limit then holds for what comes out of them.
   * Default: `false`, they are answered 415. Browsers never send them.
   */
  readonly inflate?: boolean;
}

/** The options with every default in place; sizes in bytes. */
export interface ResolvedInputOptions {
  readonly methods: readonly string[];
  readonly url: ResolvedUrlOptions;
  readonly query: ResolvedQueryOptions;
  readonly json: ResolvedJson | false;
  readonly urlencoded: ResolvedForm | false;
  readonly text: ResolvedText | false;
  readonly unread: { readonly limit: number };
  readonly inflate: boolean;
}

/** TRACE echoes headers that scripts may not read (CWE-693); CONNECT asks for a tunnel; TRACK is TRACE by another name. */
const NEVER: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

const method = z
  .string()
  .refine(
    (name) => METHODS.includes(name) && !NEVER.has(name),
    'must be a method in capitals that node:http knows, and none of CONNECT, TRACE, TRACK',
  );

const orOff = (schema: z.ZodType): z.ZodType => z.union([z.literal(false), schema]).optional();

export const schema: z.ZodType = z.strictObject({
  methods: z.array(method).min(1, 'must name at least one method').optional(),
  url: urlSchema.optional(),
  query: querySchema.optional(),
  json: orOff(jsonSchema),
  urlencoded: orOff(formSchema),
  text: orOff(textSchema),
  unread: z.strictObject({ limit: size.optional() }).optional(),
  inflate: z.boolean().optional(),
});

const DEFAULTS = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'],
  url: URL_DEFAULTS,
  query: QUERY_DEFAULTS,
  json: JSON_DEFAULTS as ResolvedJson | false,
  urlencoded: FORM_DEFAULTS as ResolvedForm | false,
  text: false as ResolvedText | false,
  unread: {} as { readonly limit?: ByteSize },
  inflate: false,
} as const;

/**
 * Reads the options of `input`. A size that is none throws here: a limit that became `NaN` would limit nothing
 * (CVE-2026-12590).
 *
 * @throws ConfigError naming the field and the fix
 * @example resolveInput({ json: { limit: '1mb' } })
 */
export function resolveInput(options: InputOptions): ResolvedInputOptions {
  const merged = resolveOptions<typeof DEFAULTS>(schema, DEFAULTS, options, 'input');
  const json = merged.json && readAll(merged.json, 'input.json');
  const urlencoded = merged.urlencoded && readAll(merged.urlencoded, 'input.urlencoded');
  // Off by default: what is given has no defaults below it yet.
  const text = merged.text && readAll(mergeFields(TEXT_DEFAULTS, merged.text), 'input.text');
  const largest = Math.max(...[json, urlencoded, text].map((kind) => (kind === false ? 0 : kind.limit)));
  const { limit } = merged.unread;
  // With every kind turned off there is none to go by.
  const unread = limit === undefined ? largest || JSON_DEFAULTS.limit : parseByteSize(limit, 'input.unread.limit');
  return { ...merged, json, urlencoded, text, unread: { limit: unread } };
}
