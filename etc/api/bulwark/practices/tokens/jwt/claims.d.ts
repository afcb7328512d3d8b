export interface RegisteredClaims {
    readonly iss: string;
    readonly aud: string | readonly string[];
    readonly exp: number;
    readonly iat?: number;
    readonly nbf?: number;
    readonly sub?: string;
    readonly jti?: string;
    readonly sid?: string;
}
export interface ClaimsToIssue {
    readonly sub: string;
    readonly sid?: string;
    readonly nbf?: number;
    readonly [claim: string]: unknown;
}
