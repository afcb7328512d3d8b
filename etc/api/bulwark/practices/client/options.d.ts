import { ProxySetting } from './proxy.ts';
export interface ClientOptions {
    readonly origins?: string | readonly string[];
    readonly hosts?: readonly string[];
    readonly proxy?: ProxySetting;
    readonly dangerouslyAnyHostPaths?: readonly string[];
}
