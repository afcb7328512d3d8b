export { CorsOptions } from './options.ts';
import { CorsOptions } from './options.ts';
import { DecisionHandler } from '../../decisions.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export interface CorsAllowOptions {
    readonly origins?: readonly string[];
    readonly origin?: string | readonly string[];
    readonly credentials?: boolean;
    readonly dangerouslyAnyOrigin?: true;
}
export interface Cors {
    (options?: CorsOptions, services?: Services): Middleware;
    allow(options: CorsAllowOptions): DecisionHandler;
}
export declare function listedOrigins(options: CorsOptions): string[];
export declare const cors: Cors;
