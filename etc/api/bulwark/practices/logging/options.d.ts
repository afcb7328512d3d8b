import { Duration } from '../../units.ts';
import { LineStream } from './sink.ts';
export interface Logger {
    info(record: object, message: string): void;
    warn(record: object, message: string): void;
    error(record: object, message: string): void;
}
export interface LoggingOptions {
    readonly logger?: Logger;
    readonly stream?: LineStream;
    readonly level?: 'info' | 'warn' | 'error' | false;
    readonly trustRequestId?: boolean;
    readonly trustTraceContext?: boolean;
    readonly query?: false | 'names' | 'redacted';
    readonly headers?: readonly string[];
    readonly redact?: readonly string[];
    readonly events?: EventsOptions | false;
    readonly repeat?: {
        readonly lines?: number;
        readonly window?: Duration;
    } | false;
}
export interface EventsOptions {
    readonly stream?: LineStream;
    readonly logger?: Logger;
    readonly appId?: string;
}
