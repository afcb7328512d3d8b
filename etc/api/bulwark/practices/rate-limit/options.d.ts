import { Duration } from '../../units.ts';
import { IncomingMessage } from 'node:http';
import { RateLimitStore } from '../../stores/rate-limit-store.ts';
export type FromRequest<T> = {
    of(req: IncomingMessage): T;
}['of'];
export type KeyPart = 'client' | 'account' | 'route' | FromRequest<string>;
export interface RateLimitOptions {
    readonly limit?: number;
    readonly window?: Duration;
    readonly cost?: number | FromRequest<number>;
    readonly key?: KeyPart | readonly KeyPart[];
    readonly account?: FromRequest<string | undefined>;
    readonly dangerouslyReplaceKey?: boolean;
    readonly ipv6Prefix?: number;
    readonly penalty?: false | {
        readonly after: number;
        readonly block: Duration;
    };
    readonly store?: RateLimitStore;
    readonly timeout?: Duration;
    readonly name?: string;
    readonly headers?: boolean;
    readonly now?: () => number;
    readonly windowMs?: number;
    readonly max?: number;
    readonly standardHeaders?: true | 'draft-8';
    readonly legacyHeaders?: false;
}
export interface LimitOptions extends RateLimitOptions {
    readonly countOnly?: 'failures';
    readonly at?: 'gate' | 'route';
}
