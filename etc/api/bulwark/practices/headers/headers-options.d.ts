import { CspOptions } from './csp.ts';
import { HstsOptions } from '../https/hsts.ts';
import { PermissionsPolicyOptions } from './permissions-policy.ts';
export type EmbedderPolicy = 'require-corp' | 'credentialless' | 'unsafe-none';
export type OpenerPolicy = 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none';
export type ResourcePolicy = 'same-origin' | 'same-site' | 'cross-origin';
export type ReferrerPolicy = 'no-referrer' | 'no-referrer-when-downgrade' | 'origin' | 'origin-when-cross-origin' | 'same-origin' | 'strict-origin' | 'strict-origin-when-cross-origin';
export interface HeaderPolicies {
    readonly contentSecurityPolicy?: boolean | CspOptions | undefined;
    readonly crossOriginEmbedderPolicy?: boolean | EmbedderPolicy | {
        readonly policy?: EmbedderPolicy;
    } | undefined;
    readonly crossOriginOpenerPolicy?: boolean | OpenerPolicy | {
        readonly policy?: OpenerPolicy;
    } | undefined;
    readonly crossOriginResourcePolicy?: boolean | ResourcePolicy | {
        readonly policy?: ResourcePolicy;
    } | undefined;
    readonly originAgentCluster?: boolean | undefined;
    readonly permissionsPolicy?: boolean | PermissionsPolicyOptions | undefined;
    readonly referrerPolicy?: boolean | ReferrerPolicy | readonly ReferrerPolicy[] | {
        readonly policy?: ReferrerPolicy | readonly ReferrerPolicy[];
    } | undefined;
    readonly xDnsPrefetchControl?: boolean | 'on' | 'off' | {
        readonly allow?: boolean;
    } | undefined;
    readonly xFrameOptions?: boolean | FrameAction | {
        readonly action?: FrameAction;
    } | undefined;
    readonly xPermittedCrossDomainPolicies?: boolean | CrossDomainPolicies | {
        readonly permittedPolicies?: CrossDomainPolicies;
    } | undefined;
    readonly cacheControl?: boolean | string | undefined;
}
export type FrameAction = 'deny' | 'sameorigin' | 'DENY' | 'SAMEORIGIN';
export type CrossDomainPolicies = 'none' | 'master-only' | 'by-content-type' | 'all';
export interface HeadersOptions extends HeaderPolicies {
    readonly strictTransportSecurity?: boolean | HstsOptions | undefined;
    readonly hsts?: boolean | HstsOptions | undefined;
    readonly xContentTypeOptions?: boolean | undefined;
    readonly readableCookies?: readonly string[] | undefined;
    readonly removeHeaders?: readonly string[] | undefined;
    readonly keepHeaders?: readonly string[] | undefined;
    readonly reports?: string | false | undefined;
    readonly reportOnly?: boolean | undefined;
    readonly origins?: readonly string[] | undefined;
    readonly frameguard?: HeaderPolicies['xFrameOptions'];
    readonly noSniff?: boolean | undefined;
    readonly dnsPrefetchControl?: HeaderPolicies['xDnsPrefetchControl'];
    readonly permittedCrossDomainPolicies?: HeaderPolicies['xPermittedCrossDomainPolicies'];
    readonly xPoweredBy?: true | undefined;
    readonly hidePoweredBy?: true | undefined;
    readonly xXssProtection?: false | undefined;
    readonly xssFilter?: false | undefined;
    readonly xDownloadOptions?: false | undefined;
    readonly ieNoOpen?: false | undefined;
}
