import { ServerResponse } from 'node:http';
export type SiteData = 'cache' | 'cookies' | 'storage' | 'clientHints' | 'executionContexts' | 'prefetchCache' | 'prerenderCache' | '*';
export declare function clearSiteData(res: ServerResponse, types?: readonly SiteData[]): void;
