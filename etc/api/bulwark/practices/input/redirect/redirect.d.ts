import { DecisionHandler } from '../../../decisions.ts';
import { Middleware } from '../../../context.ts';
import { Services } from '../../../context.ts';
export interface RedirectOptions {
    readonly origins: string | readonly string[];
    readonly external?: readonly string[];
}
export interface Redirect {
    (options: RedirectOptions, services?: Services): Middleware;
    external(...origins: [string, ...string[]]): DecisionHandler;
}
export declare const redirect: Redirect;
