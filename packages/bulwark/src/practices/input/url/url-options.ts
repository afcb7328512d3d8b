import { z } from 'zod';

/** Options for the path of a request. Each opens what is refused otherwise, for the whole app; each shows in the audit. */
export interface UrlOptions {
  /** Lets `%2f` through: for routes that take a whole address or path as one parameter. Default: `false`. */
  readonly dangerouslyAllowEncodedSlash?: boolean;
  /** Lets `;` and `%3b` through: for matrix parameters (`/map;zoom=3`). Default: `false`. */
  readonly dangerouslyAllowSemicolon?: boolean;
  /** Lets empty segments through (`//`). Default: `false`. */
  readonly dangerouslyAllowDoubleSlash?: boolean;
  /** Lets `%25` before two hex digits through: for names that hold a percent sign. Default: `false`. */
  readonly dangerouslyAllowDoubleEncoding?: boolean;
  /**
   * Lets letters, digits, `.`, `-` and `_` through that are percent-encoded although they need not be: a guard on `/admin`
   * does not see `/%61dmin`, and what serves the file does. Default: `false`.
   */
  readonly dangerouslyAllowNeedlessEncoding?: boolean;
}

/** Options for the query of a request. */
export interface QueryOptions {
  /** The largest number of parameters. Default: 1000. */
  readonly parameterLimit?: number;
  /**
   * Names from which `qs` (the query parser of Express 4, and of 5 with `extended`) makes objects: `a[b]=`, `a[$ne]=`.
   * `'allow'` for apps that expect nested queries. Default: `'refuse'`. Lists pass: `a=1&a=2`, `a[]=1`, `a[0]=1`.
   */
  readonly objects?: 'refuse' | 'allow';
  /** A parameter that comes twice, and lists: `'refuse'` for apps whose parameters are all scalar. Default: `'allow'`. */
  readonly duplicates?: 'allow' | 'refuse';
}

/** The options of the path with every default in place. */
export type ResolvedUrlOptions = Required<UrlOptions>;

/** The options of the query with every default in place. */
export type ResolvedQueryOptions = Required<QueryOptions>;

export const urlSchema: z.ZodType = z.strictObject({
  dangerouslyAllowEncodedSlash: z.boolean().optional(),
  dangerouslyAllowSemicolon: z.boolean().optional(),
  dangerouslyAllowDoubleSlash: z.boolean().optional(),
  dangerouslyAllowDoubleEncoding: z.boolean().optional(),
  dangerouslyAllowNeedlessEncoding: z.boolean().optional(),
});

export const querySchema: z.ZodType = z.strictObject({
  parameterLimit: z.int().min(1).max(100_000).optional(),
  objects: z.enum(['refuse', 'allow']).optional(),
  duplicates: z.enum(['allow', 'refuse']).optional(),
});

export const URL_DEFAULTS: ResolvedUrlOptions = {
  dangerouslyAllowEncodedSlash: false,
  dangerouslyAllowSemicolon: false,
  dangerouslyAllowDoubleSlash: false,
  dangerouslyAllowDoubleEncoding: false,
  dangerouslyAllowNeedlessEncoding: false,
};

export const QUERY_DEFAULTS: ResolvedQueryOptions = { parameterLimit: 1000, objects: 'refuse', duplicates: 'allow' };
