export interface CsrfOptions {
    readonly origins?: readonly string[];
    readonly trustedOrigins?: readonly string[];
    readonly fetchMetadata?: boolean;
    readonly isolateReads?: boolean;
}
