import { IncomingMessage } from 'node:http';
export interface SessionInfo {
    readonly id: string;
    readonly user: string;
    readonly createdAt: Date;
    readonly seenAt: Date;
    readonly device: string;
    readonly current: boolean;
}
export interface SessionManager {
    list(user: string, req?: IncomingMessage): Promise<readonly SessionInfo[]>;
    revoke(id: string): Promise<boolean>;
    revokeOthers(req: IncomingMessage): Promise<number>;
    revokeAll(user: string): Promise<number>;
    changeRoles(user: string, roles: readonly string[]): Promise<void>;
    isAlive(id: string): Promise<boolean>;
}
