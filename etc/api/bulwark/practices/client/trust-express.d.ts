import { ProxySetting } from './proxy.ts';
export declare function trustProxyFunction(proxy: ProxySetting): (address: string, hop: number) => boolean;
