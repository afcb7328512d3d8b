import { ApiKeyInfo } from './api-keys/api-keys.ts';
import { ApiKeys } from './api-keys/api-keys.ts';
import { ClaimsToIssue } from './jwt/claims.ts';
import { JwkSet } from './jws/key-set.ts';
import { RegisteredClaims } from './jwt/claims.ts';
import { Rotation } from './ring/key-ring.ts';
export type TokenClaims = RegisteredClaims & Readonly<Record<string, unknown>>;
export type Bearer = {
    readonly kind: 'access';
    readonly claims: TokenClaims;
} | {
    readonly kind: 'api-key';
    readonly apiKey: ApiKeyInfo;
};
export interface IssuedTokens {
    readonly accessToken: string;
    readonly tokenType: 'Bearer';
    readonly expiresIn: number;
    readonly jti: string;
    readonly sid: string | undefined;
    readonly refreshToken?: string;
}
export interface IssuedPair extends IssuedTokens {
    readonly sid: string;
    readonly refreshToken: string;
}
export type RevocationTarget = 
{
    readonly jti: string ;
    readonly exp?: number;
}
 | {
    readonly sid: string;
}
 | {
    readonly sub: string;
    readonly except?: string;
}
 | {
    readonly token: string;
};
export interface TokenService {
    issue(claims: ClaimsToIssue, options: {
        readonly refresh: true;
    }): Promise<IssuedPair>;
    issue(claims: ClaimsToIssue, options?: {
        readonly refresh?: boolean;
    }): Promise<IssuedTokens>;
    refresh(refreshToken: string): Promise<IssuedPair>;
    verify(token: string): Promise<TokenClaims>;
    revoke(target: RevocationTarget): Promise<boolean>;
    jwks(): Promise<JwkSet | undefined>;
    rotate(options?: {
        readonly compromised?: boolean;
    }): Promise<Rotation>;
    ready(): Promise<void>;
    readonly apiKeys: ApiKeys;
}
