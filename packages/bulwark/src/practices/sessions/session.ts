import type { Loaded } from './changes.ts';
import type { SessionHandle } from './handle.ts';

/** A callback as express-session's methods take one. */
export type Callback = (error?: unknown) => void;

/**
 * `req.session`: the app's own data by key, kept as JSON. Its methods are those of express-session; each takes a callback,
 * or returns a promise.
 *
 * @example req.session.cart = ['book']
 */
export class Session {
  [key: string]: unknown;
  declare readonly cookie: CookieView;
  readonly #handle: SessionHandle;

  /** @param loaded - the values that it has are this session's from here on */
  constructor(handle: SessionHandle, cookie: CookieView, { data, values }: Loaded) {
    this.#handle = handle;
    Object.defineProperty(this, 'cookie', { value: cookie, enumerable: true, configurable: true });
    for (const key of Object.keys(data)) {
      if (!isReserved(key)) this[key] = values === undefined ? JSON.parse(data[key] as string) : values[key];
    }
  }

  /** Names the session in lists and logs; stable while the token is replaced, and no secret. */
  get id(): string {
    return this.#handle.id;
  }

  /** A new session with a new id and no data; the old one ends. */
  regenerate(done?: Callback): Promise<void> | this {
    return this.#hand(this.#handle.regenerate(), done);
  }

  /** Ends the session. */
  destroy(done?: Callback): Promise<void> | this {
    return this.#hand(this.#handle.destroy(), done);
  }

  /** Reads the session anew; what was changed and not saved is lost. */
  reload(done?: Callback): Promise<void> | this {
    return this.#hand(this.#handle.reload(), done);
  }

  /** Writes what was changed. It is done at the end of the request anyway. */
  save(done?: Callback): Promise<void> | this {
    return this.#hand(this.#save(), done);
  }

  /** Each request keeps a session alive; beyond that it does what {@link resetMaxAge} does. */
  touch(): this {
    return this.resetMaxAge();
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  async #save(): Promise<void> {
    await this.#handle.commit();
  }

  #hand(work: Promise<void>, done: Callback | undefined): Promise<void> | this {
    if (done === undefined) {
      // Whoever waits for it sees the failure; whoever calls it as in express-session, without a callback, waits for nothing.
      work.catch(() => undefined);
      return work;
    }
    work.then(
      () => done(),
      (error: unknown) => done(error ?? new Error('the session failed')),
    );
    return this;
  }
}

/** A key that is no data: the session's own, or one that every object has. As data it would hide a method. */
function isReserved(key: string): boolean {
  return key === 'cookie' || key in Session.prototype;
}

/** The keys of the app's data. */
export function keysOf(session: Session): string[] {
  return Object.keys(session).filter(isData);
}

function isData(key: string): boolean {
  return !isReserved(key);
}

/** Undefined for what JSON cannot say. */
export function jsonOf(value: unknown): string | undefined {
  return JSON.stringify(value);
}

/** What the app's data is now, as JSON by key: only what JSON can say. */
export function dataOf(session: Session): Record<string, string> {
  const data: Record<string, string> = {};
  for (const key of keysOf(session)) {
    const json = jsonOf(session[key]);
    if (json !== undefined) data[key] = json;
  }
  return data;
}

/** Gives a session the data of another object, and takes away what it had. */
export function replaceData(session: Session, value: unknown): void {
  for (const key of keysOf(session)) delete session[key];
  for (const [key, member] of Object.entries(value as object)) if (!isReserved(key)) session[key] = member;
}

/** `req.session.cookie`: its age can be changed; its other flags are the policy's. */
export class CookieView {
  originalMaxAge: number | null;
  readonly path = '/';
  readonly httpOnly = true;
  readonly secure: boolean;
  readonly sameSite: string;
  readonly partitioned: boolean;
  #expires: Date | null = null;

  constructor(
    maxAge: number | null,
    flags: { readonly secure: boolean; readonly sameSite: string; readonly partitioned: boolean },
  ) {
    this.originalMaxAge = maxAge;
    this.secure = flags.secure;
    this.sameSite = flags.sameSite;
    this.partitioned = flags.partitioned;
    this.maxAge = maxAge;
  }

  /** Milliseconds from now; null for "as long as the browser is open". */
  get maxAge(): number | null {
    return this.#expires === null ? null : this.#expires.getTime() - Date.now();
  }

  set maxAge(value: number | null) {
    if (value !== null && !(typeof value === 'number' && Number.isFinite(value))) {
      throw new TypeError('session.cookie.maxAge is milliseconds, or null');
    }
    this.originalMaxAge = value;
    this.#expires = value === null ? null : new Date(Date.now() + value);
  }

  get expires(): Date | null {
    return this.#expires;
  }

  set expires(value: Date | null | false) {
    this.#expires = value === false ? null : value;
    this.originalMaxAge = this.maxAge;
  }

  toJSON(): object {
    const { originalMaxAge, expires, secure, httpOnly, path, sameSite } = this;
    return { originalMaxAge, expires, secure, httpOnly, path, sameSite };
  }
}
