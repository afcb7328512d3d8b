import { Logger } from './options.ts';
export interface WinstonLike {
    readonly levels: Readonly<Record<string, number>>;
    log(entry: {
        level: string;
        message: string;
    }): unknown;
    on?(event: 'error', listener: (error: unknown) => void): unknown;
}
export declare function winstonLogger(winston: WinstonLike): Logger;
