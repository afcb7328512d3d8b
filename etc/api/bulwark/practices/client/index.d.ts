export { ClientOptions } from './options.ts';
export { PresetName } from './presets.ts';
export { ProxyCidrs } from './proxy.ts';
export { ProxyHeaders } from './proxy.ts';
export { ProxyHops } from './proxy.ts';
export { ProxySetting } from './proxy.ts';
export { ipPrefix } from './address.ts';
export { trustProxyFunction } from './trust-express.ts';
import { ClientOptions } from './options.ts';
import { IncomingMessage } from 'node:http';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export interface Client {
    readonly ip: string;
    readonly peer: string;
    readonly protocol: 'http' | 'https';
    readonly host: string;
    readonly hostname: string;
    readonly origin: string;
    readonly forwarded: boolean;
}
export declare function client(options?: ClientOptions, services?: Services): Middleware;
export declare function clientOf(req: IncomingMessage): Client;
