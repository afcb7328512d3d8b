import { Handler } from '../../context.ts';
import { Identify } from '../access/index.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export interface TokensOptions {
    readonly issuer?: string;
}
export type TokenService = Readonly<Record<string, never>>;
export interface TokensMiddleware extends Middleware {
    readonly endpoint: Handler;
    readonly identify: Identify;
    readonly service: TokenService;
}
export declare function tokens(_options?: TokensOptions, _services?: Services): TokensMiddleware;
