import { InputOptions } from '../options.ts';
import { Middleware } from '../../../context.ts';
export declare function urlGate(options?: InputOptions): Middleware;
