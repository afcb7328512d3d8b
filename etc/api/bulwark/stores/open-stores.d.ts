import { Duration } from '../units.ts';
import { RedisClient } from './redis/index.ts';
import { Stores } from './stores.ts';
interface Remote {
    readonly timeout?: Duration;
}
export type StoresSetting = ({
    readonly redis: string | RedisClient;
    readonly prefix?: string;
} & Remote) | {
    readonly memory: true;
} | Stores;
