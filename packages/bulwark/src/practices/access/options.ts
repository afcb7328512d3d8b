import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

/** A user, as far as access decisions need to know one. */
export interface Identity {
  /** Not empty; a whole number is taken as text. */
  readonly id: string;
  readonly roles?: readonly string[];
  /**
   * What the credential of this request is limited to; without it, it may do what the user may. A limited one passes only
   * routes that name a scope of it with `access.scope()`, beside whatever else they demand, and public ones.
   */
  readonly scopes?: readonly string[];
  /** Factors that were proven in this session, with the time (milliseconds since 1970): `{ totp: 1750000000000 }`. */
  readonly factors?: Readonly<Record<string, number>>;
}

/** Finds the user of a request; undefined or null for a stranger. What it throws is answered with 500, and nobody gets in. */
export type Identify = (req: IncomingMessage) => Identity | undefined | null | Promise<Identity | undefined | null>;

/** Options of the `access` practice. */
export interface AccessOptions {
  /**
   * What happens to a route without a decision. Default: `'deny'` once the policy has a way to know users (`identify`),
   * else `'allow'`, and the coverage says `missing`. `'refuse-to-start'` throws at the first request or `listen`. Denied, a
   * middleware answers only where a decision stands on its path, and an address that nothing has is 404.
   */
  readonly undecided?: 'deny' | 'allow' | 'refuse-to-start';
  /** How users are known. Without it, decisions are carried out where they stand in the route, on `req.user`. */
  readonly identify?: Identify;
}

/** The options with every default in place. */
export interface ResolvedAccessOptions {
  readonly undecided: 'deny' | 'allow' | 'refuse-to-start' | undefined;
  readonly identify: Identify | undefined;
}

export const schema: z.ZodType = z.strictObject({
  undecided: z.enum(['deny', 'allow', 'refuse-to-start']).optional(),
  identify: z.custom<Identify>((value) => typeof value === 'function', 'must be a function (req) => user').optional(),
});

export const DEFAULTS: ResolvedAccessOptions = { undecided: undefined, identify: undefined };
