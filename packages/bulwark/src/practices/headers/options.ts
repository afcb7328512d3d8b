import { z } from 'zod';
import type { HstsOptions } from '../https/hsts.ts';
import type { CrossDomainPolicies, EmbedderPolicy, OpenerPolicy, ResourcePolicy } from './headers-options.ts';
import type { Allowlist } from './permissions-policy.ts';

/** A policy with every field in place. */
export interface ResolvedCsp {
  readonly useDefaults: boolean;
  readonly reportOnly: boolean;
  readonly sandboxData: boolean;
  readonly directives: Readonly<Record<string, readonly string[] | string | boolean | null>>;
  readonly dangerouslyAllow: readonly string[];
}

/** The part that a route may change, with every default in place. */
export interface ResolvedPolicies {
  readonly contentSecurityPolicy: ResolvedCsp | false;
  readonly crossOriginEmbedderPolicy: EmbedderPolicy | false;
  readonly crossOriginOpenerPolicy: OpenerPolicy | false;
  readonly crossOriginResourcePolicy: ResourcePolicy | false;
  readonly originAgentCluster: boolean;
  readonly permissionsPolicy: Readonly<Record<string, Allowlist>> | false;
  /** `auto`: by the origins. */
  readonly referrerPolicy: string | false;
  readonly xDnsPrefetchControl: 'on' | 'off' | false;
  /** `auto`: by frame-ancestors. */
  readonly xFrameOptions: 'deny' | 'sameorigin' | 'auto' | false;
  readonly xPermittedCrossDomainPolicies: CrossDomainPolicies | false;
  readonly cacheControl: string | false;
}

/** The options with every default in place. */
export interface ResolvedHeadersOptions extends ResolvedPolicies {
  readonly strictTransportSecurity: boolean | HstsOptions;
  readonly xContentTypeOptions: boolean;
  readonly readableCookies: readonly string[];
  readonly removeHeaders: readonly string[];
  readonly keepHeaders: readonly string[];
  readonly reports: string | false;
  readonly reportOnly: boolean;
  readonly origins: readonly string[];
}

/** Where reports go unless the settings say otherwise. */
export const REPORTS_PATH = '/.well-known/bulwark/reports';

/** A setting of helmet's shape: a boolean, the value, or an object with the value in one field. */
function either<T extends string>(values: readonly [T, ...T[]], field: string): z.ZodType {
  return z
    .union([z.boolean(), z.enum(values), z.strictObject({ [field]: z.enum(values).optional() })])
    .transform((given) => {
      const value = typeof given === 'object' ? (given as Record<string, T | undefined>)[field] : given;
      return value === true ? undefined : typeof value === 'string' ? value.toLowerCase() : value;
    })
    .optional();
}

const REFERRER = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
] as const;
const referrer = z.union([z.enum(REFERRER), z.array(z.enum(REFERRER)).min(1)]);
const headerName = z.string().regex(/^[\w$.-]+$/, 'must be the name of a header');
const headerValue = z.string().regex(/^[\x20-\x7e]+$/, 'must be one line of ASCII text');
const cookieName = z.string().regex(/^[!#$%&'*+.^`|~\w-]+$/, 'must be the name of a cookie');

const policies = {
  contentSecurityPolicy: z
    .union([
      z.boolean(),
      z.strictObject({
        directives: z.record(z.string(), z.unknown()).optional(),
        useDefaults: z.boolean().optional(),
        reportOnly: z.boolean().optional(),
        sandboxData: z.boolean().optional(),
        dangerouslyAllow: z.array(z.string()).optional(),
      }),
    ])
    .optional(),
  crossOriginEmbedderPolicy: either(['require-corp', 'credentialless', 'unsafe-none'], 'policy'),
  crossOriginOpenerPolicy: either(
    ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none'],
    'policy',
  ),
  crossOriginResourcePolicy: either(['same-origin', 'same-site', 'cross-origin'], 'policy'),
  originAgentCluster: z.boolean().optional(),
  permissionsPolicy: z
    .union([
      z.boolean(),
      z.record(z.string(), z.union([z.literal('*'), z.literal(false), z.array(z.string())]).optional()),
    ])
    .optional(),
  referrerPolicy: z
    .union([z.boolean(), referrer, z.strictObject({ policy: referrer.optional() })])
    .transform((given) => {
      const value = typeof given === 'object' && 'policy' in given ? given.policy : given;
      return Array.isArray(value) ? value.join(',') : value === true || typeof value === 'object' ? undefined : value;
    })
    .optional(),
  xDnsPrefetchControl: z
    .union([z.boolean(), z.enum(['on', 'off']), z.strictObject({ allow: z.boolean().optional() })])
    .transform((given) => {
      if (typeof given === 'object') return given.allow === true ? 'on' : 'off';
      return given === true ? undefined : given;
    })
    .optional(),
  xFrameOptions: either(['deny', 'sameorigin', 'DENY', 'SAMEORIGIN'], 'action'),
  xPermittedCrossDomainPolicies: either(['none', 'master-only', 'by-content-type', 'all'], 'permittedPolicies'),
  cacheControl: z
    .union([z.boolean(), headerValue])
    .transform((given) => (given === true ? undefined : given))
    .optional(),
};

/** The options as a user may write them, after helmet's older names were replaced. */
export const schema: z.ZodType = z.strictObject({
  ...policies,
  strictTransportSecurity: z
    .union([
      z.boolean(),
      z.strictObject({
        maxAge: z.union([z.number(), z.string()]).optional(),
        includeSubDomains: z.boolean().optional(),
        preload: z.boolean().optional(),
      }),
    ])
    .optional(),
  xContentTypeOptions: z.boolean().optional(),
  readableCookies: z.array(cookieName).optional(),
  removeHeaders: z.array(headerName).optional(),
  keepHeaders: z.array(headerName).optional(),
  reports: z
    .union([
      z.literal(false),
      z
        .string()
        .regex(
          /^(?:\/(?!\/)[\w./~-]*|https:\/\/[\w./~:-]+)$/,
          'must be a path ("/reports") or an https URL, without a query',
        ),
    ])
    .optional(),
  reportOnly: z.boolean().optional(),
  origins: z.array(z.string()).optional(),
});

/** What a route profile may change. */
export const profileSchema: z.ZodType = z.strictObject(policies);

/** The defaults of 2026-11. */
export const DEFAULTS: ResolvedHeadersOptions = {
  contentSecurityPolicy: {
    useDefaults: true,
    reportOnly: false,
    sandboxData: true,
    directives: {},
    dangerouslyAllow: [],
  },
  crossOriginEmbedderPolicy: 'require-corp',
  crossOriginOpenerPolicy: 'same-origin',
  crossOriginResourcePolicy: 'same-origin',
  originAgentCluster: true,
  permissionsPolicy: {},
  referrerPolicy: 'auto',
  xDnsPrefetchControl: 'off',
  xFrameOptions: 'auto',
  xPermittedCrossDomainPolicies: 'none',
  cacheControl: 'no-store, max-age=0',
  strictTransportSecurity: true,
  xContentTypeOptions: true,
  readableCookies: [],
  removeHeaders: [],
  keepHeaders: [],
  reports: REPORTS_PATH,
  reportOnly: false,
  origins: [],
};
