import { FailureRecord } from '../logging/failure-record.ts';
export interface Problem {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail?: string;
    readonly code?: string;
    readonly requestId?: string;
    readonly debug?: FailureRecord;
    readonly [extension: string]: unknown;
}
