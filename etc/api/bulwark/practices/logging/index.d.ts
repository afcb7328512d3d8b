export { FailureRecord } from './failure-record.ts';
export { Logger } from './options.ts';
export { LoggingOptions } from './options.ts';
export { cleanText } from './clean-text.ts';
export { describeFailure } from './failure-record.ts';
export { redactText } from './clean-text.ts';
import { Logger } from './options.ts';
import { LoggingOptions } from './options.ts';
import { Middleware } from '../../context.ts';
import { SecurityEvent } from '../../events.ts';
import { Services } from '../../context.ts';
export interface LoggingMiddleware extends Middleware {
    readonly logger: Logger;
    readonly logEvent: (event: SecurityEvent) => void;
}
export declare function logging(options?: LoggingOptions, _services?: Services): LoggingMiddleware;
