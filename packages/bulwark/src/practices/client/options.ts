import { z } from 'zod';
import type { ProxySetting } from './proxy.ts';

/** Options of the `client` practice. */
export interface ClientOptions {
  /**
   * Where browsers see this app: exact origins, `https://shop.example[:port]`. Their hosts are the ones that are served.
   * Inside `secure()` these are the policy's.
   */
  readonly origins?: string | readonly string[];
  /**
   * Further hosts that are served, `name[:port]`: `['api.internal:3000', '10.0.0.5']`. Default: none. Without `origins`
   * and without `hosts` every well-formed host is served.
   */
  readonly hosts?: readonly string[];
  /** Which proxy stands in front. Default: `'none'`. Inside `secure()` this is the policy's. */
  readonly proxy?: ProxySetting;
  /**
   * Paths that answer to any `Host`, also to none: for the health probes of an orchestrator, which call by address. They
   * are compared exactly, without the query: `['/healthz']`. A handler there must not build a link from the host.
   * Default: none.
   */
  readonly dangerouslyAnyHostPaths?: readonly string[];
}

/** The options with every default in place. */
export interface ResolvedClientOptions {
  readonly origins: string | readonly string[] | undefined;
  readonly hosts: readonly string[];
  readonly proxy: ProxySetting;
  readonly dangerouslyAnyHostPaths: readonly string[];
}

const path = z
  .string()
  .regex(/^\/[^\s?#*]*$/, 'must be one whole path, such as "/healthz", without a query or a pattern');

// `origins`, `hosts` and `proxy` have readers of their own, whose errors name the very fix.
export const schema: z.ZodType = z.strictObject({
  origins: z.unknown().optional(),
  hosts: z.array(z.unknown()).optional(),
  proxy: z.unknown().optional(),
  dangerouslyAnyHostPaths: z.array(path).optional(),
});

export const DEFAULTS: ResolvedClientOptions = {
  origins: undefined,
  hosts: [],
  proxy: 'none',
  dangerouslyAnyHostPaths: [],
};
