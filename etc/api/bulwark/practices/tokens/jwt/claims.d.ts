export interface RegisteredClaims {
    readonly iss: string;
    readonly aud: string | readonly string[];
    readonly exp: number;
    readonly iat?: number;
    readonly nbf?: number;
    readonly sub?: string;
    readonly jti?: string;
    readonly sid?: string;
    readonly scope?: unknown;
}
export interface ClaimsToIssue {
    readonly sub: string;
    readonly sid?: string;
    readonly nbf?: number;
    readonly iss?: never;
    readonly aud?: never;
    readonly exp?: never;
    readonly iat?: never;
    readonly jti?: never;
    readonly [claim: string]: unknown;
}
