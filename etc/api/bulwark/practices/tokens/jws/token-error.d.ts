import { Refusal } from '../../../errors.ts';
export type TokenFault = 'algorithm' | 'api-key-malformed' | 'api-key-unknown' | 'audience' | 'critical' | 'duplicate-member' | 'encoding' | 'expired' | 'expiry' | 'header' | 'header-key' | 'issued-at' | 'issuer' | 'kid-missing' | 'kid-unknown' | 'lifetime' | 'not-compact' | 'not-yet' | 'payload' | 'refresh-malformed' | 'refresh-reused' | 'refresh-unknown' | 'revoked' | 'schema' | 'session-ended' | 'signature' | 'subject' | 'too-large' | 'typ';
export declare class TokenError extends Refusal {
    readonly fault: TokenFault;
    readonly details: Readonly<Record<string, string>>;
    constructor(fault: TokenFault, details?: Readonly<Record<string, string>>);
}
