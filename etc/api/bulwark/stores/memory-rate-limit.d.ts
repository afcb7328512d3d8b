import { RateLimitResult } from './rate-limit-store.ts';
import { RateLimitRule } from './rate-limit-store.ts';
import { RateLimitStore } from './rate-limit-store.ts';
export interface MemoryRateLimitOptions {
    readonly maxEntries?: number;
}
export interface MemoryRateLimitStore extends RateLimitStore {
    readonly local: true;
    readonly size: number;
    consume(key: string, cost: number, rule: RateLimitRule, now: number): RateLimitResult;
    refund(key: string, units: number, rule: RateLimitRule, now: number): void;
}
export declare function memoryRateLimitStore(options?: MemoryRateLimitOptions): MemoryRateLimitStore;
