export { AccessOptions } from './options.ts';
export { Identify } from './options.ts';
export { Identity } from './options.ts';
import { AccessOptions } from './options.ts';
import { Decision } from '../../decisions.ts';
import { DecisionHandler } from '../../decisions.ts';
import { Duration } from '../../units.ts';
import { Identity } from './options.ts';
import { IncomingMessage } from 'node:http';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export interface Access {
    (options?: AccessOptions, services?: Services): Middleware;
    public(reason: string): DecisionHandler;
    authenticated(): DecisionHandler;
    role(...roles: [string, ...string[]]): DecisionHandler;
    factor(name: string, options: {
        within: Duration;
    }): DecisionHandler;
    scope(...scopes: [string, ...string[]]): DecisionHandler;
}
export declare function identityOf(req: IncomingMessage): Identity | undefined;
export type UndecidedRule = 'deny' | 'allow' | 'refuse-to-start';
export declare function undecidedRule(options?: AccessOptions | false, knowsUsers?: boolean): UndecidedRule;
export declare function isDecided(decisions: readonly Decision[]): boolean;
export declare const access: Access;
