export { CsrfOptions } from './options.ts';
import { CsrfOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export declare function csrf(options?: CsrfOptions, services?: Services): Middleware;
