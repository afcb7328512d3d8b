import { ConfigError } from '../../../errors.ts';

/** The claims that Bulwark reads and writes itself (RFC 7519 4.1, RFC 9068 2.2). Times are seconds since 1970. */
export interface RegisteredClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly sub?: string;
  readonly jti?: string;
  /** The session that the token belongs to: ending it ends the token. */
  readonly sid?: string;
  /** What the token is limited to (RFC 8693 4.2): text in tokens of ours, and whatever they like in those of others. */
  readonly scope?: unknown;
}

/** What `issueToken` is given: the subject, and what the app adds. */
export interface ClaimsToIssue {
  readonly sub: string;
  readonly sid?: string;
  /** Not valid before: seconds since 1970. */
  readonly nbf?: number;
  /** The issuer says these, from its options. */
  readonly iss?: never;
  readonly aud?: never;
  readonly exp?: never;
  readonly iat?: never;
  readonly jti?: never;
  readonly [claim: string]: unknown;
}

/** The type of token that is meant where nothing is said: an access token (RFC 9068 2.1). */
export const ACCESS_TOKEN = 'at+jwt';

/** Longest token, in characters: it travels in a header, and servers take 16 KB of those. */
export const LONGEST_TOKEN = 8192;

/** Longest life of a token, in milliseconds, whatever is said. */
export const LONGEST_LIFE = 86_400_000;

/**
 * A media type as `typ` may name it: in any case, and without `application/` where no other slash is (RFC 7515 4.1.9).
 *
 * @example plainType('application/AT+JWT') // 'at+jwt'
 */
export function plainType(typ: string): string {
  const lower = typ.toLowerCase();
  const bare = lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
  return bare.includes('/') ? lower : bare;
}

/** Whether a claim is text that says something. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * Reads the name of an issuer or audience: an empty one would be one that anybody has.
 *
 * @throws ConfigError
 */
export function readName(value: unknown, field: string): string {
  if (isText(value)) return value;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: 'it is missing or empty',
    fix: 'write the exact name, such as "https://login.shop.example"',
  });
}

/** Reads one audience or several. */
export function readAudience(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) return [readName(value, field)];
  const names = (value as readonly unknown[]).map((name, i) => readName(name, `${field}[${i}]`));
  return names.length > 0 ? names : [readName(undefined, field)];
}
