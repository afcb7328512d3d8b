export interface HstsOptions {
    readonly maxAge?: number | string;
    readonly includeSubDomains?: boolean;
    readonly preload?: boolean;
}
