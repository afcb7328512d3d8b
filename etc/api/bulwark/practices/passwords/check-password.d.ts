export type PasswordReasonCode = 'unusable' | 'too-short' | 'too-long' | 'repeated' | 'predictable' | 'context' | 'common' | 'breached';
export interface PasswordReason {
    readonly code: PasswordReasonCode;
    readonly message: string;
}
export interface PasswordContext {
    readonly secondFactor?: boolean;
    readonly words?: readonly (string | null | undefined)[];
    readonly signal?: AbortSignal;
}
