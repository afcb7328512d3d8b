import { PreviousSessionsOptions } from './previous.ts';
export interface ExpressSessionNames {
    readonly name?: string;
    readonly key?: string;
    readonly secret?: PreviousSessionsOptions['secret'];
    readonly resave?: false;
    readonly saveUninitialized?: false;
    readonly rolling?: boolean;
    readonly unset?: 'destroy';
}
export interface ExpressSessionCookieNames {
    readonly maxAge?: number | null;
    readonly httpOnly?: true;
    readonly secure?: true | 'auto';
    readonly path?: '/';
}
