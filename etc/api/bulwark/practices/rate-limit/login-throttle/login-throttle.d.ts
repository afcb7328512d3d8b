import { Duration } from '../../../units.ts';
import { IncomingMessage } from 'node:http';
import { LoginThrottleOptions } from './options.ts';
import { Refusal } from '../../../errors.ts';
import { ServerResponse } from 'node:http';
export interface LoginCheck<User, Proof extends boolean | {
    readonly ok: boolean;
}> {
    readonly account: unknown;
    readonly find: () => User | null | undefined | Promise<User | null | undefined>;
    readonly verify: (user: User | undefined) => Proof | Promise<Proof>;
    readonly trust?: boolean;
}
export interface LoggedIn<User, Proof> {
    readonly user: User;
    readonly proof: Proof;
}
export interface AllowedAttempt {
    readonly allowed: true;
    readonly knownDevice: boolean;
    succeeded(res?: ServerResponse): Promise<void>;
}
export interface RefusedAttempt {
    readonly allowed: false;
    readonly retryAfter: number;
    readonly by: 'network' | 'account';
    readonly refusal: Refusal;
}
export interface LoginThrottle {
    guard<User, Proof extends boolean | {
        readonly ok: boolean;
    }>(req: IncomingMessage, res: ServerResponse, check: LoginCheck<User, Proof>): Promise<LoggedIn<User, Proof> | undefined>;
    begin(req: IncomingMessage, account: unknown): Promise<AllowedAttempt | RefusedAttempt>;
    trust(req: IncomingMessage, res: ServerResponse, account: unknown): Promise<void>;
    forgetDevices(req: IncomingMessage, account: unknown): Promise<number>;
    mostGuesses(time: Duration): number;
}
export declare function loginThrottle(options?: LoginThrottleOptions): LoginThrottle;
