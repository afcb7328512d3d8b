import { ConfigError } from '../../errors.ts';

/** Both versions of Express call handlers from a method of this name. */
const IN_HANDLER = /\bLayer\.(?:handleRequest|handle_request|handle \[as handle_request\])/;

/**
 * Refuses what is made while a request is handled: each request would have one of its own.
 *
 * @throws ConfigError `ERR_CONFIG_CONTRADICTION`
 */
export function refuseInHandler(field: string): void {
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack = '' } = new Error('where');
  Error.stackTraceLimit = depth;
  if (!IN_HANDLER.test(stack)) return;
  throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
    field,
    message:
      'it is made while a request is handled, so each request would have a limit of its own and none would ever be reached',
    fix: 'make it once, where the app is put together, and use it in the route',
  });
}
