import { Duration } from '../../units.ts';
export interface CorsOptions {
    readonly origins?: readonly string[];
    readonly origin?: string | readonly string[];
    readonly ownOrigins?: readonly string[];
    readonly dangerouslyAnyOrigin?: boolean;
    readonly methods?: string | readonly string[];
    readonly allowedHeaders?: string | readonly string[];
    readonly exposedHeaders?: string | readonly string[];
    readonly credentials?: boolean;
    readonly maxAge?: Duration;
    readonly optionsSuccessStatus?: 200 | 204;
    readonly preflightContinue?: false;
    readonly stateChanges?: 'refuse' | 'leave-to-csrf';
    readonly reportOnly?: boolean;
}
