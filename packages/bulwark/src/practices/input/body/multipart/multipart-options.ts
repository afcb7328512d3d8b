import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../../../errors.ts';
import { resolveOptions } from '../../../../options.ts';
import { type ByteSize, parseByteSize } from '../../../../units.ts';
import { objectionToName } from '../body-keys.ts';
import { size } from '../body-options.ts';

/**
 * The types of files that can be declared: those that are told by their content. Text has no such sign, and HTML and SVG
 * run scripts where they are shown: neither is here.
 */
export const FILE_TYPES = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/heic',
  'application/pdf',
  'application/zip',
  'audio/mpeg',
  'audio/ogg',
  'audio/wav',
  'audio/flac',
  'video/mp4',
  'video/webm',
  'video/quicktime',
] as const;

/** A type of file, told by its content. */
export type FileType = (typeof FILE_TYPES)[number];

/** What one file field takes. */
export interface FileRule {
  /** The types that the content may have. */
  readonly types: readonly [FileType, ...FileType[]];
  /** The largest file: bytes, or a size such as `'2mb'`. Default: `'1mb'`. */
  readonly limit?: ByteSize;
  /** How many files the field takes. Default: 1. */
  readonly count?: number;
  /** Whether a request without a file in this field is refused. Default: `false`. */
  readonly required?: boolean;
}

/** Options for multipart forms. */
export interface MultipartOptions {
  /** The fields that are no files. */
  readonly fields?: {
    /** The largest value. Default: `'10kb'`. */
    readonly limit?: ByteSize;
    /** The largest number of fields. Default: 100. */
    readonly count?: number;
    /** The longest name, in bytes. Default: 100. */
    readonly nameLimit?: number;
  };
  /** What each file field takes, by its name. Files in other fields are refused. Default: none. */
  readonly files?: Readonly<Record<string, FileRule>>;
  /**
   * Where files are kept while the request is answered; the folder must exist. Default: they are kept in memory. Choose
   * one that no web server serves.
   */
  readonly directory?: string;
}

/** A {@link FileRule} with its defaults; the size in bytes. */
export interface ResolvedFileRule {
  readonly types: ReadonlySet<string>;
  readonly limit: number;
  readonly count: number;
  readonly required: boolean;
}

/** The options with every default in place; sizes in bytes. */
export interface ResolvedMultipart {
  readonly fields: { readonly limit: number; readonly count: number; readonly nameLimit: number };
  readonly files: ReadonlyMap<string, ResolvedFileRule>;
  readonly directory: string | undefined;
  /** The largest number of parts. */
  readonly parts: number;
  /** The largest body: what all of its parts may hold, with their headers. */
  readonly limit: number;
}

/** The largest header of a part, in bytes. */
export const HEADER_LIMIT: number = 4096;

const FIELD = 'input.multipart()';

const schema: z.ZodType = z.strictObject({
  fields: z
    .strictObject({
      limit: size.optional(),
      count: z.int().min(0).max(10_000).optional(),
      nameLimit: z.int().min(1).max(1000).optional(),
    })
    .optional(),
  files: z
    .record(
      z.string().min(1),
      z.strictObject({
        types: z.array(z.enum(FILE_TYPES)).min(1, 'must name at least one type'),
        limit: size.optional(),
        count: z.int().min(1).max(1000).optional(),
        required: z.boolean().optional(),
      }),
    )
    .optional(),
  directory: z.string().min(1).optional(),
});

const DEFAULTS = {
  fields: { limit: '10kb' as ByteSize, count: 100, nameLimit: 100 },
  files: {} as Readonly<Record<string, FileRule>>,
  directory: undefined as string | undefined,
};

/**
 * Reads the options of `input.multipart()`.
 *
 * @throws ConfigError for a type that cannot be told by content, a size that is none, a folder that does not exist
 * @example resolveMultipart({ files: { avatar: { types: ['image/png'], limit: '2mb' } } })
 */
export function resolveMultipart(options: MultipartOptions): ResolvedMultipart {
  const { fields: written, files: rules, directory } = resolveOptions(schema, DEFAULTS, options, FIELD);
  const fields = { ...written, limit: parseByteSize(written.limit, `${FIELD}.fields.limit`) };
  const files = new Map<string, ResolvedFileRule>();
  for (const [name, { types, limit = '1mb', count = 1, required = false }] of Object.entries(rules)) {
    if (objectionToName(name) !== undefined) throw unusableName(name);
    const bytes = parseByteSize(limit, `${FIELD}.files.${name}.limit`);
    files.set(name, { types: new Set<string>(types), limit: bytes, count, required });
  }
  const all = [...files.values()];
  const parts = all.reduce((sum, { count }) => sum + count, fields.count);
  const content = all.reduce((sum, { count, limit }) => sum + count * limit, fields.count * fields.limit);
  return {
    fields,
    files,
    directory: directory === undefined ? undefined : requireFolder(directory),
    parts,
    limit: content + (parts + 1) * HEADER_LIMIT,
  };
}

function unusableName(name: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field: `${FIELD}.files`,
    message: `${JSON.stringify(name)} reaches a prototype and is refused in every request`,
    fix: 'give the field another name',
  });
}

function requireFolder(directory: string): string {
  const path = resolve(directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: `${FIELD}.directory`,
    message: `${path} is no folder`,
    fix: 'make the folder before the app starts, for its owner alone and where no web server serves it',
  });
}
