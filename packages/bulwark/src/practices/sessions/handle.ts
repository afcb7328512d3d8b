import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Next } from '../../context.ts';
import { Refusal } from '../../errors.ts';
import { isPromise, whenDone } from '../../stores/maybe-promise.ts';
import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import type { Identity } from '../access/index.ts';
import { AnswerCookie } from './answer-cookie.ts';
import { changesOf, type Loaded } from './changes.ts';
import { describeDevice } from './device.ts';
import { type Keeper, refuseAnswer } from './hold-response.ts';
import { asKept, type Live, liveOf } from './live.ts';
import { NOTICES } from './notices.ts';
import { Presented, unavailable } from './presented.ts';
import type { LogInOptions } from './requests.ts';
import type { SessionService } from './service.ts';
import { CookieView, dataOf, replaceData, Session } from './session.ts';
import { type Authentication, identityOf, type SessionState } from './state.ts';
import { makeToken, type Token } from './token.ts';
import { begun, elevated, handedOut, loggedIn, promoted } from './transitions.ts';

/** The session of one request, from its cookie to the answer. */
export class SessionHandle implements Keeper {
  readonly #service: SessionService;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #presented: Presented;
  /** The token that the session has now: the one that was presented, or one that took its place. */
  #token: Token | undefined;
  #live: Live | undefined;
  #session: Session | undefined;
  /** What the session held when it was last read or written: what differs from it was changed here. */
  #loaded: Loaded;
  /** The session that is to be, for a visitor who has none. */
  #coming: Token | undefined;
  #failure: Refusal | undefined;
  /** Counts the sessions that this request has had: what was begun for an earlier one is not taken up. */
  #era = 0;
  #isEnded = false;
  /** Ended by `req.session = null`: removed with the answer. */
  #leaving: Live | undefined;
  /** Somebody was told whose session it is: what the answer says may depend on it. */
  #isKnown = false;
  readonly #cookie: AnswerCookie;
  #isSettled = false;
  /** What is being written: one thing after another, so that one request makes one session. */
  #writing: Promise<void> | undefined;

  constructor(service: SessionService, req: IncomingMessage, res: ServerResponse) {
    this.#service = service;
    this.#req = req;
    this.#res = res;
    this.#loaded = { data: {}, maxAge: service.maxAge };
    this.#cookie = new AnswerCookie(service, req, res);
    this.#presented = new Presented(service, req.headers.cookie);
    this.#token = this.#presented.token;
  }

  send(): void {
    this.#presented.send();
  }

  /** Waits for the record and judges it. A store that is out of reach fails only those who need a session. */
  settle(next: Next): void {
    if (this.#isSettled) return next();
    this.#isSettled = true;
    if (this.#presented.isConflict) this.#service.emit(NOTICES.conflict(), this.#req);
    const fail = (error: unknown): void => {
      this.#failure = unavailable(error);
    };
    const token = this.#token;
    let done: Promise<void> | undefined;
    try {
      const taken =
        token === undefined
          ? this.#takeOver()
          : whenDone(this.#presented.read(), (stored) => this.#take(token, stored));
      if (isPromise(taken)) done = taken.catch(fail);
    } catch (error) {
      fail(error);
    }
    if (done === undefined) next();
    else void done.then(() => next());
  }

  /** The session that the request's old cookie names, in a new one; undefined where there is nothing to wait for. */
  #takeOver(): Promise<void> | undefined {
    const { previous, cookie, store, now } = this.#service;
    const { cookie: header, 'user-agent': agent } = this.#req.headers;
    if (previous === undefined || cookie.read(header) !== undefined) return undefined;
    const id = previous.find(this.#req);
    if (id === undefined || !this.#cookie.canBeSet()) return undefined;
    return previous
      .take(id, store, async (data) => {
        const token = makeToken();
        const state = { ...begun(token.digest, now(), describeDevice(agent)), data };
        await this.#begin(token, state);
        this.#loaded = this.#readOf(state);
        this.#service.emit(NOTICES.takenOver(token.id), this.#req);
      })
      .then(() => this.#cookie.add(previous.clear));
  }

  #take(token: Token, stored: StoredRecord | undefined): MaybePromise<void> {
    const found = stored === undefined ? undefined : this.#service.judge(token, stored);
    if (found === undefined) return;
    if (found.by === 'replayed') return this.#service.replayed(found.id, this.#req);
    const live = liveOf(found, found.by);
    this.#live = live;
    this.#loaded = this.#readOf(live.state, found.values);
    if (live.by === 'next') return this.#promote(live);
    if (live.by === 'current' && this.#service.isRotationDue(live.state)) return this.#rotate(live);
    this.#keepSeen(live);
  }

  /** The token that was handed out has come back: from now on the one before it ends. */
  #promote(live: Live): MaybePromise<void> {
    const { now, grace } = this.#service;
    const digest = this.#token?.digest ?? '';
    return this.#change(live, (state) => promoted(state, digest, now(), now() + grace));
  }

  /** Hands out a new token. The old one is good until the new one comes back: the answer with it may be lost. */
  #rotate(live: Live): MaybePromise<void> {
    if (!this.#cookie.canBeSet()) return;
    const { now } = this.#service;
    const token = makeToken(live.id);
    const done = this.#change(live, (state) =>
      this.#service.isRotationDue(state) ? handedOut(state, token.digest, now()) : undefined,
    );
    return whenDone(done, () => {
      if (this.#live?.state.next?.secret === token.digest) this.#cookie.offer(token.text, this.#maxAge);
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
    this.#renewCookie(this.#loaded.maxAge);
  }

  /** Writes to the record; the session of this request is then as it was written, or has ended. */
  #change(from: Live, change: (state: SessionState) => SessionState | undefined): MaybePromise<void> {
    return whenDone(this.#service.update(from.id, from, change), (kept) => {
      // Another one may have taken its place meanwhile: a login while the time of the old one was written.
      if (this.#live?.id !== from.id) return;
      if (kept === undefined) this.#end();
      // Answers may overtake each other: what is known stays the newest.
      else if (kept.version > this.#live.version) {
        this.#live = asKept(this.#live, kept, this.#service.presented(this.#token?.digest ?? '', kept.state));
      }
    });
  }

  /** @throws what the store failed with: whoever needs a session is refused then */
  open(): Session | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isEnded) return undefined;
    this.#session ??= this.#view();
    return this.#session;
  }

  #readOf({ data, maxAge = this.#service.maxAge }: SessionState, values?: Loaded['values']): Loaded {
    return { data, values, maxAge };
  }

  #view(): Session {
    return new Session(this, new CookieView(this.#loaded.maxAge, this.#service.cookie), this.#loaded);
  }

  /** True once something looked at the session: then the answer is for its user alone. */
  get #isRead(): boolean {
    return this.#session !== undefined || this.#isEnded || this.#isKnown;
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
      this.#cookie.clear();
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
    return live.sees;
  }

  get identity(): Identity | undefined {
    const { authentication } = this;
    const live = this.#isEnded ? undefined : this.#live;
    const identity = live === undefined ? undefined : identityOf(live.state, authentication);
    this.#isKnown ||= identity !== undefined;
    return identity;
  }

  /** Writes what was changed, once; what is left of a session that has ended is not written. */
  commit(): MaybePromise<void> {
    if (this.#writing !== undefined) return this.#writing.then(() => this.commit());
    const done = this.#write();
    if (!isPromise(done)) return;
    const over = (): void => {
      this.#writing = undefined;
    };
    this.#writing = done.then(over, over);
    return done;
  }

  #write(): MaybePromise<void> {
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
    // Before it is written: while it is, nothing can be set. If the session has ended, the cookie goes with it.
    if (live !== undefined) this.#renewCookie(changes.written.maxAge);
    const done = live === undefined ? this.#create(changes.apply) : this.#change(live, changes.apply);
    const era = this.#era;
    return whenDone(done, () => {
      // What others have written meanwhile is not this request's to take away.
      if (era === this.#era) this.#loaded = changes.written;
    });
  }

  /** What the browser keeps beyond its own life lives as long as the session does. */
  #renewCookie(maxAge: number | null): void {
    if (maxAge === null || this.#token === undefined || this.#live?.by !== 'current') return;
    if (!this.#cookie.isSet && this.#cookie.canBeSet()) this.#cookie.offer(this.#token.text, maxAge);
  }

  #create(change: (state: SessionState) => SessionState): MaybePromise<void> {
    if (!this.#cookie.canBeSet()) return;
    const { now } = this.#service;
    const token = this.#coming ?? makeToken();
    return this.#begin(token, change(begun(token.digest, now(), describeDevice(this.#req.headers['user-agent']))));
  }

  #begin(token: Token, state: SessionState): MaybePromise<void> {
    const era = this.#era;
    return whenDone(this.#service.insert(token.id, state), (isNew) => {
      if (!isNew) throw new Error('two sessions have one id');
      if (era !== this.#era) return whenDone(this.#service.remove(token.id), () => undefined);
      this.#coming = undefined;
      // The version is the store's to say: the first write finds it out.
      this.#live = liveOf({ id: token.id, version: 0, state }, 'current');
      this.#token = token;
      this.#cookie.set(token.text, this.#maxAge);
    });
  }

  async destroy(): Promise<void> {
    // Unknown whether there is one to end: whoever logs out is not told that he has.
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    this.#end();
    const era = this.#era;
    const removed = live === undefined ? undefined : await this.#service.remove(live.id);
    // Only now: a browser that has lost the token could not try again to end a session that the store would not end.
    if (era === this.#era) this.#cookie.clear();
    if (live !== undefined && removed !== undefined) this.#service.emit(NOTICES.ended(live.id), this.#req);
  }

  async regenerate(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const live = this.#live;
    this.#forget();
    this.#coming = makeToken();
    if (this.#session !== undefined || live !== undefined) this.#session = this.#view();
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
    this.#live = liveOf(found, found.by);
    this.#loaded = this.#readOf(found.state, found.values);
    this.#session = this.#view();
  }

  /** A new session for a user who has proven who he is; the one before ends. */
  async logIn(
    user: { readonly id: string; readonly roles?: readonly string[] },
    { factor = 'password', device, keep = [] }: LogInOptions,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#cookie.require();
    const before = this.#live;
    const data = this.#session === undefined ? this.#loaded.data : dataOf(this.#session);
    const token = makeToken();
    const label = device ?? describeDevice(this.#req.headers['user-agent']);
    const state = {
      ...loggedIn(begun(token.digest, this.#service.now(), label), user, factor),
      data: Object.fromEntries(Object.entries(data).filter(([key]) => keep.includes(key))),
    };
    this.#forget();
    await this.#orEnd(async () => {
      await this.#begin(token, state);
      this.#loaded = this.#readOf(state);
      if (this.#session !== undefined) this.#session = this.#view();
      if (before !== undefined) await this.#service.leave(before.id, before);
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
    this.#cookie.require();
    const { now, grace } = this.#service;
    const token = makeToken(live.id);
    const tokens = { presented: this.#token?.digest ?? live.state.secret, secret: token.digest };
    await this.#change(live, (state) => elevated(state, tokens, now(), now() + grace, change));
    if (this.#live?.state.secret !== token.digest)
      throw new Refusal('ERR_AUTHENTICATION_REQUIRED', { reason: 'the session has ended' });
    this.#token = token;
    this.#live = liveOf(this.#live, 'current');
    this.#cookie.set(token.text, this.#maxAge);
    this.#service.emit(NOTICES.renewed(live.id), this.#req);
  }

  /** From here on the request has no session, and writes none. */
  #end(): void {
    this.#forget();
    this.#session = undefined;
    this.#isEnded = true;
    this.#cookie.forget();
  }

  #forget(): void {
    this.#era++;
    this.#live = undefined;
    this.#loaded = { data: {}, maxAge: this.#service.maxAge };
    this.#coming = undefined;
    this.#isEnded = false;
  }

  get #maxAge(): number | null {
    return this.#session === undefined ? this.#loaded.maxAge : this.#session.cookie.originalMaxAge;
  }

  /** The response hook. */
  writeHead(res: ServerResponse): void {
    this.#cookie.writeTo(res, this.#isRead);
  }

  /** What was to be kept could not be: nobody is told that it was. */
  refuse(error: unknown): void {
    this.#end();
    refuseAnswer(this.#req, this.#res, error, (notice) => this.#service.emit(notice, this.#req));
  }
}
