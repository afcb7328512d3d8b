import { Handler } from '../../context.ts';
import { Middleware } from '../../context.ts';
import { ResolvedLimitsOptions } from './options.ts';
import { Services } from '../../context.ts';
export declare function shedding(options: ResolvedLimitsOptions, services: Services): Handler & Required<Pick<Middleware, 'close'>>;
