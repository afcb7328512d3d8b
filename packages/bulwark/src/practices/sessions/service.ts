import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { contextOf, type Services } from '../../context.ts';
import { ConfigError, Refusal } from '../../errors.ts';
import type { EventInput } from '../../events.ts';
import { whenDone } from '../../stores/maybe-promise.ts';
import type { MaybePromise, RecordStore, StoredRecord } from '../../stores/record-store.ts';
import { parseDuration } from '../../units.ts';
import { type SessionCookie, sessionCookie } from './cookie.ts';
import { type PreviousSessions, previousSessions } from './express-session/previous.ts';
import { NOTICES } from './notices.ts';
import type { ResolvedSessionsOptions } from './options.ts';
import {
  decodeState,
  encodeState,
  type Presented,
  type ReadState,
  readState,
  type SessionState,
  userOf,
} from './state.ts';
import { isSame, type Token } from './token.ts';

/** A session as it was found. */
export interface Found {
  readonly id: string;
  readonly version: number;
  readonly state: SessionState;
  readonly values: ReadState['values'];
  readonly by: Presented;
}

/** A state as it is now in the store. */
export interface Kept {
  readonly version: number;
  readonly state: SessionState;
}

/** Writers of one session that meet at one time; each round at least one of them is done. */
const ROUNDS = 100;
/** What a session may hold: it is read with each request. */
const LARGEST = 64 * 1024;

/** How long a token that was handed out is waited for before another one is. */
const LOST = 60_000;

/** What is the same for all requests: the rules of life and death, and the store. */
export class SessionService {
  readonly store: RecordStore;
  readonly cookie: SessionCookie;
  readonly idle: number;
  readonly absolute: number;
  readonly rotate: number;
  readonly grace: number;
  /** Whether the session ends of which a replaced token comes back. */
  readonly #endsReplayed: boolean;
  readonly perUser: number;
  /** How long the browser keeps the cookie of a session of which the app says nothing else; null: until it is closed. */
  readonly maxAge: number | null;
  readonly now: () => number;
  /** How old `seenAt` may get before it is written again: a write for each request would cost more than it tells. */
  readonly seenEvery: number;
  /** Sessions of express-session that are to be taken over. */
  readonly previous: PreviousSessions | undefined;
  readonly #services: Services;
  #saidPlain = false;

  /** @throws ConfigError for times that contradict each other, and a cookie that browsers refuse */
  constructor(options: ResolvedSessionsOptions, store: RecordStore, services: Services) {
    this.cookie = sessionCookie(options.cookie, options.origins);
    this.idle = within(options.idle, 'idle', 60_000, 365 * DAY);
    this.absolute = within(options.absolute, 'absolute', 60_000, 365 * DAY);
    this.rotate = within(options.rotate, 'rotate', 60_000, 365 * DAY);
    this.grace = within(options.grace, 'grace', 0, 60_000);
    this.#endsReplayed = options.replay === 'end';
    this.perUser = options.perUser;
    this.maxAge = this.cookie.persistent ? this.idle : null;
    this.now = options.now;
    this.store = store;
    this.seenEvery = Math.min(60_000, this.idle / 10);
    this.previous = options.previous === undefined ? undefined : previousSessions(options.previous);
    this.#services = services;
    if (this.idle <= this.absolute) return;
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'sessions.idle',
      message: 'an idle time longer than the absolute one never comes about',
      fix: 'write a shorter idle or a longer absolute',
    });
  }

  keyOf(id: string): string {
    return `session:${id}`;
  }

  /** Stores take names of up to 512 bytes of well-formed text; passport may put any text into a session. */
  ownerOf(user: string): string {
    const isName = user.length <= 128 && user.isWellFormed();
    return isName ? `session:${user}` : `sessions:${hash('sha256', JSON.stringify(user), 'base64url')}`;
  }

  /** False for a request that cannot have one, whatever is in the store: nothing needs to be made for it. */
  mayHaveSession({ headers: { cookie } }: IncomingMessage): boolean {
    return this.previous !== undefined || cookie?.includes(this.cookie.name) === true;
  }

  /** What the record says of this token; undefined where it is no living session of it. */
  judge(token: Token, stored: StoredRecord): Found | undefined {
    const read = readState(stored.value);
    if (read === undefined || this.isOver(read.state)) return undefined;
    const { state, values } = read;
    const by = this.presented(token.digest, state);
    return by === undefined ? undefined : { id: token.id, version: stored.version, state, values, by };
  }

  /** Which of the session's tokens has this digest; undefined for none. */
  presented(digest: string, { secret, next, previous }: SessionState): Presented | undefined {
    if (isSame(secret, digest)) return 'current';
    if (next !== undefined && isSame(next.secret, digest)) return 'next';
    if (previous === undefined || !isSame(previous.secret, digest)) return undefined;
    return this.now() <= previous.until ? 'previous' : 'replayed';
  }

  isOver(state: SessionState): boolean {
    return this.ttlOf(state) <= 0;
  }

  isRotationDue({ rotatedAt, next, leftAt }: SessionState): boolean {
    const now = this.now();
    if (leftAt !== undefined || now - rotatedAt < this.rotate) return false;
    return next === undefined || now - next.since > LOST;
  }

  /** Milliseconds that it has left. */
  ttlOf({ seenAt, createdAt, maxAge, leftAt }: SessionState): number {
    const ends = Math.min(seenAt + (maxAge ?? this.idle), createdAt + this.absolute);
    return Math.ceil((leftAt === undefined ? ends : Math.min(ends, leftAt + this.grace)) - this.now());
  }

  /** @returns whether there was none under this id */
  insert(id: string, state: SessionState): MaybePromise<boolean> {
    return this.store.insert(this.keyOf(id), this.#recordOf(state));
  }

  /**
   * Writes what `change` makes of the state, on top of whatever others have written meanwhile. A session that has ended
   * stays ended: undefined then.
   *
   * What was left is not written to any more.
   *
   * @param change - what is to be written; undefined where nothing is any more
   * @throws Refusal `ERR_UNAVAILABLE` where too many write at once, or the store is out of reach
   */
  update(
    id: string,
    from: Kept,
    change: (state: SessionState) => SessionState | undefined,
    round = 0,
  ): MaybePromise<Kept | undefined> {
    const state = from.state.leftAt === undefined ? change(from.state) : undefined;
    if (state === undefined) return from;
    if (round >= ROUNDS) {
      throw new Refusal('ERR_UNAVAILABLE', {
        reason: 'this session is written to by too many requests at once',
        headers: { 'Retry-After': '1' },
      });
    }
    return whenDone(this.store.replace(this.keyOf(id), from.version, this.#recordOf(state)), (answer) => {
      if (answer.replaced) return { version: answer.version, state };
      const current = answer.current === undefined ? undefined : decodeState(answer.current.value);
      if (answer.current === undefined || current === undefined) return undefined;
      return this.update(id, { version: answer.current.version, state: current }, change, round + 1);
    });
  }

  /** The oldest sessions of a user end where there are more than he may have. */
  async makeRoom(user: string, newest: string): Promise<void> {
    const records = await this.store.list(this.ownerOf(user));
    if (records.length <= this.perUser) return;
    const others = records
      .filter(({ key }) => key !== this.keyOf(newest))
      .map(({ key, value }) => ({ key, seenAt: decodeState(value)?.seenAt ?? 0 }))
      .toSorted((a, b) => b.seenAt - a.seenAt);
    await Promise.all(others.slice(this.perUser - 1).map(async ({ key }) => this.store.remove(key)));
  }

  /**
   * Ends a session in favour of a new one. What was anonymous may be read for a moment, by requests that were under way;
   * what was somebody's ends at once.
   */
  async leave(id: string, from: Kept): Promise<void> {
    if (userOf(from.state) !== undefined || this.grace === 0) await this.remove(id);
    else await this.update(id, from, (state) => ({ ...state, leftAt: this.now() }));
  }

  /** A token has come that was replaced: told, and where the policy says so, the end of its session. */
  replayed(id: string, req: IncomingMessage): MaybePromise<void> {
    this.emit(NOTICES.replayed(id), req);
    if (!this.#endsReplayed) return;
    return whenDone(this.remove(id), () => this.emit(NOTICES.ended(id), req));
  }

  remove(id: string): MaybePromise<StoredRecord | undefined> {
    return this.store.remove(this.keyOf(id));
  }

  #recordOf(state: SessionState): { value: string; ttl: number; owner?: string } {
    const value = encodeState(state);
    if (Buffer.byteLength(value) > LARGEST) {
      const [key] = Object.entries(state.data).reduce((a, b) => (b[1].length > a[1].length ? b : a), ['', '']);
      throw new RangeError(
        `the session is larger than ${LARGEST} bytes, most of it in ${JSON.stringify(key)}: keep an id in it, and the rest in a database`,
      );
    }
    const user = userOf(state);
    return {
      value,
      ttl: Math.max(1, this.ttlOf(state)),
      // What was left is no device of anybody.
      ...(user === undefined || state.leftAt !== undefined ? {} : { owner: this.ownerOf(user) }),
    };
  }

  emit(event: EventInput, req?: IncomingMessage): void {
    const context = req === undefined ? undefined : contextOf(req);
    this.#services.emit({
      ...event,
      ...(context?.requestId === undefined ? {} : { requestId: context.requestId }),
      ...(context?.client === undefined ? {} : { sourceIp: context.client.ip }),
    });
  }

  /** Says once why nobody gets a session. */
  sayPlain(req: IncomingMessage): void {
    if (this.#saidPlain) return;
    this.#saidPlain = true;
    this.emit(NOTICES.withheld(), req);
  }
}

const DAY = 24 * 60 * 60 * 1000;

function within(value: number | string, name: string, min: number, max: number): number {
  const field = `sessions.${name}`;
  const ms = parseDuration(value, field);
  if (ms >= min && ms <= max) return ms;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field,
    message: `${String(value)} is out of range`,
    fix: `write a duration from ${min / 1000}s to ${max / 1000}s`,
  });
}
