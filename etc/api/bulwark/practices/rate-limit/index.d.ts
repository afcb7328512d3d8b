export { FallbackOptions } from './fallback.ts';
export { FromRequest } from './options.ts';
export { KeyPart } from './options.ts';
export { LimitOptions } from './options.ts';
export { MemoryRateLimitOptions } from '../../stores/memory-rate-limit.ts';
export { MemoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
export { RateLimitOptions } from './options.ts';
export { RateLimitResult } from '../../stores/rate-limit-store.ts';
export { RateLimitRule } from '../../stores/rate-limit-store.ts';
export { RateLimitStore } from '../../stores/rate-limit-store.ts';
export { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
export { withFallback } from './fallback.ts';
import { DecisionHandler } from '../../decisions.ts';
import { IncomingMessage } from 'node:http';
import { LimitOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { RateLimitOptions } from './options.ts';
import { Services } from '../../context.ts';
export interface LimitValue {
    readonly name: string;
    readonly limit: number;
    readonly window: number;
    readonly at: 'gate' | 'route';
}
export declare function rateLimit(options?: RateLimitOptions, services?: Services): Middleware;
export declare function routeLimits(services?: Services): Middleware;
export declare function limit(options: LimitOptions): DecisionHandler;
export declare function refund(req: IncomingMessage): boolean;
