import { LimitsOptions } from './options.ts';
import { Services } from '../../context.ts';
export interface LimitedServerOptions {
    readonly headersTimeout: number;
    readonly requestTimeout: number;
    readonly keepAliveTimeout: number;
    readonly connectionsCheckingInterval: number;
    readonly maxHeaderSize: number;
    readonly maxRequestsPerSocket: number;
    readonly requireHostHeader: true;
    readonly insecureHTTPParser: false;
}
export declare function serverOptions(options?: LimitsOptions): LimitedServerOptions;
export declare function applyToServer<S extends object>(server: S, options?: LimitsOptions, services?: Services): S;
