export { RedisClient } from './client.ts';
import { GuardServices } from '../guard.ts';
import { RedisClient } from './client.ts';
import { Stores } from '../stores.ts';
export interface RedisOptions {
    readonly prefix?: string;
    readonly timeout?: number | string;
}
export declare function redisStores(source: string | RedisClient, options?: RedisOptions, services?: GuardServices): Stores;
