/** The claims that Bulwark reads and writes itself (RFC 7519 4.1, RFC 9068 2.2). Times are seconds since 1970. */
export interface RegisteredClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly sub?: string;
  readonly jti?: string;
  /** The session that the token belongs to: ending it ends the token. */
  readonly sid?: string;
}

/** What {@link issueToken} is given: the subject, and what the app adds. */
export interface ClaimsToIssue {
  readonly sub: string;
  readonly sid?: string;
  readonly nbf?: number;
  readonly [claim: string]: unknown;
}
