import { Stores } from '../stores.ts';
export interface SqliteOptions {
    readonly prefix?: string;
    readonly busyTimeout?: number;
}
export declare function sqliteStores(path: string, options?: SqliteOptions): Stores;
