import { CspDirectives } from './csp-directives.ts';
export interface CspOptions {
    readonly directives?: CspDirectives | undefined;
    readonly useDefaults?: boolean | undefined;
    readonly reportOnly?: boolean | undefined;
    readonly sandboxData?: boolean | undefined;
    readonly dangerouslyAllow?: readonly string[] | undefined;
}
export declare function csp(directives: CspDirectives, options?: Omit<CspOptions, 'directives'>): CspOptions;
