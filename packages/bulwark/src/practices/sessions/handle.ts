import type { IncomingMessage, ServerResponse } from 'node:http';
import { contextOf, type Next } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import type { EventName } from '../../events.ts';
import { isPromise } from '../../stores/breaker.ts';
import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import type { Identity } from '../access/index.ts';
import { clientOf } from '../client/index.ts';
import { describeDevice } from './device.ts';
import { holdResponse } from './hold-response.ts';
import type { LogInOptions } from './requests.ts';
import { type Found, type SessionService, whenDone } from './service.ts';
import { CookieView, dataOf, Session } from './session.ts';
import { type Authentication, type SessionState, userOf } from './state.ts';
import { makeToken, readToken, type Token } from './token.ts';

/** A read that is older than this when it is needed is done again: the session may have ended while a body came. */
const FRESH = 1000;
/** How long a token that was handed out is waited for before another one is. */
const LOST = 60_000;

type Live = Omit<Found, 'by'> & { readonly by: 'current' | 'next' | 'previous' };

/** The session of one request, from its cookie to the answer. */
export class SessionHandle {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #token: Token | undefined;
  #sent: Promise<StoredRecord | undefined> | undefined;
  #sentAt = 0;
  #live: Live | undefined;
  #session: Session | undefined;
  /** What the session held when it was last read or written: what differs from it was changed here. */
  #loaded: Readonly<Record<string, string>> = {};
  #loadedMaxAge: number | null | undefined;
  /** The session that is to be, for a visitor who has none. */
  #coming: Token | undefined;
  #failure: unknown;
  #isEnded = false;
  #isHeld = false;
  /** Ended by `req.session = null`: removed with the answer. */
  #leaving: Live | undefined;
  #cookie: string | undefined;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
  }

  /** Sends for the record, and does not wait; a store in this process is asked when it is needed. */
  send(): void {
    const { cookie, store } = this.#service;
    const value = cookie.read(this.#req.headers.cookie);
    if (value === null) return this.#sayTossed();
    this.#token = value === undefined ? undefined : readToken(value);
    if (this.#token === undefined || store.local === true) return;
    this.#sentAt = performance.now();
    // Refused by the limit, nobody waits for it: its failure is nobody's either.
    this.#sent = Promise.resolve(this.#ask(this.#token));
    this.#sent.catch(() => undefined);
  }

  /** Waits for the record and judges it. A store that is out of reach fails only those who need a session. */
  settle(next: Next): void {
    if (this.#token === undefined) return next();
    const token = this.#token;
    const isFresh = this.#sent !== undefined && performance.now() - this.#sentAt < FRESH;
    const fail = (error: unknown): void => {
      this.#failure = error ?? new Error('the session store failed');
    };
    try {
      const done = whenDone(isFresh && this.#sent !== undefined ? this.#sent : this.#ask(token), (stored) =>
        this.#take(token, stored),
      );
      if (isPromise(done)) done.catch(fail).then(() => next());
      else next();
    } catch (error) {
      fail(error);
      next();
    }
  }

  #ask(token: Token): MaybePromise<StoredRecord | undefined> {
    try {
      return this.#service.store.get(this.#service.keyOf(token.id));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #take(token: Token, stored: StoredRecord | undefined): MaybePromise<void> {
    const found = stored === undefined ? undefined : this.#service.judge(token, stored);
    if (found === undefined) return;
    if (found.by === 'replayed') return this.#sayReplayed(found.id);
    const live: Live = { ...found, by: found.by };
    this.#live = live;
    this.#loaded = live.state.data;
    if (live.by === 'next') return this.#promote(live);
    if (live.by === 'current' && this.#isRotationDue(live.state)) return this.#rotate(live);
    this.#keepSeen(live);
  }

  /** The replaced token has come back: from now on the one before it ends. */
  #promote(live: Live): MaybePromise<void> {
    const { now, grace } = this.#service;
    const digest = this.#token?.digest ?? '';
    return this.#change(live, (state) => {
      if (state.next?.secret !== digest) return undefined;
      const { next: _, ...rest } = state;
      const previous = { secret: state.secret, until: now() + grace, ...authenticationOf(state) };
      return { ...rest, secret: digest, previous, seenAt: now(), rotatedAt: now() };
    });
  }

  #isRotationDue({ rotatedAt, next, leftAt }: SessionState): boolean {
    const now = this.#service.now();
    if (leftAt !== undefined || now - rotatedAt < this.#service.rotate) return false;
    return next === undefined || now - next.since > LOST;
  }

  /** Hands out a new token. The old one is good until the new one comes back: the answer with it may be lost. */
  #rotate(live: Live): MaybePromise<void> {
    if (this.#cannotSetCookie()) return;
    const { now } = this.#service;
    const token = makeToken(live.id);
    const done = this.#change(live, (state) =>
      this.#isRotationDue(state)
        ? { ...state, next: { secret: token.digest, since: now() }, seenAt: now() }
        : undefined,
    );
    return whenDone(done, () => {
      if (this.#live?.state.next?.secret === token.digest) this.#setCookie(token.text);
    });
  }

  /** Writes when the session was last seen, now and then, and lets nobody wait for it. */
  #keepSeen(live: Live): void {
    const { now, seenEvery } = this.#service;
    const isOld = (state: SessionState): boolean => state.leftAt === undefined && now() - state.seenAt >= seenEvery;
    if (!isOld(live.state)) return;
    const done = this.#change(live, (state) => (isOld(state) ? { ...state, seenAt: now() } : undefined));
    // Out of reach, the store has told of it itself; the session goes on as it was read.
    if (isPromise(done)) done.catch(() => undefined);
  }

  /** Writes to the record; the session of this request is then as it was written, or has ended. */
  #change(from: Live, change: (state: SessionState) => SessionState | undefined): MaybePromise<void> {
    return whenDone(this.#service.update(from.id, from, change), (kept) => {
      // Another one may have taken its place meanwhile: a login while the time of the old one was written.
      if (this.#live?.id !== from.id) return;
      if (kept === undefined) this.#end();
      else this.#live = { ...this.#live, ...kept };
    });
  }

  /** @throws what the store failed with: whoever needs a session is refused then */
  open(): Session | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isEnded) return undefined;
    if (this.#session === undefined) {
      this.#session = this.#view();
      this.#hold();
    }
    return this.#session;
  }

  #view(): Session {
    const { cookie, idle } = this.#service;
    const { maxAge } = this.#live?.state ?? {};
    this.#loadedMaxAge = maxAge === undefined ? (cookie.persistent ? idle : null) : maxAge;
    return new Session(this, new CookieView(this.#loadedMaxAge, cookie), this.#loaded);
  }

  /** True once something looked at the session: then the answer is for its user alone. */
  get isRead(): boolean {
    return this.#session !== undefined || this.#isEnded || this.#cookie !== undefined;
  }

  /** The id of the session that the request has; undefined for a visitor who has none. */
  get aliveId(): string | undefined {
    return this.#live?.id;
  }

  /** `req.session = null` ends it; another object takes the place of its data. */
  assign(value: unknown): void {
    const session = this.open();
    if (session === undefined) return;
    if (value === null || value === undefined) {
      const live = this.#live;
      this.#end();
      this.#clearCookie();
      this.#leaving = live;
      return;
    }
    if (value === session) return;
    for (const key of Object.keys(dataOf(session))) delete session[key];
    Object.assign(session, value);
  }

  get id(): string {
    if (this.#live !== undefined) return this.#live.id;
    this.#coming ??= makeToken();
    return this.#coming.id;
  }

  get authentication(): Authentication | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    if (live === undefined || this.#isEnded) return undefined;
    // A token that was replaced sees what it could see: not what was proven since.
    return live.by === 'previous' ? live.state.previous?.authentication : live.state.authentication;
  }

  get identity(): Identity | undefined {
    const authentication = this.authentication;
    if (authentication !== undefined) {
      const { user, roles, factors } = authentication;
      return { id: user, ...(roles === undefined ? {} : { roles }), factors };
    }
    const user = this.#live === undefined || this.#isEnded ? undefined : userOf({ data: this.#live.state.data });
    return user === undefined ? undefined : { id: user };
  }

  /** What was changed of the data here, to be put on top of what others have written. */
  #changes(): ((state: SessionState) => SessionState) | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    const loaded = this.#loaded;
    const data = dataOf(session);
    const changed = Object.entries(data).filter(([key, json]) => loaded[key] !== json);
    const removed = new Set(Object.keys(loaded).filter((key) => data[key] === undefined));
    const maxAge = session.cookie.originalMaxAge;
    const isAged = maxAge !== this.#loadedMaxAge;
    if (changed.length === 0 && removed.size === 0 && !isAged) return undefined;
    return (state) => {
      const kept = Object.entries(state.data).filter(([key]) => !removed.has(key));
      return {
        ...state,
        ...(isAged ? { maxAge } : {}),
        data: Object.fromEntries([...kept, ...changed]),
        seenAt: Math.max(state.seenAt, this.#service.now()),
      };
    };
  }

  /** Writes what was changed, once; what is left of a session that has ended is not written. */
  commit(): MaybePromise<void> {
    const leaving = this.#leaving;
    if (leaving !== undefined) {
      this.#leaving = undefined;
      return whenDone(this.#service.remove(leaving.id), () => undefined);
    }
    const change = this.#isEnded || this.#live?.state.leftAt !== undefined ? undefined : this.#changes();
    if (change === undefined) return;
    const live = this.#live;
    const written = dataOf(this.#session as Session);
    const maxAge = this.#session?.cookie.originalMaxAge;
    const done = live === undefined ? this.#create(change) : this.#change(live, change);
    return whenDone(done, () => {
      // What others have written meanwhile is not this request's to take away.
      this.#loaded = written;
      this.#loadedMaxAge = maxAge;
      // What the browser holds lives as long as the session does.
      if (this.#live?.by === 'current' && this.#token !== undefined && maxAge !== null)
        this.#setCookie(this.#token.text);
    });
  }

  #create(change: (state: SessionState) => SessionState): MaybePromise<void> {
    if (this.#cannotSetCookie()) return;
    const { now } = this.#service;
    const token = this.#coming ?? makeToken();
    const at = now();
    const blank: SessionState = {
      secret: token.digest,
      data: {},
      createdAt: at,
      seenAt: at,
      rotatedAt: at,
      device: describeDevice(this.#req.headers['user-agent']),
    };
    return this.#begin(token, change(blank));
  }

  #begin(token: Token, state: SessionState): MaybePromise<void> {
    return whenDone(this.#service.insert(token.id, state), (isNew) => {
      if (!isNew) throw new Error('two sessions have one id');
      this.#coming = undefined;
      this.#live = { id: token.id, version: 0, state, by: 'current' };
      this.#token = token;
      this.#setCookie(token.text);
      // The version is the store's to say, and is asked for only where it is needed: the first write finds it out.
    });
  }

  async save(): Promise<void> {
    await this.commit();
  }

  async destroy(): Promise<void> {
    // Unknown whether there is one to end: whoever logs out is not told that he has.
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    this.#end();
    this.#clearCookie();
    if (live === undefined) return;
    await this.#service.remove(live.id);
    this.#say('session_expired', 'a session was ended', live.id);
  }

  async regenerate(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    this.#forget();
    this.#coming = makeToken();
    if (this.#session !== undefined || live !== undefined) this.#session = this.#view();
    this.#hold();
    if (live !== undefined) await this.#service.remove(live.id);
  }

  async reload(): Promise<void> {
    const live = this.#live;
    const stored = live === undefined ? undefined : await this.#service.store.get(this.#service.keyOf(live.id));
    const found =
      stored === undefined || this.#token === undefined ? undefined : this.#service.judge(this.#token, stored);
    if (found === undefined || found.by === 'replayed') throw new Error('failed to load session');
    this.#live = { ...found, by: found.by };
    this.#loaded = found.state.data;
    this.#session = this.#view();
  }

  /** A new session for a user who has proven who he is; the one before ends. */
  async logIn(
    user: { readonly id: string; readonly roles?: readonly string[] },
    { factor = 'password', device, keep = [] }: LogInOptions,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#requireHead();
    if (this.#cannotSetCookie()) return;
    const { now } = this.#service;
    const before = this.#live;
    const data = this.#session === undefined ? this.#loaded : dataOf(this.#session);
    const token = makeToken();
    const at = now();
    const authentication: Authentication = {
      user: user.id,
      ...(user.roles === undefined ? {} : { roles: [...user.roles] }),
      factors: { [factor]: at },
      at,
    };
    this.#forget();
    const state: SessionState = {
      secret: token.digest,
      data: Object.fromEntries(Object.entries(data).filter(([key]) => keep.includes(key))),
      authentication,
      createdAt: at,
      seenAt: at,
      rotatedAt: at,
      device: device ?? describeDevice(this.#req.headers['user-agent']),
    };
    await this.#begin(token, state);
    this.#loaded = state.data;
    if (this.#session !== undefined) this.#session = this.#view();
    if (before !== undefined) await this.#leave(before);
    await this.#service.makeRoom(user.id, token.id);
    this.#say('session_created', 'a user has logged in', token.id);
  }

  /**
   * What was anonymous may be read for a moment, by requests that were under way. What was somebody's ends at once.
   */
  async #leave(before: Live): Promise<void> {
    if (userOf(before.state) !== undefined || this.#service.grace === 0) {
      await this.#service.remove(before.id);
      return;
    }
    await this.#service.update(before.id, before, (state) => ({ ...state, leftAt: this.#service.now() }));
  }

  /** What the session may do has changed: a new token, and the one before sees what it saw. */
  async reauthenticate(change: (authentication: Authentication, now: number) => Authentication): Promise<void> {
    const live = this.#live;
    if (this.authentication === undefined || live === undefined || live.by === 'previous') {
      throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'nobody is logged in' });
    }
    this.#requireHead();
    const { now, grace } = this.#service;
    const token = makeToken(live.id);
    await this.#change(live, (state) => {
      const { next: _, ...rest } = state;
      if (state.authentication === undefined) return undefined;
      return {
        ...rest,
        secret: token.digest,
        previous: {
          secret: this.#token?.digest ?? state.secret,
          until: now() + grace,
          authentication: state.authentication,
        },
        authentication: change(state.authentication, now()),
        seenAt: now(),
        rotatedAt: now(),
      };
    });
    if (this.#live?.state.secret !== token.digest)
      throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'the session has ended' });
    this.#token = token;
    this.#setCookie(token.text);
    this.#say('session_renewed', 'a session may do something else, and has a new token', live.id);
  }

  /** From here on the request has no session, and writes none. */
  #end(): void {
    this.#forget();
    this.#session = undefined;
    this.#isEnded = true;
    this.#cookie = undefined;
  }

  #forget(): void {
    this.#live = undefined;
    this.#loaded = {};
    this.#coming = undefined;
    this.#isEnded = false;
  }

  #requireHead(): void {
    if (!this.#res.headersSent) return;
    throw new Error('the response has begun: its cookie cannot be changed any more');
  }

  #cannotSetCookie(): boolean {
    if (this.#res.headersSent) return true;
    if (!this.#service.cookie.secure || clientOf(this.#req).protocol === 'https') return false;
    this.#service.sayPlain(this.#req);
    return true;
  }

  #setCookie(text: string): void {
    const { cookie, idle } = this.#service;
    const maxAge =
      this.#session?.cookie.originalMaxAge ?? this.#live?.state.maxAge ?? (cookie.persistent ? idle : null);
    this.#cookie = cookie.write(text, maxAge ?? undefined);
  }

  #clearCookie(): void {
    this.#cookie = this.#service.cookie.clear();
  }

  /** The response hook: the cookie, if there is anything to say. */
  writeHead(res: ServerResponse): void {
    if (this.#cookie !== undefined) res.appendHeader('Set-Cookie', this.#cookie);
    if (this.isRead && !res.hasHeader('cache-control')) res.setHeader('Cache-Control', 'private, no-store');
  }

  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    holdResponse(
      this.#res,
      () => this.commit(),
      (error) => this.#refuse(error),
    );
  }

  /** What was to be kept could not be: nobody is told that it was. */
  #refuse(error: unknown): void {
    this.#end();
    const { gate } = contextOf(this.#req);
    if (gate !== undefined) return gate.refuse(this.#req, this.#res, error);
    const status = error instanceof Refusal ? error.status : 500;
    for (const name of this.#res.getHeaderNames()) this.#res.removeHeader(name);
    this.#res.statusCode = status;
    this.#res.end(error instanceof Refusal ? error.code : 'ERR_INTERNAL');
  }

  #say(event: EventName, description: string, session: string): void {
    this.#service.emit({ event, level: 'INFO', practice: 'sessions', description, details: { session } }, this.#req);
  }

  #sayTossed(): void {
    this.#service.emit(
      {
        event: 'session_cookie_conflict',
        level: 'WARN',
        practice: 'sessions',
        description: 'the request has several session cookies that differ: none of them was used',
      },
      this.#req,
    );
  }

  #sayReplayed(id: string): void {
    this.#service.emit(
      {
        event: 'session_use_after_expire',
        level: 'WARN',
        practice: 'sessions',
        description: 'a session token was used after it had been replaced: somebody may have copied it',
        details: { session: id },
      },
      this.#req,
    );
  }
}

function authenticationOf({ authentication }: SessionState): { authentication?: Authentication } {
  return authentication === undefined ? {} : { authentication };
}
