import { Duration } from '../units.ts';
import { MysqlPool } from './sql/mysql.ts';
import { PostgresPool } from './sql/postgres.ts';
import { RedisClient } from './redis/index.ts';
import { Stores } from './stores.ts';
interface Remote {
    readonly timeout?: Duration;
}
export type StoresSetting = ({
    readonly redis: string | RedisClient;
    readonly prefix?: string;
} & Remote) | {
    readonly sqlite: string;
    readonly prefix?: string;
} | ({
    readonly postgres: string | PostgresPool;
    readonly prefix?: string;
} & Remote) | ({
    readonly mysql: string | MysqlPool;
    readonly prefix?: string;
} & Remote) | {
    readonly memory: true;
} | Stores;
