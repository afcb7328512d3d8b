import { ByteSize } from '../../units.ts';
import { Duration } from '../../units.ts';
import { PressureOptions } from './pressure-options.ts';
import { ProxyRules } from '../client/presets.ts';
import { ProxySetting } from '../client/index.ts';
import { ResolvedPressure } from './pressure-options.ts';
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
    readonly maxConnectionsPerClient?: number;
    readonly maxRequestsPerClient?: number;
    readonly handlerTimeout?: Duration;
    readonly pressure?: PressureOptions | false;
    readonly proxy?: ProxySetting;
}
export interface ResolvedLimitsOptions {
    readonly headersTimeout: number;
    readonly requestTimeout: number;
    readonly keepAliveTimeout: number;
    readonly socketTimeout: number;
    readonly connectionsCheckingInterval: number;
    readonly maxHeaderSize: number;
    readonly maxHeadersCount: number;
    readonly maxRequestsPerSocket: number;
    readonly maxConnections: number;
    readonly maxConnectionsPerClient: number;
    readonly maxRequestsPerClient: number;
    readonly handlerTimeout: number;
    readonly pressure: ResolvedPressure | false;
    readonly proxy: ProxyRules;
}
