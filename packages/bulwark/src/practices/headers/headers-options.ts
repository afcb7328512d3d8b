import type { HstsOptions } from '../https/hsts.ts';
import type { CspOptions } from './csp.ts';
import type { PermissionsPolicyOptions } from './permissions-policy.ts';

/** Policies of Cross-Origin-Embedder-Policy. */
export type EmbedderPolicy = 'require-corp' | 'credentialless' | 'unsafe-none';
/** Policies of Cross-Origin-Opener-Policy. */
export type OpenerPolicy = 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none';
/** Policies of Cross-Origin-Resource-Policy. */
export type ResourcePolicy = 'same-origin' | 'same-site' | 'cross-origin';
/** Policies of Referrer-Policy; `unsafe-url` is left out, because it sends paths and queries to everyone (CWE-200). */
export type ReferrerPolicy =
  | 'no-referrer'
  | 'no-referrer-when-downgrade'
  | 'origin'
  | 'origin-when-cross-origin'
  | 'same-origin'
  | 'strict-origin'
  | 'strict-origin-when-cross-origin';

/** What one route may have of its own. Names and shapes are helmet's; `true` is the default, `false` is off. */
export interface HeaderPolicies {
  /** Default: see {@link CspOptions} and `DEFAULT_DIRECTIVES`. */
  readonly contentSecurityPolicy?: boolean | CspOptions | undefined;
  /** Default `'require-corp'`. */
  readonly crossOriginEmbedderPolicy?: boolean | EmbedderPolicy | { readonly policy?: EmbedderPolicy } | undefined;
  /** Default `'same-origin'`. */
  readonly crossOriginOpenerPolicy?: boolean | OpenerPolicy | { readonly policy?: OpenerPolicy } | undefined;
  /** Default `'same-origin'`. */
  readonly crossOriginResourcePolicy?: boolean | ResourcePolicy | { readonly policy?: ResourcePolicy } | undefined;
  /** `Origin-Agent-Cluster: ?1`. Default `true`. */
  readonly originAgentCluster?: boolean | undefined;
  /** Default: the Secure Headers Project's list, with passkeys for this origin. Naming a feature leaves the others. */
  readonly permissionsPolicy?: boolean | PermissionsPolicyOptions | undefined;
  /** Default `'no-referrer'`; `'same-origin'` where an origin is plain HTTP on a host that is not loopback. */
  readonly referrerPolicy?:
    | boolean
    | ReferrerPolicy
    | readonly ReferrerPolicy[]
    | { readonly policy?: ReferrerPolicy | readonly ReferrerPolicy[] }
    | undefined;
  /** Default `'off'`. */
  readonly xDnsPrefetchControl?: boolean | 'on' | 'off' | { readonly allow?: boolean } | undefined;
  /** Default: what `frame-ancestors` says: `deny` for `'none'`, `sameorigin` for `'self'`, no header for other lists. */
  readonly xFrameOptions?: boolean | FrameAction | { readonly action?: FrameAction } | undefined;
  /** Default `'none'`. */
  readonly xPermittedCrossDomainPolicies?:
    | boolean
    | CrossDomainPolicies
    | { readonly permittedPolicies?: CrossDomainPolicies }
    | undefined;
  /** For responses that set none. Default `'no-store, max-age=0'`; `false` adds none. */
  readonly cacheControl?: boolean | string | undefined;
}

/** What X-Frame-Options can say; helmet takes both cases. */
export type FrameAction = 'deny' | 'sameorigin' | 'DENY' | 'SAMEORIGIN';
/** Values of X-Permitted-Cross-Domain-Policies. */
export type CrossDomainPolicies = 'none' | 'master-only' | 'by-content-type' | 'all';

/** Options of the `headers` practice. */
export interface HeadersOptions extends HeaderPolicies {
  /** Strict-Transport-Security over TLS; the shape of the `https` practice's setting. Default on. */
  readonly strictTransportSecurity?: boolean | HstsOptions | undefined;
  /** helmet's older name of `strictTransportSecurity`. */
  readonly hsts?: boolean | HstsOptions | undefined;
  /** `X-Content-Type-Options: nosniff`. Default `true`. */
  readonly xContentTypeOptions?: boolean | undefined;
  /** Names of cookies that scripts of the page may read (`XSRF-TOKEN`); all others get HttpOnly. Default none. */
  readonly readableCookies?: readonly string[] | undefined;
  /** More response headers to remove, beside the Secure Headers Project's list. */
  readonly removeHeaders?: readonly string[] | undefined;
  /** Response headers of that list that stay, such as `SourceMap`. Default none. */
  readonly keepHeaders?: readonly string[] | undefined;
  /** Where browsers send reports: a path of this app, or an https URL. `false` asks for none. */
  readonly reports?: string | false | undefined;
  /**
   * Enforces nothing that could break a page: CSP, COOP, COEP and Permissions-Policy only report; XFO, CORP,
   * Referrer-Policy, Origin-Agent-Cluster and cookie flags stay as the app has them. Default `false`.
   */
  readonly reportOnly?: boolean | undefined;
  /** This app's origins; `secure()` gives them. They only decide the default of `referrerPolicy`. */
  readonly origins?: readonly string[] | undefined;
  /** helmet's older names. */
  readonly frameguard?: HeaderPolicies['xFrameOptions'];
  readonly noSniff?: boolean | undefined;
  readonly dnsPrefetchControl?: HeaderPolicies['xDnsPrefetchControl'];
  readonly permittedCrossDomainPolicies?: HeaderPolicies['xPermittedCrossDomainPolicies'];
  /** helmet's switches for what happens here in any case; only the value that says so is taken. */
  readonly xPoweredBy?: true | undefined;
  readonly hidePoweredBy?: true | undefined;
  readonly xXssProtection?: false | undefined;
  readonly xssFilter?: false | undefined;
  readonly xDownloadOptions?: false | undefined;
  readonly ieNoOpen?: false | undefined;
}
