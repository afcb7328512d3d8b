export { InputOptions } from './options.ts';
export { JsonOptions } from './options.ts';
export { UrlencodedOptions } from './options.ts';
export { methodGate } from './method-gate.ts';
export { urlGate } from './url-gate.ts';
import { InputOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { Services } from '../../context.ts';
export declare function input(options?: InputOptions, _services?: Services): Middleware;
