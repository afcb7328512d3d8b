import { isPlainObject } from '../../options.ts';
import type { Identity } from '../access/index.ts';

/** Who is logged in. */
export interface Authentication {
  readonly user: string;
  readonly roles?: readonly string[];
  /** Factors with the time at which each was proven, milliseconds since 1970. */
  readonly factors: Readonly<Record<string, number>>;
  /** When the user logged in. */
  readonly at: number;
}

/** What a record holds of a session. Times are milliseconds since 1970. */
export interface SessionState {
  /** SHA-256 of the token's secret. */
  readonly secret: string;
  /** A token that was handed out and has not come back yet: the answer that carried it may have been lost. */
  readonly next?: { readonly secret: string; readonly since: number };
  /** The token before, for requests that are under way, and what it may see. */
  readonly previous?: { readonly secret: string; readonly until: number; readonly authentication?: Authentication };
  /** The app's data: JSON by key. */
  readonly data: Readonly<Record<string, string>>;
  readonly authentication?: Authentication;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly rotatedAt: number;
  readonly device: string;
  /** What the app set as `cookie.maxAge`, milliseconds; null for "as long as the browser is open". */
  readonly maxAge?: number | null;
  /** When it was left for a new session: since then what it holds is only read, and only for the grace. */
  readonly leftAt?: number;
}

/** Which of its tokens a request came with. */
export type Presented = 'current' | 'next' | 'previous' | 'replayed';

export function encodeState(state: SessionState): string {
  return JSON.stringify(state);
}

/** A state as it was read, with the app's data as it says it: each time anew, for one session to have. */
export interface ReadState {
  readonly state: SessionState;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The state of a record; undefined for what is none: such a record is worth as little as no session. */
export function readState(value: string): ReadState | undefined {
  let state: unknown;
  try {
    state = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (!isPlainObject(state) || !isState(state)) return undefined;
  const values = valuesOf(state.data as Record<string, unknown>);
  return values === undefined ? undefined : { state: state as unknown as SessionState, values };
}

/** The same, for whom the data is of no interest. */
export function decodeState(value: string): SessionState | undefined {
  return readState(value)?.state;
}

/** What the JSON of each key says; undefined where one says nothing. */
function valuesOf(data: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {};
  try {
    for (const key of Object.keys(data)) {
      const json = data[key];
      if (typeof json !== 'string') return undefined;
      values[key] = JSON.parse(json);
    }
  } catch {
    return undefined;
  }
  return values;
}

/** Half a state is none: a time that is no number would make a session that never ends. */
function isState(state: Record<string, unknown>): boolean {
  const { secret, data, device, createdAt, seenAt, rotatedAt, maxAge = null, leftAt = 0 } = state;
  const { next, previous, authentication } = state;
  return (
    typeof secret === 'string' &&
    typeof device === 'string' &&
    isTime(createdAt) &&
    isTime(seenAt) &&
    isTime(rotatedAt) &&
    isTime(leftAt) &&
    isTime(maxAge ?? 0) &&
    isPlainObject(data) &&
    (next === undefined || (isPlainObject(next) && typeof next.secret === 'string' && isTime(next.since))) &&
    (previous === undefined ||
      (isPlainObject(previous) &&
        typeof previous.secret === 'string' &&
        isTime(previous.until) &&
        (previous.authentication === undefined || isAuthentication(previous.authentication)))) &&
    (authentication === undefined || isAuthentication(authentication))
  );
}

function isAuthentication(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  const { user, roles = [], factors, at } = value;
  const areRoles = Array.isArray(roles) && roles.every((role) => typeof role === 'string');
  const areFactors = isPlainObject(factors) && Object.values(factors).every(isTime);
  return typeof user === 'string' && user !== '' && areRoles && areFactors && isTime(at);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number';
}

/** The user whose session it is: who logged in, or whom passport has put into the data. */
export function userOf({ authentication, data }: Pick<SessionState, 'authentication' | 'data'>): string | undefined {
  return authentication?.user ?? passportUser(data.passport);
}

/** Whom a session speaks for, as `access` asks. */
export function identityOf({ data }: SessionState, authentication: Authentication | undefined): Identity | undefined {
  if (authentication !== undefined) {
    const { user, roles, factors } = authentication;
    return { id: user, ...(roles === undefined ? {} : { roles }), factors };
  }
  const user = passportUser(data.passport);
  return user === undefined ? undefined : { id: user };
}

function passportUser(json: string | undefined): string | undefined {
  if (json === undefined) return undefined;
  const { user } = (JSON.parse(json) ?? {}) as { user?: unknown };
  if (typeof user === 'string' && user !== '') return user;
  return typeof user === 'number' && Number.isFinite(user) ? String(user) : undefined;
}
