import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Next } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { isPromise } from '../../stores/breaker.ts';
import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import type { Identity } from '../access/index.ts';
import { SessionAnswer } from './answer.ts';
import { changesOf, type Loaded } from './changes.ts';
import { describeDevice } from './device.ts';
import { holdResponse } from './hold-response.ts';
import { Lookup, unavailable } from './lookup.ts';
import { NOTICES } from './notices.ts';
import type { LogInOptions } from './requests.ts';
import { type Found, type SessionService, whenDone } from './service.ts';
import { CookieView, dataOf, replaceData, Session } from './session.ts';
import { type Authentication, identityFrom, type SessionState } from './state.ts';
import { makeToken, type Token } from './token.ts';
import { authenticated, begun, elevated, handedOut, isRotationDue, promoted } from './transitions.ts';

type Live = Omit<Found, 'by'> & { readonly by: 'current' | 'next' | 'previous' };

/** The session of one request, from its cookie to the answer. */
export class SessionHandle {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #lookup: Lookup;
  readonly #answer: SessionAnswer;
  #token: Token | undefined;
  #live: Live | undefined;
  #session: Session | undefined;
  /** What the session held when it was last read or written: what differs from it was changed here. */
  #loaded: Loaded;
  /** The session that is to be, for a visitor who has none. */
  #coming: Token | undefined;
  #failure: Refusal | undefined;
  #isEnded = false;
  #isHeld = false;
  /** Ended by `req.session = null`: removed with the answer. */
  #leaving: Live | undefined;
  /** Somebody was told whose session it is: what the answer says may depend on it. */
  #isKnown = false;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
    this.#lookup = new Lookup(service, req);
    this.#answer = new SessionAnswer(service, req, res);
    this.#token = this.#lookup.token;
    this.#loaded = { data: {}, maxAge: service.maxAge };
  }

  /** Sends for the record, and does not wait. */
  send(): void {
    this.#lookup.send();
  }

  /** Waits for the record and judges it. A store that is out of reach fails only those who need a session. */
  settle(next: Next): void {
    this.#lookup.sayConflict();
    const fail = (error: unknown): void => {
      this.#failure = unavailable(error);
    };
    const token = this.#token;
    if (token === undefined) {
      const coming = this.#takeOver();
      if (coming === undefined) next();
      else void coming.catch(fail).then(() => next());
      return;
    }
    try {
      const done = whenDone(this.#lookup.answer(token), (stored) => this.#take(token, stored));
      if (isPromise(done)) void done.catch(fail).then(() => next());
      else next();
    } catch (error) {
      fail(error);
      next();
    }
  }

  /** The session that the request's old cookie names, in a new one; undefined where there is nothing to wait for. */
  #takeOver(): Promise<void> | undefined {
    const { previous, cookie, store, now } = this.#service;
    const { cookie: header, 'user-agent': agent } = this.#req.headers;
    if (previous === undefined || cookie.read(header) !== undefined) return undefined;
    const id = previous.find(this.#req);
    if (id === undefined || this.#answer.cannotSetCookie()) return undefined;
    return previous
      .take(id, store, async (data) => {
        const token = makeToken();
        const state = { ...begun(token.digest, now(), describeDevice(agent)), data };
        await this.#begin(token, state);
        this.#loaded = this.#readOf(state);
        this.#service.emit(NOTICES.takenOver(token.id), this.#req);
      })
      .then(() => this.#answer.clearOld(previous.clear));
  }

  #take(token: Token, stored: StoredRecord | undefined): MaybePromise<void> {
    const found = stored === undefined ? undefined : this.#service.judge(token, stored);
    if (found === undefined) return;
    if (found.by === 'replayed') return this.#service.emit(NOTICES.replayed(found.id), this.#req);
    const live: Live = { ...found, by: found.by };
    this.#live = live;
    this.#loaded = this.#readOf(live.state);
    if (live.by === 'next') return this.#promote(live);
    if (live.by === 'current' && this.#isRotationDue(live.state)) return this.#rotate(live);
    this.#keepSeen(live);
  }

  /** The replaced token has come back: from now on the one before it ends. */
  #promote(live: Live): MaybePromise<void> {
    const { now, grace } = this.#service;
    const digest = this.#token?.digest ?? '';
    const done = this.#change(live, (state) => promoted(state, digest, now(), now() + grace));
    return whenDone(done, () => {
      if (this.#live?.state.secret === digest) this.#live = { ...this.#live, by: 'current' };
    });
  }

  #isRotationDue(state: SessionState): boolean {
    return isRotationDue(state, this.#service.now(), this.#service.rotate);
  }

  /** Hands out a new token. The old one is good until the new one comes back: the answer with it may be lost. */
  #rotate(live: Live): MaybePromise<void> {
    if (this.#answer.cannotSetCookie()) return;
    const { now } = this.#service;
    const token = makeToken(live.id);
    const done = this.#change(live, (state) =>
      this.#isRotationDue(state) ? handedOut(state, token.digest, now()) : undefined,
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
    if (!this.#answer.cannotSetCookie()) this.#renewCookie();
  }

  /** Writes to the record; the session of this request is then as it was written, or has ended. */
  #change(from: Live, change: (state: SessionState) => SessionState | undefined): MaybePromise<void> {
    return whenDone(this.#service.update(from.id, from, change), (kept) => {
      // Another one may have taken its place meanwhile: a login while the time of the old one was written.
      if (this.#live?.id !== from.id) return;
      if (kept === undefined) this.#end();
      // Answers may overtake each other: what is known stays the newest.
      else if (kept.version > this.#live.version) this.#live = { ...this.#live, ...kept };
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

  #readOf({ data, maxAge = this.#service.maxAge }: SessionState): Loaded {
    return { data, maxAge };
  }

  #view(): Session {
    return new Session(this, new CookieView(this.#loaded.maxAge, this.#service.cookie), this.#loaded.data);
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
      this.#answer.clear();
      this.#leaving = live;
      return;
    }
    if (value === session) return;
    replaceData(session, value);
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
    const data = this.#live === undefined || this.#isEnded ? {} : this.#live.state.data;
    const identity = identityFrom(authentication, data);
    this.#isKnown ||= identity !== undefined;
    return identity;
  }

  /** Writes what was changed, once; what is left of a session that has ended is not written. */
  commit(): MaybePromise<void> {
    const leaving = this.#leaving;
    if (leaving !== undefined) {
      this.#leaving = undefined;
      return whenDone(this.#service.remove(leaving.id), () => undefined);
    }
    const session = this.#session;
    const live = this.#live;
    if (session === undefined || live?.state.leftAt !== undefined) return;
    const changes = changesOf(session, this.#loaded, this.#service.now());
    if (changes === undefined) return;
    // While it is written the response is held, and looks as if its head were out.
    const canRenew = !this.#answer.cannotSetCookie();
    const done = live === undefined ? this.#create(changes.apply) : this.#change(live, changes.apply);
    return whenDone(done, () => {
      // What others have written meanwhile is not this request's to take away.
      this.#loaded = changes.written;
      if (canRenew) this.#renewCookie();
    });
  }

  /** What the browser keeps beyond its own life lives as long as the session does. */
  #renewCookie(): void {
    if (this.#loaded.maxAge === null || this.#token === undefined || this.#live?.by !== 'current') return;
    if (!this.#answer.hasCookie) this.#setCookie(this.#token.text);
  }

  #create(change: (state: SessionState) => SessionState): MaybePromise<void> {
    if (this.#answer.cannotSetCookie()) return;
    const { now } = this.#service;
    const token = this.#coming ?? makeToken();
    return this.#begin(token, change(begun(token.digest, now(), describeDevice(this.#req.headers['user-agent']))));
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
    const removed = live === undefined ? undefined : await this.#service.remove(live.id);
    // Only now: a browser that has lost the token could not try again to end a session that the store would not end.
    this.#answer.clear();
    if (live !== undefined && removed !== undefined) this.#service.emit(NOTICES.ended(live.id), this.#req);
  }

  async regenerate(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    this.#forget();
    this.#coming = makeToken();
    if (this.#session !== undefined || live !== undefined) this.#session = this.#view();
    this.#hold();
    if (live !== undefined) await this.#orEnd(() => this.#service.remove(live.id));
  }

  /** What fails half-way leaves the request without a session: nobody goes on in the old one, or in half a new one. */
  async #orEnd(work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async reload(): Promise<void> {
    const live = this.#live;
    const stored = live === undefined ? undefined : await this.#service.store.get(this.#service.keyOf(live.id));
    const found =
      stored === undefined || this.#token === undefined ? undefined : this.#service.judge(this.#token, stored);
    if (found === undefined || found.by === 'replayed') throw new Error('failed to load session');
    this.#live = { ...found, by: found.by };
    this.#loaded = this.#readOf(found.state);
    this.#session = this.#view();
  }

  /** A new session for a user who has proven who he is; the one before ends. */
  async logIn(
    user: { readonly id: string; readonly roles?: readonly string[] },
    { factor = 'password', device, keep = [] }: LogInOptions,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#answer.requireHead();
    if (this.#answer.cannotSetCookie()) return;
    const { now } = this.#service;
    const before = this.#live;
    const data = this.#session === undefined ? this.#loaded.data : dataOf(this.#session);
    const token = makeToken();
    const at = now();
    this.#forget();
    const kept = Object.fromEntries(Object.entries(data).filter(([key]) => keep.includes(key)));
    const state = {
      ...begun(token.digest, at, device ?? describeDevice(this.#req.headers['user-agent'])),
      data: kept,
      authentication: authenticated(user, factor, at),
    };
    await this.#orEnd(async () => {
      await this.#begin(token, state);
      this.#loaded = this.#readOf(state);
      if (this.#session !== undefined) this.#session = this.#view();
      if (before !== undefined) await this.#service.leave(before);
      await this.#service.makeRoom(user.id, token.id);
    });
    this.#service.emit(NOTICES.created(token.id), this.#req);
  }

  /** What the session may do has changed: a new token, and the one before sees what it saw. */
  async reauthenticate(change: (authentication: Authentication, now: number) => Authentication): Promise<void> {
    const live = this.#live;
    if (this.authentication === undefined || live === undefined || live.by === 'previous') {
      throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'nobody is logged in' });
    }
    this.#answer.requireHead();
    const { now, grace } = this.#service;
    const token = makeToken(live.id);
    const tokens = { presented: this.#token?.digest ?? live.state.secret, secret: token.digest };
    await this.#change(live, (state) => elevated(state, tokens, now(), now() + grace, change));
    if (this.#live?.state.secret !== token.digest)
      throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'the session has ended' });
    this.#token = token;
    this.#setCookie(token.text);
    this.#service.emit(NOTICES.renewed(live.id), this.#req);
  }

  /** From here on the request has no session, and writes none. */
  #end(): void {
    this.#forget();
    this.#session = undefined;
    this.#isEnded = true;
    this.#answer.drop();
  }

  #forget(): void {
    this.#live = undefined;
    this.#loaded = { data: {}, maxAge: this.#service.maxAge };
    this.#coming = undefined;
    this.#isEnded = false;
  }

  #setCookie(text: string): void {
    // Not `??`: null is an age too, "as long as the browser is open".
    const { maxAge } = this.#session === undefined ? this.#loaded : { maxAge: this.#session.cookie.originalMaxAge };
    this.#answer.set(text, maxAge);
  }

  /** The response hook. Once something looked at the session, the answer is for its user alone. */
  writeHead(): void {
    this.#answer.writeHead(this.#session !== undefined || this.#isEnded || this.#isKnown);
  }

  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    holdResponse(
      this.#res,
      () => this.commit(),
      (error) => {
        this.#end();
        this.#answer.refuse(error);
      },
    );
  }
}
