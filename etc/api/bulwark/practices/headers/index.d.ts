export { Allowlist } from './permissions-policy.ts';
export { CspDirectives } from './csp-directives.ts';
export { CspOptions } from './csp.ts';
export { DirectiveName } from './csp-directives.ts';
export { DirectiveValue } from './csp-directives.ts';
export { EmbedderPolicy } from './headers-options.ts';
export { FeatureName } from './permissions-policy.ts';
export { HeaderPolicies } from './headers-options.ts';
export { HeadersOptions } from './headers-options.ts';
export { OpenerPolicy } from './headers-options.ts';
export { PermissionsPolicyOptions } from './permissions-policy.ts';
export { ProfileName } from './profiles.ts';
export { ProfileOptions } from './profiles.ts';
export { REPORTS_PATH } from './options.ts';
export { ReferrerPolicy } from './headers-options.ts';
export { Report } from './collect-reports.ts';
export { ReportCollector } from './collect-reports.ts';
export { ReportOptions } from './collect-reports.ts';
export { ResourcePolicy } from './headers-options.ts';
export { SiteData } from './clear-site-data.ts';
export { clearSiteData } from './clear-site-data.ts';
export { collectReports } from './collect-reports.ts';
export { csp } from './csp.ts';
export { nonceOf } from './nonce.ts';
import { HeadersOptions } from './headers-options.ts';
import { IncomingMessage } from 'node:http';
import { Middleware } from '../../context.ts';
import { ResponseHook } from '../../context.ts';
import { Services } from '../../context.ts';
import { profile } from './profiles.ts';
export interface HeadersMiddleware extends Middleware {
    readonly response: ResponseHook;
    readonly mayBeStored: (req: IncomingMessage) => boolean;
    readonly hatches: readonly string[];
}
export interface HeadersFactory {
    (options?: HeadersOptions, services?: Services): HeadersMiddleware;
    readonly profile: typeof profile;
}
export declare const headers: HeadersFactory;
