import { Emit } from '../../events.ts';
import { OutageOptions } from '../../stores/breaker.ts';
import { RateLimitStore } from '../../stores/rate-limit-store.ts';
export interface FallbackOptions extends OutageOptions {
    readonly local?: RateLimitStore;
}
export declare function withFallback(store: RateLimitStore, services: {
    readonly emit: Emit;
}, options?: FallbackOptions): RateLimitStore;
