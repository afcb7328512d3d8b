import { z } from 'zod';
import type { RecordStore } from '../../stores/record-store.ts';
import type { Duration } from '../../units.ts';
import type { ExpressSessionCookieNames, ExpressSessionNames } from './express-session/options.ts';
import type { PreviousSessionsOptions } from './express-session/previous.ts';
import type { ExpressSessionStore } from './express-session/store-call.ts';

/** The session's cookie. It is always `HttpOnly` and `Path=/`, and `Secure` wherever the app is served over TLS. */
export interface SessionCookieOptions extends ExpressSessionCookieNames {
  /** Default `__Host-session`; `session` where the app's origin is plain HTTP (development). */
  readonly name?: string;
  /** Default `lax`. `none` sends the session along with requests of other sites: it needs `partitioned`. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /** One session for each site that embeds the app (CHIPS). Default false. */
  readonly partitioned?: boolean;
  /** Lets `sameSite: 'none'` go without `partitioned`: the session is one and the same on every site that embeds the app. */
  readonly insecureUnpartitioned?: boolean;
  /** Whether it outlives the browser: then it has a `Max-Age` of the idle time. Default false. */
  readonly persistent?: boolean;
}

/** Options of {@link sessions}. */
export interface SessionsOptions extends ExpressSessionNames {
  /** Where browsers see the app; inside `secure()` the policy's. On plain HTTP the cookie goes without `Secure`. Default: https. */
  readonly origins?: readonly string[];
  readonly cookie?: SessionCookieOptions;
  /** How long a session lives without a request. Default `'2h'`. ASVS 5.0 7.3.1. */
  readonly idle?: Duration;
  /** How long a session lives at the most, whatever is done with it. Default `'24h'`. ASVS 5.0 7.3.2. */
  readonly absolute?: Duration;
  /** How old a token may get before it is replaced. Default `'15m'`. */
  readonly rotate?: Duration;
  /** How long a replaced token is still taken, for requests that were under way. Default `'10s'`, at most `'1m'`. */
  readonly grace?: Duration;
  /**
   * What a token brings that comes when its time of grace is over. `refuse` (default): no session, and an event. `end`: the
   * session ends as well, since one of the two who have a token of it has copied it. A client that is slow, or that keeps
   * no cookies, then ends its own.
   */
  readonly replay?: 'refuse' | 'end';
  /** Sessions that one user may have; the oldest end. Default 50. */
  readonly perUser?: number;
  /** Where they are kept; default the gate's stores, else this process. A Store of express-session is wrapped. */
  readonly store?: RecordStore | ExpressSessionStore;
  /** Sessions of express-session that users still have: each is taken over, once. */
  readonly previous?: PreviousSessionsOptions;
  /** The time in milliseconds since 1970, for tests. Default `Date.now`. */
  readonly now?: () => number;
}

/** The options with every default in place. */
export interface ResolvedSessionsOptions {
  readonly origins: readonly string[];
  readonly cookie: {
    readonly name: string | undefined;
    readonly sameSite: 'lax' | 'strict' | 'none';
    readonly partitioned: boolean;
    readonly insecureUnpartitioned: boolean;
    readonly persistent: boolean;
  };
  readonly idle: Duration;
  readonly absolute: Duration;
  readonly rotate: Duration;
  readonly grace: Duration;
  readonly replay: 'refuse' | 'end';
  readonly perUser: number;
  readonly store: RecordStore | undefined;
  readonly previous: PreviousSessionsOptions | undefined;
  readonly now: () => number;
}

/** The set of 2026-11. */
export const DEFAULTS: ResolvedSessionsOptions = {
  origins: [],
  cookie: { name: undefined, sameSite: 'lax', partitioned: false, insecureUnpartitioned: false, persistent: false },
  idle: '2h',
  absolute: '24h',
  rotate: '15m',
  grace: '10s',
  replay: 'refuse',
  perUser: 50,
  store: undefined,
  previous: undefined,
  now: () => Date.now(),
};

const duration: z.ZodType = z.union([z.number(), z.string()]);

function isStore(value: unknown): boolean {
  const store = value as Partial<RecordStore> | null | undefined;
  return [store?.get, store?.insert, store?.replace, store?.remove, store?.list].every(
    (method) => typeof method === 'function',
  );
}

export const schema: z.ZodType = z.strictObject({
  origins: z.array(z.string()).optional(),
  cookie: z
    .strictObject({
      name: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'must be a cookie name: up to 64 letters, digits, "-", "_"')
        .optional(),
      sameSite: z.enum(['lax', 'strict', 'none']).optional(),
      partitioned: z.boolean().optional(),
      insecureUnpartitioned: z.boolean().optional(),
      persistent: z.boolean().optional(),
    })
    .optional(),
  idle: duration.optional(),
  absolute: duration.optional(),
  rotate: duration.optional(),
  grace: duration.optional(),
  replay: z.enum(['refuse', 'end']).optional(),
  perUser: z.number().int().min(1).max(1000).optional(),
  store: z.custom(isStore, 'must be a record store with get, insert, replace, remove and list').optional(),
  previous: z
    .strictObject({
      secret: z.unknown(),
      store: z.unknown(),
      name: z.string().optional(),
      path: z.string().optional(),
      domain: z.string().optional(),
      timeout: duration.optional(),
    })
    .optional(),
  now: z.custom((value) => typeof value === 'function', 'must be a function () => milliseconds').optional(),
});
