export { LimitedServerOptions } from './server.ts';
export { LimitsOptions } from './options.ts';
export { applyToServer } from './server.ts';
export { serverOptions } from './server.ts';
import { LimitsOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export declare function limits(options?: LimitsOptions, services?: Services): Middleware;
