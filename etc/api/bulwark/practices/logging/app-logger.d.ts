import { IncomingMessage } from 'node:http';
export interface AppLogger {
    info(record: unknown, message?: unknown): void;
    warn(record: unknown, message?: unknown): void;
    error(record: unknown, message?: unknown): void;
}
export declare function logOf(req: IncomingMessage): AppLogger;
