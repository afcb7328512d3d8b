import { HttpsOptions } from './options.ts';
import { Server } from 'node:http';
import { ServerOptions } from 'node:http';
export interface ListenOptions extends HttpsOptions {
    readonly port?: number;
    readonly host?: string;
    readonly http?: number | false;
    readonly terminated?: boolean;
    readonly serverOptions?: ServerLimits;
}
export type ServerLimits = ServerOptions & {
    readonly [P in (typeof PROPERTIES)[number]]?: number;
};
declare const PROPERTIES: readonly ['maxConnections', 'maxRequestsPerSocket', 'timeout'];
export interface Listening {
    readonly url: string;
    readonly port: number;
    readonly httpUrl?: string;
    readonly server: Server;
    readonly httpServer?: Server;
    readonly local?: {
        readonly ca: string;
        readonly trust: string;
        readonly created: boolean;
    };
    close(): Promise<void>;
}
