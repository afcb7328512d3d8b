import { ByteSize } from '../../units.ts';
import { Duration } from '../../units.ts';
export interface LimitsOptions {
    readonly headersTimeout?: Duration;
    readonly requestTimeout?: Duration;
    readonly keepAliveTimeout?: Duration;
    readonly socketTimeout?: Duration;
    readonly connectionsCheckingInterval?: Duration;
    readonly maxHeaderSize?: ByteSize;
    readonly maxHeadersCount?: number;
    readonly maxRequestsPerSocket?: number;
    readonly maxConnections?: number;
}
