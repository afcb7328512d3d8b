import { PresetName } from './presets.ts';
export type ProxySetting = 'none' | PresetName | ProxyHops | ProxyCidrs;
export interface ProxyHops extends ProxyHeaders {
    readonly hops: number;
    readonly peers?: readonly string[];
    readonly dangerouslyTrustAnyPeer?: boolean;
}
export interface ProxyCidrs extends ProxyHeaders {
    readonly cidrs: readonly string[];
}
export interface ProxyHeaders {
    readonly headers?: 'x-forwarded' | 'forwarded' | 'any';
    readonly host?: boolean;
}
