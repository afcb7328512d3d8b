export interface RateLimitRule {
    readonly limit: number;
    readonly window: number;
    readonly penalty?: {
        readonly after: number;
        readonly block: number;
    };
}
export interface RateLimitResult {
    readonly allowed: boolean;
    readonly remaining: number;
    readonly retryAfter: number;
    readonly refreshAfter: number;
    readonly blocked: boolean;
}
export interface RateLimitStore {
    consume(key: string, cost: number, rule: RateLimitRule, now: number): RateLimitResult | Promise<RateLimitResult>;
    refund(key: string, units: number, rule: RateLimitRule, now: number, result: RateLimitResult): void | Promise<void>;
    readonly local?: boolean;
    close?(): void | Promise<void>;
}
