import { Emit } from '../../events.ts';
import { RateLimitStore } from '../../stores/rate-limit-store.ts';
export interface FallbackOptions {
    readonly timeout?: number;
    readonly retry?: number;
    readonly local?: RateLimitStore;
    readonly clock?: () => number;
}
export declare function withFallback(store: RateLimitStore, services: {
    readonly emit: Emit;
}, options?: FallbackOptions): RateLimitStore;
