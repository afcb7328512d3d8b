import { ConfigError } from '../../errors.ts';
import { parseDuration } from '../../units.ts';

/** What browsers are told to remember: RFC 6797. */
export interface HstsOptions {
  /**
   * How long: **seconds** as a number (as in the header itself, and in helmet), or a duration such as `'730d'`.
   * `0` tells browsers to forget. Default 63072000: two years.
   */
  readonly maxAge?: number | string;
  /** For all subdomains too. Default true. */
  readonly includeSubDomains?: boolean;
  /** Agrees to the browsers' built-in list (hstspreload.org), from which it takes months to get off. Default false. */
  readonly preload?: boolean;
}

/** {@link HstsOptions} with every field. */
export interface ResolvedHsts {
  readonly maxAge: number | string;
  readonly includeSubDomains: boolean;
  readonly preload: boolean;
}

/** The 2026-11 set. */
export const HSTS_DEFAULTS: ResolvedHsts = { maxAge: 63_072_000, includeSubDomains: true, preload: false };

/** One year: what the preload list and ASVS 3.4.1 ask for, in seconds. */
export const ONE_YEAR = 31_536_000;

/**
 * The value of the header `Strict-Transport-Security`, or undefined if it is off.
 *
 * @param options - laid over {@link HSTS_DEFAULTS}; `false`: none
 * @param field - the setting's name, for the error
 * @throws ConfigError `ERR_CONFIG_VALUE` for a time that is none; `ERR_CONFIG_CONTRADICTION` for `preload` with less
 *   than a year or without subdomains, which the list refuses
 * @see RFC 6797 §6.1; ASVS 3.4.1; CWE-523
 * @example strictTransportSecurity({}) // 'max-age=63072000; includeSubDomains'
 */
export function strictTransportSecurity(options: HstsOptions | false, field = 'https.hsts'): string | undefined {
  if (options === false) return undefined;
  const maxAge = seconds(options.maxAge ?? HSTS_DEFAULTS.maxAge, `${field}.maxAge`);
  const includeSubDomains = options.includeSubDomains ?? HSTS_DEFAULTS.includeSubDomains;
  const preload = options.preload ?? HSTS_DEFAULTS.preload;
  if (preload && (maxAge < ONE_YEAR || !includeSubDomains)) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: `${field}.preload`,
      message: `the preload list refuses a site ${includeSubDomains ? `that promises less than a year (${maxAge} s)` : 'that leaves its subdomains out'}`,
      fix: includeSubDomains ? `set maxAge to ${ONE_YEAR} or more` : 'set includeSubDomains: true, or preload: false',
    });
  }
  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`;
}

function seconds(value: number | string, field: string): number {
  if (typeof value === 'string') return Math.round(parseDuration(value, field) / 1000);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${value} is not a whole number of seconds`,
    fix: "write seconds, such as 63072000, or a duration, such as '730d'",
  });
}
