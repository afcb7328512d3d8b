export interface FailureRecord {
    readonly type: string;
    readonly message?: string;
    readonly code?: string | number;
    readonly stack?: string;
    readonly cause?: FailureRecord;
    readonly errors?: readonly FailureRecord[];
}
export declare function describeFailure(error: unknown, depth?: number): FailureRecord;
