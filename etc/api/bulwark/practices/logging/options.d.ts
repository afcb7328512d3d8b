export interface Logger {
    info(record: object, message: string): void;
    warn(record: object, message: string): void;
    error(record: object, message: string): void;
}
export interface LoggingOptions {
    readonly logger?: Logger;
    readonly stream?: {
        write(line: string): unknown;
    };
    readonly level?: 'info' | 'warn' | 'error' | false;
    readonly trustRequestId?: boolean;
    readonly query?: false | 'names';
    readonly headers?: readonly string[];
}
