import type { Mode } from './context.ts';

/**
 * The mode that NODE_ENV asks for. Anything that is not exactly one of the two others is production: `staging` must not
 * be laxer than production.
 */
export function modeOf(environment: string | undefined): Mode {
  return environment === 'development' || environment === 'test' ? environment : 'production';
}
