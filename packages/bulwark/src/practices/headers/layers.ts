import { ConfigError } from '../../errors.ts';
import { mergeFields, resolveOptions } from '../../options.ts';
import { nameDirectives } from './csp.ts';
import type { HeaderPolicies, HeadersOptions } from './headers-options.ts';
import {
  DEFAULTS,
  profileSchema,
  type ResolvedCsp,
  type ResolvedHeadersOptions,
  type ResolvedPolicies,
  schema,
} from './options.ts';
import { nameFeatures } from './permissions-policy.ts';

/** What a profile changes: fields that are absent stay as they are. */
export type PolicyLayer = Partial<ResolvedPolicies>;

/** helmet's older names, and what they are called now. */
const ALIASES: Readonly<Record<string, keyof HeadersOptions>> = {
  hsts: 'strictTransportSecurity',
  frameguard: 'xFrameOptions',
  noSniff: 'xContentTypeOptions',
  dnsPrefetchControl: 'xDnsPrefetchControl',
  permittedCrossDomainPolicies: 'xPermittedCrossDomainPolicies',
};

/** helmet's switches for what is done, or never done, in any case; and the one value that says so. */
const SETTLED: Readonly<Record<string, { value: boolean; fix: string }>> = {
  xPoweredBy: { value: true, fix: "remove it; keepHeaders: ['X-Powered-By'] is what keeps that header" },
  hidePoweredBy: { value: true, fix: "remove it; keepHeaders: ['X-Powered-By'] is what keeps that header" },
  xXssProtection: {
    value: false,
    fix: 'remove it: that header is never sent, since its filter opened holes of its own',
  },
  xssFilter: { value: false, fix: 'remove it: that header is never sent, since its filter opened holes of its own' },
  xDownloadOptions: { value: false, fix: 'remove it: only Internet Explorer 8 knew that header' },
  ieNoOpen: { value: false, fix: 'remove it: only Internet Explorer 8 knew that header' },
};

/**
 * Reads the options: helmet's names made ours, checked, laid over the defaults.
 *
 * @throws ConfigError naming the field and the fix
 */
export function readOptions(given: HeadersOptions): ResolvedHeadersOptions {
  const { contentSecurityPolicy, permissionsPolicy, ...rest } = resolveOptions(
    schema,
    DEFAULTS,
    fold(given),
    'headers',
  );
  return { ...rest, ...named({ contentSecurityPolicy, permissionsPolicy }, 'headers') };
}

/** Reads what a profile changes. */
export function readLayer(given: HeaderPolicies, field: string): PolicyLayer {
  const layer: PolicyLayer = resolveOptions(profileSchema, {}, fold(given), field);
  return { ...layer, ...named(layer, field) };
}

/** Lays a profile over the options. A policy with `useDefaults: false` replaces the one below it as a whole. */
export function mergeLayer<T extends ResolvedPolicies>(base: T, layer: PolicyLayer): T {
  const merged = mergeFields(base, layer);
  const below = base.contentSecurityPolicy;
  const above: Partial<ResolvedCsp> | false | undefined = layer.contentSecurityPolicy;
  if (above === undefined || above === false) return merged;
  const fresh = above.useDefaults === false || below === false;
  const contentSecurityPolicy: ResolvedCsp = {
    useDefaults: above.useDefaults ?? (below === false || below.useDefaults),
    reportOnly: above.reportOnly ?? (below !== false && below.reportOnly),
    sandboxData: above.sandboxData ?? (below === false || below.sandboxData),
    directives: { ...(fresh ? {} : below.directives), ...above.directives },
    dangerouslyAllow: [...(fresh ? [] : below.dangerouslyAllow), ...(above.dangerouslyAllow ?? [])],
  };
  return { ...merged, contentSecurityPolicy };
}

function fold(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given;
  const folded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const settled = Object.hasOwn(SETTLED, key) ? SETTLED[key] : undefined;
    if (settled !== undefined && value !== undefined) {
      if (value === settled.value) continue;
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: `headers.${key}`,
        message: `it can only be ${settled.value}`,
        fix: settled.fix,
      });
    }
    const name = (Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined) ?? key;
    if (value === undefined) continue;
    if (name in folded || (name !== key && (given as Record<string, unknown>)[name] !== undefined)) {
      throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
        field: `headers.${key}`,
        message: `${key} and ${name} are the same setting`,
        fix: `keep ${name}`,
      });
    }
    const isDefault = value === true && (name === 'contentSecurityPolicy' || name === 'permissionsPolicy');
    if (!isDefault) folded[name] = value;
  }
  return folded;
}

type Named = Pick<ResolvedPolicies, 'contentSecurityPolicy' | 'permissionsPolicy'>;

function named<T extends Partial<Named>>(given: T, field: string): T {
  const { contentSecurityPolicy: csp, permissionsPolicy: features } = given;
  const result: Partial<Named> = {
    ...(csp === undefined ? {} : { contentSecurityPolicy: csp && namedCsp(csp, `${field}.contentSecurityPolicy`) }),
    ...(features === undefined
      ? {}
      : {
          permissionsPolicy: features && nameFeatures(features, `${field}.permissionsPolicy`),
        }),
  };
  return { ...given, ...result };
}

function namedCsp(csp: ResolvedCsp, field: string): ResolvedCsp {
  if (csp.directives === undefined) return csp;
  return { ...csp, directives: nameDirectives(csp.directives, `${field}.directives`) };
}
