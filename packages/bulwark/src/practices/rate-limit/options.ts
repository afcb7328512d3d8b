import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { RateLimitStore } from '../../stores/rate-limit-store.ts';
import type { Duration } from '../../units.ts';

/**
 * A function of a request. It may take Express's `Request`: `(req: Request) => req.body?.email`. (Written as a method,
 * because only a method's parameter may be narrower than declared.)
 */
export type FromRequest<T> = { of(req: IncomingMessage): T }['of'];

/** One part of what a limit is counted by. */
export type KeyPart = 'client' | 'account' | 'route' | FromRequest<string>;

/** Options of {@link rateLimit}. */
export interface RateLimitOptions {
  /** Requests (units of `cost`) per window and key, all of which may come in one burst; a whole number. Default 300. */
  readonly limit?: number;
  /** The time in which `limit` units come back, from `'1s'` to `'31d'`. Default `'1m'`. */
  readonly window?: Duration;
  /** What one request costs: a whole number up to `limit`, or a function that gives one. Default 1. */
  readonly cost?: number | FromRequest<number>;
  /**
   * What is counted by; several parts are counted **in combination**, so each pair has a limit of its own. Default
   * `'client'`.
   * - `'client'`: the client's address (IPv6: its network), as the practice `client` knows it
   * - `'account'`: what `account` returns; where it returns nothing, the client
   * - `'route'`: nothing else, so all clients share the limit ({@link limit} only)
   * - a function: what it returns, always together with the client
   */
  readonly key?: KeyPart | readonly KeyPart[];
  /** The account that a request speaks of, such as a login name. Only its hash is kept. For `key: 'account'`. */
  readonly account?: FromRequest<string | undefined>;
  /** Lets a function in `key` stand for itself, without the client. Whoever chooses its value then chooses the limit. */
  readonly dangerouslyReplaceKey?: boolean;
  /** Bits of an IPv6 address that make one client, 32 to 64. Default 56, what a provider gives to one household. */
  readonly ipv6Prefix?: number;
  /** Blocks a key for `block` after `after` refusals within one window. Default `false`. */
  readonly penalty?: false | { readonly after: number; readonly block: Duration };
  /** Where it is counted; default the gate's store, else a memory store of its own. Demands `name`. */
  readonly store?: RateLimitStore;
  /** How long a store may take before a local limiter takes over. Default `'250ms'`. */
  readonly timeout?: Duration;
  /** What the limit is called in headers, refusals and the store: `a-z`, `0-9`, `.`, `_`, `-`. Default `'default'`. */
  readonly name?: string;
  /**
   * Tells the client what is left, in `RateLimit` and `RateLimit-Policy`. Default `true`; but `false` where `key` has no
   * client in it: what others used is not this client's business.
   */
  readonly headers?: boolean;
  /** A monotonic clock in milliseconds, for tests. Default `performance.now`. */
  readonly now?: () => number;
  /** `window`, as express-rate-limit calls it. */
  readonly windowMs?: number;
  /** `limit`, as express-rate-limit calls it. */
  readonly max?: number;
  /** Understood from express-rate-limit: what it asks for is done anyway. */
  readonly standardHeaders?: true | 'draft-8';
  /** Understood from express-rate-limit: what it asks for is done anyway. */
  readonly legacyHeaders?: false;
}

/** Options of {@link limit}. `limit` (or `max`) has no default there. */
export interface LimitOptions extends RateLimitOptions {
  /**
   * `'failures'` gives the units back where the answer is 2xx, or the handler calls {@link refund}. A redirect counts:
   * a login form that fails answers with one as well.
   */
  readonly countOnly?: 'failures';
  /**
   * Where it is counted. `'gate'` (default): before a byte of the body is read. `'route'`: where it stands in the route,
   * so that `account` or `key` can read the body or the session; default where `key` has the account in it.
   */
  readonly at?: 'gate' | 'route';
}

/** The options with every default in place. */
export interface ResolvedRateLimitOptions {
  readonly limit: number;
  readonly window: Duration;
  readonly cost: number | FromRequest<number>;
  readonly key: KeyPart | readonly KeyPart[];
  readonly account: FromRequest<string | undefined> | undefined;
  readonly dangerouslyReplaceKey: boolean;
  readonly ipv6Prefix: number;
  readonly penalty: false | { readonly after: number; readonly block: Duration };
  readonly store: RateLimitStore | undefined;
  readonly timeout: Duration;
  readonly name: string | undefined;
  readonly headers: boolean | undefined;
  readonly now: () => number;
  readonly countOnly: 'failures' | undefined;
  readonly at: 'gate' | 'route' | undefined;
}

/** The set of 2026-11. 300 a minute: a person who loads several pages with all their assets stays below it. */
export const DEFAULTS: ResolvedRateLimitOptions = {
  limit: 300,
  window: '1m',
  cost: 1,
  key: 'client',
  account: undefined,
  dangerouslyReplaceKey: false,
  ipv6Prefix: 56,
  penalty: false,
  store: undefined,
  timeout: '250ms',
  name: undefined,
  headers: undefined,
  now: () => performance.now(),
  countOnly: undefined,
  at: undefined,
};

const count: z.ZodType = z.number().int().min(1).max(10_000_000);
const duration: z.ZodType = z.union([z.number(), z.string()]);
const aFunction: z.ZodType = z.custom((value) => typeof value === 'function', 'must be a function (req) => …');
const keyPart: z.ZodType = z.union([z.enum(['client', 'account', 'route']), aFunction]);

const fields = {
  limit: count.optional(),
  window: duration.optional(),
  cost: z.union([count, aFunction]).optional(),
  key: z.union([keyPart, z.array(keyPart).min(1)]).optional(),
  account: aFunction.optional(),
  dangerouslyReplaceKey: z.boolean().optional(),
  ipv6Prefix: z.number().int().min(32).max(64).optional(),
  penalty: z.union([z.literal(false), z.strictObject({ after: count, block: duration })]).optional(),
  store: z
    .custom(isStore, 'must be a rate-limit store with consume() and refund(); stores of express-rate-limit do not fit')
    .optional(),
  timeout: duration.optional(),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-"')
    .optional(),
  headers: z.boolean().optional(),
  now: aFunction.optional(),
};

function isStore(value: unknown): boolean {
  const store = value as Partial<RateLimitStore> | null | undefined;
  return typeof store?.consume === 'function' && typeof store.refund === 'function';
}

/** The options of {@link rateLimit}. */
export const schema: z.ZodType = z.strictObject(fields);

/** The options of {@link limit}. */
export const limitSchema: z.ZodType = z.strictObject({
  ...fields,
  limit: count,
  countOnly: z.literal('failures').optional(),
  at: z.enum(['gate', 'route']).optional(),
});
