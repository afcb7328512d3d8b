import { Duration } from '../../units.ts';
import { RecordStore } from '../../stores/record-store.ts';
export interface SessionCookieOptions {
    readonly name?: string;
    readonly sameSite?: 'lax' | 'strict' | 'none';
    readonly partitioned?: boolean;
    readonly persistent?: boolean;
}
export interface SessionsOptions {
    readonly origins?: readonly string[];
    readonly cookie?: SessionCookieOptions;
    readonly idle?: Duration;
    readonly absolute?: Duration;
    readonly rotate?: Duration;
    readonly grace?: Duration;
    readonly perUser?: number;
    readonly store?: RecordStore;
    readonly now?: () => number;
}
export interface ResolvedSessionsOptions {
    readonly origins: readonly string[];
    readonly cookie: {
        readonly name: string | undefined;
        readonly sameSite: 'lax' | 'strict' | 'none';
        readonly partitioned: boolean;
        readonly persistent: boolean;
    };
    readonly idle: Duration;
    readonly absolute: Duration;
    readonly rotate: Duration;
    readonly grace: Duration;
    readonly perUser: number;
    readonly store: RecordStore | undefined;
    readonly now: () => number;
}
