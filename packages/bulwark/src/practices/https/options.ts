import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { resolveOptions } from '../../options.ts';
import type { Duration } from '../../units.ts';
import { HSTS_DEFAULTS, type HstsOptions, type ResolvedHsts } from './hsts.ts';

/** Settings of the practice `https`. The gate gives `origins` from the policy. */
export interface HttpsOptions {
  /** The app's own origins, `scheme://host[:port]`: redirects lead to these and nowhere else. */
  readonly origins?: readonly string[];
  /** Path of the certificate, PEM, with its chain. Watched: a renewed file is used without a restart. */
  readonly cert?: string;
  /** Path of its private key, PEM. Watched too. */
  readonly key?: string;
  /**
   * Use a certificate of this machine's own CA. `{ directory }` says where the CA is kept (default: the user's data
   * directory). Default: true outside production where no certificate is named.
   */
  readonly local?: boolean | { readonly directory?: string };
  /** HSTS; an object changes fields, `false` turns it off. Default two years, with subdomains, no preload. */
  readonly hsts?: HstsOptions | false;
  /** Redirect plain requests for pages to HTTPS. With `false` they are refused like the others. Default true. */
  readonly redirect?: boolean;
  /** Paths that are an API: these and what lies under them are refused over plain HTTP, never redirected. */
  readonly apiPaths?: readonly string[];
  /** Exact paths answered over plain HTTP to GET and HEAD, for health checks. Default none. */
  readonly insecurePlainPaths?: readonly string[];
  /** How long `close()` waits for requests in flight. Default `'10s'`. */
  readonly grace?: Duration;
}

/** {@link HttpsOptions} with every field that has a default. */
export interface ResolvedHttps {
  readonly origins: readonly string[];
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly local: boolean | { readonly directory?: string } | undefined;
  readonly hsts: ResolvedHsts | false;
  readonly redirect: boolean;
  readonly apiPaths: readonly string[];
  readonly insecurePlainPaths: readonly string[];
  readonly grace: Duration;
}

const path = z
  .string()
  .regex(/^\/[^?#*\s]*$/, 'write an exact path such as /healthz: it begins with a slash and has no query or pattern');

/** The fields, for the schema of this practice and that of its listener. */
export const FIELDS: Readonly<Record<keyof HttpsOptions, z.ZodType>> = {
  origins: z.array(z.string()).readonly(),
  cert: z.string().min(1),
  key: z.string().min(1),
  local: z.union([z.boolean(), z.strictObject({ directory: z.string().min(1).optional() })]),
  hsts: z.union([
    z.literal(false),
    z.strictObject({
      maxAge: z.union([z.number(), z.string()]).optional(),
      includeSubDomains: z.boolean().optional(),
      preload: z.boolean().optional(),
    }),
  ]),
  redirect: z.boolean(),
  apiPaths: z.array(path).readonly(),
  insecurePlainPaths: z.array(path).readonly(),
  grace: z.union([z.number(), z.string()]),
};

/** The options as a user may write them. */
export const schema: z.ZodType = z.strictObject(FIELDS).partial();

/** The 2026-11 set. */
export const DEFAULTS: ResolvedHttps = {
  origins: [],
  cert: undefined,
  key: undefined,
  local: undefined,
  hsts: HSTS_DEFAULTS,
  redirect: true,
  apiPaths: [],
  insecurePlainPaths: [],
  grace: '10s',
};

/**
 * The options of this practice over its defaults, checked.
 *
 * @throws ConfigError
 * @example resolveHttps({ redirect: false }).grace // '10s'
 */
export function resolveHttps(options: HttpsOptions): ResolvedHttps {
  const settings = resolveOptions(schema, DEFAULTS, options, 'https');
  requireWholePair(settings);
  return settings;
}

/** Shared with the listener: half a pair, or two sources of one certificate, is a mistake wherever it is read. */
function requireWholePair(settings: ResolvedHttps): void {
  const { cert, key, local } = settings;
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: `https.${missing}`,
      message: `https.${given} is set and https.${missing} is not`,
      fix: 'set both; they may be the same PEM file',
    });
  }
  if (cert !== undefined && local !== undefined && local !== false) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'https.local',
      message: 'a certificate is named and one of the local CA is asked for',
      fix: 'remove https.local, or https.cert and https.key',
    });
  }
}
