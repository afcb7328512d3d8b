import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../../../units.ts';
import type { Jwk } from '../jws/jwk.ts';
import type { ClaimsToIssue } from './claims.ts';

/** How tokens are issued. */
export interface IssueTokenOptions {
  /** A private JWK with a `kid`; a function is asked each time, for keys that rotate. */
  readonly key: Jwk | (() => Jwk);
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** The header's `typ`; `at+jwt` unless said otherwise (RFC 9068). */
  readonly typ?: string;
  /** Time to live; 15 minutes unless said otherwise, 24 hours at the most. */
  readonly ttl?: Duration;
  /** A Standard Schema that the claims must fit. */
  readonly schema?: StandardSchemaV1;
  /** Claims that look like a secret or personal data, and go in all the same: each with the reason. */
  readonly dangerouslyAllowClaims?: Readonly<Record<string, string>>;
  /** The clock, in milliseconds since 1970; `Date.now` unless said otherwise. */
  readonly now?: () => number;
}

export function issueToken(claims: ClaimsToIssue, options: IssueTokenOptions): Promise<string> {
  return Promise.reject(new Error(`${claims.sub}${options.issuer}`));
}
