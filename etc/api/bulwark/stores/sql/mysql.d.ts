import { SqlServerOptions } from './options.ts';
import { Stores } from '../stores.ts';
type Callback<T> = (error: Error | null, result: T) => void;
export interface MysqlPool {
    getConnection(callback: Callback<MysqlConnection>): void;
    end(callback: (error?: Error | null) => void): void;
}
export interface MysqlConnection {
    execute(options: object, callback: Callback<unknown>): unknown;
    query(options: object, callback: Callback<unknown>): unknown;
    release(): void;
    destroy(): void;
    readonly stream?: {
        destroy?(): unknown;
        once?(event: 'close', listener: () => void): unknown;
    };
    on(event: 'error', listener: (error: Error) => void): unknown;
    off(event: 'error', listener: (error: Error) => void): unknown;
}
export declare function mysqlStores(server: string | MysqlPool | {
    readonly pool: MysqlPool;
}, options?: SqlServerOptions): Stores;
