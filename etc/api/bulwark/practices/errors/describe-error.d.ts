import { RefusalCode } from '../../errors.ts';
export interface ErrorDescription {
    readonly status: number;
    readonly code: RefusalCode | undefined;
    readonly title: string;
    readonly detail: string | undefined;
    readonly headers: Readonly<Record<string, string>>;
    readonly extensions: Readonly<Record<string, unknown>>;
    readonly internal: boolean;
}
export declare function describeError(error: unknown, exposeMessages?: boolean): ErrorDescription;
export declare function statusTitle(status: number): string;
