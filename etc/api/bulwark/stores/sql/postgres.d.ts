import { SqlServerOptions } from './options.ts';
import { Stores } from '../stores.ts';
export interface PostgresPool {
    connect(): Promise<PostgresClient>;
    end(): Promise<void>;
    on(event: 'error', listener: (error: Error) => void): unknown;
}
export interface PostgresClient {
    query(query: {
        text: string;
        values?: unknown[];
    }): Promise<{
        rows: Record<string, unknown>[];
        rowCount: number | null;
    }>;
    release(destroy?: boolean): void;
    on(event: 'error', listener: (error: Error) => void): unknown;
    off(event: 'error', listener: (error: Error) => void): unknown;
}
export declare function postgresStores(server: string | PostgresPool, options?: SqlServerOptions): Stores;
