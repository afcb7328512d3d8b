export type { OutageOptions } from './breaker.ts';
export { type GuardServices, guardRecords, guardStores } from './guard.ts';
export { type MemoryRateLimitOptions, type MemoryRateLimitStore, memoryRateLimitStore } from './memory-rate-limit.ts';
export { type MemoryRecordOptions, type MemoryRecordStore, memoryRecordStore } from './memory-records.ts';
export { memoryStores } from './memory-stores.ts';
export type { StoresSetting } from './open-stores.ts';
export type { RateLimitResult, RateLimitRule, RateLimitStore } from './rate-limit-store.ts';
export type {
  KeyedRecord,
  MaybePromise,
  NewRecord,
  RecordStore,
  Replacement,
  StoredRecord,
} from './record-store.ts';
export { type RedisClient, type RedisOptions, redisStores } from './redis/index.ts';
export { type MysqlPool, mysqlStores } from './sql/mysql.ts';
export type { SqlServerOptions } from './sql/options.ts';
export { type PostgresPool, postgresStores } from './sql/postgres.ts';
export { type SqliteOptions, sqliteStores } from './sql/sqlite.ts';
export type { Stores } from './stores.ts';
