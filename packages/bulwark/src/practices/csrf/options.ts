import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import { parseOrigin } from '../../origins.ts';

/** Options of the `csrf` practice. */
export interface CsrfOptions {
  /**
   * The app's own origins, each as `scheme://host[:port]`. `secure()` gives them; alone, the origin of the request's
   * own host is taken (which behind a proxy needs the `client` practice).
   */
  readonly origins?: readonly string[];
  /**
   * Foreign origins whose pages may change state and load resources: a sibling host, an identity provider that posts
   * its answer. `secure()` adds those of the `cors` practice. Default: none.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * Whether `Sec-Fetch-Site` is asked first. `false` judges by Origin alone, for a proxy that garbles these headers;
   * on plain http browsers do not send them, and Origin is asked by itself. Default `true`.
   */
  readonly fetchMetadata?: boolean;
  /** Refuses to let other sites embed or fetch this app's resources; links to it go on working. Default `true`. */
  readonly isolateReads?: boolean;
}

/** The options with every default in place, as written. */
export interface ResolvedCsrfOptions {
  readonly origins: readonly string[] | undefined;
  readonly trustedOrigins: readonly string[];
  readonly fetchMetadata: boolean;
  readonly isolateReads: boolean | undefined;
}

// Origins are read by parseOrigin, whose words for a pattern or a function are better than a type mismatch.
export const schema: z.ZodType = z.strictObject({
  origins: z.array(z.unknown()).min(1, 'an app has at least one origin of its own').optional(),
  trustedOrigins: z.array(z.unknown()).optional(),
  fetchMetadata: z.boolean().optional(),
  isolateReads: z.boolean().optional(),
});

export const DEFAULTS: ResolvedCsrfOptions = {
  origins: undefined,
  trustedOrigins: [],
  fetchMetadata: true,
  isolateReads: undefined,
};

/** The policy as the middleware reads it. */
export interface CsrfPolicy {
  /** Undefined where the origin of the request's host is meant. */
  readonly own: ReadonlySet<string> | undefined;
  readonly trusted: ReadonlySet<string>;
  readonly fetchMetadata: boolean;
  readonly isolateReads: boolean;
}

/** Reads the options; throws ConfigError naming the field and what to write. */
export function readPolicy(given: CsrfOptions): CsrfPolicy {
  const options = resolveOptions(schema, DEFAULTS, given, 'csrf');
  if (!options.fetchMetadata && options.isolateReads) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'csrf.isolateReads',
      message: 'only Fetch Metadata tells who loads a resource, and fetchMetadata is false',
      fix: 'remove fetchMetadata: false, or isolateReads: true',
    });
  }
  return {
    own: options.origins && new Set(readOrigins(options.origins, 'csrf.origins')),
    trusted: new Set(readOrigins(options.trustedOrigins, 'csrf.trustedOrigins')),
    fetchMetadata: options.fetchMetadata,
    isolateReads: options.isolateReads ?? options.fetchMetadata,
  };
}

function readOrigins(values: readonly unknown[], field: string): string[] {
  return values.map((value, i) => parseOrigin(value, `${field}[${i}]`));
}
