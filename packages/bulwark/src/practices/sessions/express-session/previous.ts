import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ConfigError, Refusal } from '../../../errors.ts';
import type { RecordStore } from '../../../stores/record-store.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import type { Secret } from '../../secrets/secret.ts';
import { keysOf, signedId } from './signed-cookie.ts';
import { callableStore, callStore, type ExpressSessionStore, readSession, within } from './store-call.ts';

/** Where the sessions of express-session are that users still have. */
export interface PreviousSessionsOptions {
  /** Its `secret`, or the list of them: any may have signed. */
  readonly secret: string | Secret | readonly (string | Secret)[];
  /** Its `store`. */
  readonly store: ExpressSessionStore;
  /** Its `name`; default `connect.sid`. */
  readonly name?: string;
  /** Its `cookie.path`, without which the old cookie cannot be cleared; default `/`. */
  readonly path?: string;
  /** Its `cookie.domain`. */
  readonly domain?: string;
  /** How long one call of the store may take; default 250 ms. */
  readonly timeout?: Duration;
}

/** Sessions of express-session that are taken over, each once. */
export interface PreviousSessions {
  /** The id in the request's old cookie, if it is signed. No store is asked. */
  find(req: IncomingMessage): string | undefined;
  /**
   * Hands the data of an old session to `begin`, JSON by key, for the one caller that takes it over. When the new session
   * has begun, the old one is removed from its store. False for everybody else, and where there is no such session.
   *
   * @throws Refusal `ERR_UNAVAILABLE` while another request takes it over: the next one comes with the new cookie
   * @throws where a store or `begin` failed; the session can be taken over later
   */
  take(id: string, records: RecordStore, begin: (data: Record<string, string>) => Promise<void>): Promise<boolean>;
  /** The Set-Cookie line that clears the old cookie. */
  readonly clear: string;
}

const DAY = 86_400_000;
/** How long requests that came together with the one that took a session over are asked to come again. */
const JUST_NOW = 10_000;

/**
 * Takes over sessions of express-session, so that nobody is logged out when an app changes to Bulwark.
 *
 * An old cookie is good once: its session's data moves into a new session with an id and a token of its own, the old one is
 * destroyed, and a record says for at least 30 days that it was taken, should an instance of the old app write it again.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` for a secret, store or name that could not have been express-session's
 * @see CWE-384, CWE-613, ASVS 5.0 7.2.4
 * @example sessions({ previous: { secret: config.SESSION_SECRET.all, store: new RedisStore({ client }) } })
 */
export function previousSessions(options: PreviousSessionsOptions, field = 'sessions.previous'): PreviousSessions {
  const store = callableStore(options.store, `${field}.store`);
  const keys = keysOf(options.secret);
  if (keys === undefined) {
    throw new ConfigError('ERR_CONFIG_VALUE', {
      field: `${field}.secret`,
      message: 'it is no text, no secret and no list of them, or one is empty',
      fix: 'pass what express-session has as its secret',
    });
  }
  const name = token(options.name ?? 'connect.sid', `${field}.name`);
  const path = attribute(options.path ?? '/', `${field}.path`);
  const domain = options.domain === undefined ? '' : `; Domain=${attribute(options.domain, `${field}.domain`)}`;
  const timeout = parseDuration(options.timeout ?? 250, `${field}.timeout`);

  async function load(id: string): Promise<object | undefined> {
    const session = await within(timeout, readSession(store, id));
    return typeof session === 'object' && session !== null && !isOver(session) ? session : undefined;
  }

  return {
    clear: `${name}=; Path=${path}${domain}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly`,
    find(req) {
      const id = signedId(req.headers.cookie, name, keys);
      // Records of Bulwark itself may lie in the same store. They are no sessions of express-session.
      return id?.startsWith('bulwark.') ? undefined : id;
    },
    async take(id, records, begin) {
      const mark = `migrated:${createHash('sha256').update(id, 'utf8').digest('base64url')}`;
      const found = await load(id);
      const isFirst =
        found !== undefined && (await records.insert(mark, { value: `${Date.now()}`, ttl: markFor(found) }));
      if (!isFirst) {
        await refuseWhileTaken(records, mark);
        return false;
      }
      try {
        // Once more: between the first look and the mark the old app may have ended it.
        const session = await load(id);
        if (session === undefined) return false;
        await begin(dataOf(session));
      } catch (error) {
        // Without taking the mark back its user would be logged out by an outage.
        await records.remove(mark);
        throw error;
      }
      // Direction: the old session may stay where it was. Reason: its user has the new one already, and shall not be
      // refused. Mitigation: of this cookie the mark says that it was used, and its Store forgets it in its time.
      await within(
        timeout,
        callStore((done) => store.destroy(id, done)),
      ).catch(() => undefined);
      return true;
    },
  };
}

/** As a visitor's, a request that came along would begin a session of its own, over the one that is being made. */
async function refuseWhileTaken(records: RecordStore, mark: string): Promise<void> {
  const taken = await records.get(mark);
  if (taken === undefined || Math.abs(Date.now() - Number(taken.value)) > JUST_NOW) return;
  throw new Refusal('ERR_UNAVAILABLE', {
    reason: 'this session is being taken over by another request',
    headers: { 'Retry-After': '1' },
  });
}

function expiryOf(session: object): number | undefined {
  const expires: unknown = (session as { cookie?: { expires?: unknown } }).cookie?.expires;
  const at =
    expires instanceof Date ? expires.getTime() : typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function isOver(session: object): boolean {
  const at = expiryOf(session);
  return at !== undefined && at <= Date.now();
}

function markFor(session: object): number {
  const left = (expiryOf(session) ?? 0) - Date.now();
  return Math.min(Math.max(left, 30 * DAY), 400 * DAY);
}

/** The data, JSON by key, without express-session's own cookie, and without what an assignment would make a prototype. */
function dataOf(session: object): Record<string, string> {
  const { cookie: _, ...data } = JSON.parse(JSON.stringify(session), (key, value: unknown) =>
    key === '__proto__' ? undefined : value,
  ) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, JSON.stringify(value)]));
}

function token(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)) return value;
  throw unusable(field, 'the name of a cookie');
}

function attribute(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[\x21-\x3a\x3c-\x7e]+$/.test(value)) return value;
  throw unusable(field, 'what the attribute of a cookie can be');
}

function unusable(field: string, what: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `it is not ${what}`,
    fix: 'pass what express-session has',
  });
}
