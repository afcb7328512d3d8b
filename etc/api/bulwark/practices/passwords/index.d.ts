export { Argon2Parameters } from './argon2.ts';
export { BreachSource } from './breached.ts';
export { PasswordContext } from './check-password.ts';
export { PasswordReason } from './check-password.ts';
export { PasswordReasonCode } from './check-password.ts';
export { PasswordsOptions } from './options.ts';
export { Verified } from './hasher.ts';
export { WorkOptions } from './hasher.ts';
export { rangeSearch } from './breached.ts';
import { Argon2Parameters } from './argon2.ts';
import { PasswordContext } from './check-password.ts';
import { PasswordReason } from './check-password.ts';
import { PasswordsOptions } from './options.ts';
import { Services } from '../../context.ts';
import { Verified } from './hasher.ts';
import { WorkOptions } from './hasher.ts';
export interface PasswordsReport {
    readonly minLength: number;
    readonly refusesCommon: boolean;
    readonly unreadable: number;
}
export interface Passwords {
    hash(password: string, options?: WorkOptions): Promise<string>;
    verify(password: string, stored: string | null | undefined, options?: WorkOptions): Promise<Verified>;
    check(password: string, context?: PasswordContext): Promise<readonly PasswordReason[]>;
    ready(): Promise<Argon2Parameters>;
    report(): PasswordsReport;
    close(): void;
}
export declare function passwords(options?: PasswordsOptions, services?: Services): Passwords;
export declare function hashPassword(password: string, options?: WorkOptions): Promise<string>;
export declare function verifyPassword(password: string, stored: string | null | undefined, options?: WorkOptions): Promise<Verified>;
export declare function checkPassword(password: string, context?: PasswordContext): Promise<readonly PasswordReason[]>;
