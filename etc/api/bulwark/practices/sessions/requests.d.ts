import { IncomingMessage } from 'node:http';
import { Session } from './session.ts';
import { SessionInfo } from './manager.ts';
export declare function sessionOf<T extends object = Record<string, unknown>>(req: IncomingMessage): (Session & Partial<T>) | undefined;
export interface LogInOptions {
    readonly factor?: string;
    readonly device?: string;
    readonly keep?: readonly string[];
}
export declare function logIn(req: IncomingMessage, user: {
    readonly id: string;
    readonly roles?: readonly string[];
}, options?: LogInOptions): Promise<void>;
export declare function logOut(req: IncomingMessage): Promise<void>;
export declare function proveFactor(req: IncomingMessage, factor: string): Promise<void>;
export declare function changeRoles(req: IncomingMessage, roles: readonly string[]): Promise<void>;
export interface OwnSessions {
    list(): Promise<readonly SessionInfo[]>;
    revoke(id: string): Promise<boolean>;
    revokeOthers(): Promise<number>;
    revokeAll(): Promise<number>;
}
export declare function sessionsOf(req: IncomingMessage): OwnSessions;
