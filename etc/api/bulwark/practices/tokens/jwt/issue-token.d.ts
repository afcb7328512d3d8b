import { ClaimsToIssue } from './claims.ts';
import { Duration } from '../../../units.ts';
import { Jwk } from '../jws/jwk.ts';
import { StandardSchemaV1 } from '@standard-schema/spec';
export interface IssueTokenOptions {
    readonly key: Jwk | (() => Jwk);
    readonly issuer: string;
    readonly audience: string | readonly string[];
    readonly typ?: string;
    readonly ttl?: Duration;
    readonly schema?: StandardSchemaV1;
    readonly dangerouslyAllowClaims?: Readonly<Record<string, string>>;
    readonly now?: () => number;
}
export type TokenIssuer = (claims: ClaimsToIssue) => Promise<string>;
export declare function issueToken(claims: ClaimsToIssue, options: IssueTokenOptions): Promise<string>;
export declare function tokenIssuer(given: IssueTokenOptions): TokenIssuer;
