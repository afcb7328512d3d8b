import { z } from 'zod';
import type { EnvironmentSource } from './read-variable.ts';

/** Options of the `secrets` practice. */
export interface SecretsOptions {
  /** Variables that may hold what looks like a placeholder, by their exact names. A secret of development is refused anyway. */
  readonly insecureAllow?: readonly string[];
  /** Where variables are looked for. Default `process.env`. */
  readonly source?: EnvironmentSource;
  /** Reports what would stop the start of production, and starts; the gate sets it in monitor mode. */
  readonly reportOnly?: boolean;
}

/** The options with every default in place. */
export interface ResolvedSecretsOptions {
  readonly insecureAllow: readonly string[];
  readonly source: unknown;
  readonly reportOnly: boolean;
}

export const schema: z.ZodType = z.strictObject({
  insecureAllow: z.array(z.string().regex(/^\w+$/, 'must be the exact name of a variable')).optional(),
  // Judged by hand: a message about it must not show what is in it.
  source: z.unknown().optional(),
  reportOnly: z.boolean().optional(),
});

export const DEFAULTS: ResolvedSecretsOptions = { insecureAllow: [], source: undefined, reportOnly: false };
