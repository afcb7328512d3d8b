import { InputOptions } from '../options.ts';
import { Middleware } from '../../../context.ts';
export declare function methodGate(options?: InputOptions): Middleware;
