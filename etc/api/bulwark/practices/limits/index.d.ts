export { LimitedServerOptions } from './server.ts';
export { LimitsOptions } from './options.ts';
export { PressureOptions } from './pressure-options.ts';
export { PressureSample } from './pressure-options.ts';
export { Priority } from './decisions.ts';
export { applyToServer } from './server.ts';
export { serverOptions } from './server.ts';
import { DecisionHandler } from '../../decisions.ts';
import { Duration } from '../../units.ts';
import { Handler } from '../../context.ts';
import { LimitsOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { Priority } from './decisions.ts';
import { Services } from '../../context.ts';
import { shedding } from './shedding.ts';
export interface Limits {
    (options?: LimitsOptions, services?: Services): Middleware;
    handlerTime(time: Duration): DecisionHandler;
    priority(priority: Priority, options: {
        readonly reason: string;
    }): DecisionHandler;
}
export declare const limits: Limits;
export declare function limitsSteps(options: LimitsOptions, services: Services, reportOnly?: boolean): {
    readonly framing: Handler;
    readonly shedding: ReturnType<typeof shedding>;
};
