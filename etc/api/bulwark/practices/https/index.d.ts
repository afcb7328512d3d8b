export { HstsOptions } from './hsts.ts';
export { HttpsOptions } from './options.ts';
export { ListenOptions } from './listen.ts';
export { Listening } from './listen.ts';
import { HttpsOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export declare function https(options?: HttpsOptions, services?: Services): Middleware;
