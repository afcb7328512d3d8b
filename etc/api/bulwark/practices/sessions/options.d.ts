import { Duration } from '../../units.ts';
import { ExpressSessionCookieNames } from './express-session/options.ts';
import { ExpressSessionNames } from './express-session/options.ts';
import { ExpressSessionStore } from './express-session/store-call.ts';
import { PreviousSessionsOptions } from './express-session/previous.ts';
import { RecordStore } from '../../stores/record-store.ts';
export interface SessionCookieOptions extends ExpressSessionCookieNames {
    readonly name?: string;
    readonly sameSite?: 'lax' | 'strict' | 'none';
    readonly partitioned?: boolean;
    readonly insecureUnpartitioned?: boolean;
    readonly persistent?: boolean;
}
export interface SessionsOptions extends ExpressSessionNames {
    readonly origins?: readonly string[];
    readonly cookie?: SessionCookieOptions;
    readonly idle?: Duration;
    readonly absolute?: Duration;
    readonly rotate?: Duration;
    readonly grace?: Duration;
    readonly replay?: 'refuse' | 'end';
    readonly perUser?: number;
    readonly store?: RecordStore | ExpressSessionStore;
    readonly previous?: PreviousSessionsOptions;
    readonly now?: () => number;
}
export interface ResolvedSessionsOptions {
    readonly origins: readonly string[];
    readonly cookie: {
        readonly name: string | undefined;
        readonly sameSite: 'lax' | 'strict' | 'none';
        readonly partitioned: boolean;
        readonly insecureUnpartitioned: boolean;
        readonly persistent: boolean;
    };
    readonly idle: Duration;
    readonly absolute: Duration;
    readonly rotate: Duration;
    readonly grace: Duration;
    readonly replay: 'refuse' | 'end';
    readonly perUser: number;
    readonly store: RecordStore | undefined;
    readonly previous: PreviousSessionsOptions | undefined;
    readonly now: () => number;
}
