import { ConfigError } from '../../errors.ts';
import { type HeaderLines, headerLines } from '../../head.ts';
import { isLoopbackOrigin, parseOrigin } from '../../origins.ts';
import { strictTransportSecurity } from '../https/hsts.ts';
import { buildDirectives, type DirectiveMap } from './csp.ts';
import { type CspHeader, compileCsp } from './csp-header.ts';
import type { ResolvedCsp, ResolvedHeadersOptions } from './options.ts';
import { DEFAULT_FEATURES, permissionsPolicyValue } from './permissions-policy.ts';
import { DEAD_HEADERS, VENDOR_HEADERS } from './vendor-headers.ts';

/** Everything that can be known before a request: one block for the app, one more for each route profile. */
export interface Block {
  /** Headers of every response, whatever it had before. */
  readonly fixed: HeaderLines;
  /**
   * Names in lower case that a response must not have, whoever set them: the block's own, those that contradict it, and
   * those that no response carries.
   */
  readonly removed: ReadonlySet<string>;
  readonly csp: CspHeader | undefined;
  readonly hsts: HeaderLines | undefined;
  readonly cacheControl: HeaderLines | undefined;
  /** Its Cache-Control forbids every cache to keep the answer. */
  readonly storesNothing: boolean;
}

/**
 * Computes a block.
 *
 * @param never - names in lower case that no response carries
 */
export function compileBlock(options: ResolvedHeadersOptions, never: ReadonlySet<string>, field: string): Block {
  const csp = options.contentSecurityPolicy;
  const directives = csp && policyWithReports(csp, options.reports, `${field}.contentSecurityPolicy`);
  const reportOnly = options.reportOnly;
  const fixed = new Map<string, string | false | undefined>();
  const removed = new Set(never);
  const report = options.reports === false ? '' : '; report-to="default"';

  for (const [name, value] of [
    ['Cross-Origin-Embedder-Policy', options.crossOriginEmbedderPolicy],
    ['Cross-Origin-Opener-Policy', options.crossOriginOpenerPolicy],
  ] as const) {
    if (value === false) continue;
    if (reportOnly) fixed.set(`${name}-Report-Only`, `${value}${report}`);
    else fixed.set(name, value);
  }
  const features = options.permissionsPolicy;
  if (features) {
    const value = permissionsPolicyValue({ ...DEFAULT_FEATURES, ...features }, `${field}.permissionsPolicy`);
    fixed.set(`Permissions-Policy${reportOnly ? '-Report-Only' : ''}`, value);
  }
  fixed.set('X-Content-Type-Options', options.xContentTypeOptions && 'nosniff');
  fixed.set('X-DNS-Prefetch-Control', options.xDnsPrefetchControl);
  fixed.set('X-Permitted-Cross-Domain-Policies', options.xPermittedCrossDomainPolicies);
  if (options.reports !== false) fixed.set('Reporting-Endpoints', `default="${options.reports}"`);
  if (!reportOnly) {
    fixed.set('Cross-Origin-Resource-Policy', options.crossOriginResourcePolicy);
    fixed.set('Origin-Agent-Cluster', options.originAgentCluster && '?1');
    fixed.set('Referrer-Policy', referrerPolicy(options));
    const frame = frameOptions(options.xFrameOptions, csp && !csp.reportOnly ? directives || undefined : undefined);
    fixed.set('X-Frame-Options', frame);
    if (frame === undefined) removed.add('x-frame-options');
  }
  const hsts = options.strictTransportSecurity;
  const transport = strictTransportSecurity(hsts === true ? {} : hsts, 'headers.strictTransportSecurity');
  const sent = [...fixed].filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '');
  const policy = csp && directives ? compileCsp(directives, csp.reportOnly || reportOnly, csp.sandboxData) : undefined;
  for (const [name] of sent) removed.add(name.toLowerCase());
  if (policy !== undefined) removed.add(policy.name.toLowerCase());
  if (transport !== undefined) removed.add('strict-transport-security');
  return {
    fixed: headerLines(sent),
    removed,
    csp: policy,
    hsts: transport === undefined ? undefined : headerLines([['Strict-Transport-Security', transport]]),
    cacheControl: options.cacheControl === false ? undefined : headerLines([['Cache-Control', options.cacheControl]]),
    storesNothing: options.cacheControl !== false && /(?:^|,)\s*no-store\s*(?:,|$)/i.test(options.cacheControl),
  };
}

/** The names, in lower case, that no response carries. */
export function removedHeaders(options: ResolvedHeadersOptions): ReadonlySet<string> {
  const names = new Set([...VENDOR_HEADERS, ...options.removeHeaders.map((name) => name.toLowerCase())]);
  for (const name of options.keepHeaders) {
    if (!names.delete(name.toLowerCase())) {
      throw new ConfigError('ERR_CONFIG_VALUE', {
        field: 'headers.keepHeaders',
        message: `${JSON.stringify(name)} would not be removed, or may never be sent`,
        fix: 'take it out of the list',
      });
    }
  }
  for (const name of DEAD_HEADERS) names.add(name);
  return names;
}

function policyWithReports(csp: ResolvedCsp, reports: string | false, field: string): DirectiveMap {
  const directives = buildDirectives(csp, `${field}.directives`);
  if (reports === false || directives.has('report-uri') || directives.has('report-to')) return directives;
  return new Map([...directives, ['report-uri', [reports]], ['report-to', ['default']]]);
}

/** `undefined`: no header, because the list of frame-ancestors cannot be said in it, and it would contradict the list. */
function frameOptions(
  given: ResolvedHeadersOptions['xFrameOptions'],
  csp: DirectiveMap | undefined,
): string | false | undefined {
  if (given !== 'auto') return given;
  const ancestors = csp?.get('frame-ancestors')?.join(' ').toLowerCase();
  if (ancestors === undefined || ancestors === "'none'") return 'deny';
  return ancestors === "'self'" ? 'sameorigin' : undefined;
}

/**
 * `no-referrer` makes browsers send `Origin: null` with a form. Over HTTPS that does no harm, since Sec-Fetch-Site says
 * the same; plain HTTP on a host that is not loopback gets no Sec-Fetch-Site, so there Origin must stay readable.
 */
function referrerPolicy(options: ResolvedHeadersOptions): string | false {
  if (options.referrerPolicy !== 'auto') return options.referrerPolicy;
  const origins = options.origins.map((origin, i) => parseOrigin(origin, `headers.origins[${i}]`));
  const plain = origins.some((origin) => origin.startsWith('http:') && !isLoopbackOrigin(origin));
  return plain ? 'same-origin' : 'no-referrer';
}
