import { IncomingMessage } from 'node:http';
export interface TraceContext {
    readonly traceId: string;
    readonly parentId: string | undefined;
    readonly flags: number;
}
export declare function traceparent(req: IncomingMessage): string;
