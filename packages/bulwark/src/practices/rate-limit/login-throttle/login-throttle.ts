import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ALONE } from '../../../context.ts';
import { Refusal } from '../../../errors.ts';
import type { Emit } from '../../../events.ts';
import { memoryRecordStore } from '../../../stores/memory-records.ts';
import type { RecordStore } from '../../../stores/record-store.ts';
import { type Duration, parseDuration } from '../../../units.ts';
import { clientOf } from '../../client/index.ts';
import { refuseInHandler } from '../in-handler.ts';
import { recordOf } from '../record.ts';
import { accountKey } from './account.ts';
import { type Judged, judge, type Rules } from './attempt.ts';
import { mostFailures } from './delay.ts';
import { addDevice, removeDevices, setDeviceCookie, tokenOf } from './devices.ts';
import { networksOf } from './networks.ts';
import { type LoginThrottleOptions, readOptions } from './options.ts';
import { type Seat, seatOf } from './outage.ts';
import { createPressure } from './pressure.ts';
import { takeBackIn } from './tally-store.ts';

/** What {@link LoginThrottle.guard} finds out a login with. */
export interface LoginCheck<User, Proof extends boolean | { readonly ok: boolean }> {
  /** What the user is looked up by, as it came: the login name or the mail address. */
  readonly account: unknown;
  /** Looks the user up; null or undefined where there is none. It changes nothing. */
  readonly find: () => User | null | undefined | Promise<User | null | undefined>;
  /**
   * Verifies the password, and hashes as long where there is no user. A throttled attempt is verified without a user, so
   * that it takes as long as any other and can find nothing out.
   */
  readonly verify: (user: User | undefined) => Proof | Promise<Proof>;
  /** `false` where a second factor follows: call {@link LoginThrottle.trust} after it. Default `true`. */
  readonly trust?: boolean;
}

/** A login that succeeded. */
export interface LoggedIn<User, Proof> {
  readonly user: User;
  /** What `verify` answered, such as `{ ok: true, rehash: true }`. */
  readonly proof: Proof;
}

/** An attempt that may go on. It has been counted as a failure, and stays one unless it is said to have succeeded. */
export interface AllowedAttempt {
  readonly allowed: true;
  /** The device has logged in to this account before. */
  readonly knownDevice: boolean;
  /**
   * Takes the attempt back. Given the response, it also makes the device known to the account: only after every factor, and
   * before the answer begins. A store that is out of reach does not make it fail.
   */
  succeeded(res?: ServerResponse): Promise<void>;
}

/** An attempt that is refused: no password is to be tried. */
export interface RefusedAttempt {
  readonly allowed: false;
  /** Milliseconds. */
  readonly retryAfter: number;
  /** What held it back: what this network did, or what others did to the account. Not for the client. */
  readonly by: 'network' | 'account';
  /** 429 `ERR_LOGIN_THROTTLED` with `Retry-After`, for `next()`. */
  readonly refusal: Refusal;
}

/** What {@link loginThrottle} makes. */
export interface LoginThrottle {
  /**
   * The whole of a login: throttle, look-up, password, and what follows from its result.
   *
   * @returns undefined where there is no such user or the password is wrong: one answer for both
   * @throws Refusal `ERR_LOGIN_THROTTLED`; and what `find` and `verify` throw, where the attempt stays counted
   */
  guard<User, Proof extends boolean | { readonly ok: boolean }>(
    req: IncomingMessage,
    res: ServerResponse,
    check: LoginCheck<User, Proof>,
  ): Promise<LoggedIn<User, Proof> | undefined>;
  /** Counts an attempt before the password is tried. For what does not fit into {@link LoginThrottle.guard}. */
  begin(req: IncomingMessage, account: unknown): Promise<AllowedAttempt | RefusedAttempt>;
  /** Makes this device known to the account: after a second factor, or a link from a mail that proves who it is. */
  trust(req: IncomingMessage, res: ServerResponse, account: unknown): Promise<void>;
  /** Forgets the devices of an account, at a change of its password. Rejects where the store is out of reach. */
  forgetDevices(req: IncomingMessage, account: unknown): Promise<number>;
  /**
   * The most wrong passwords that unknown devices can try on one account within a time, however many addresses they have:
   * `free + ⌈log2(longest / first)⌉ + time / longest` of `account`, and `limit + time × limit / window` of `reserve`.
   *
   * @example throttle.mostGuesses('1h') // 25
   */
  mostGuesses(time: Duration): number;
}

/**
 * Slows the guessing of passwords down, by account, by client network and over all, and locks nobody out.
 *
 * Delays grow with each failure, 1 s, 2 s, 4 s to 15 min, and shrink again by themselves. They are for devices that the
 * account does not know: a device that has logged in before has tries of its own, whatever others do, and so has a
 * network that has not guessed. An attempt counts as a failure before its password is tried, so parallel ones do not slip
 * through. Make it once, where the app is put together.
 *
 * @throws ConfigError for unknown or unusable settings, or if it is made while a request is handled
 * @see https://cwe.mitre.org/data/definitions/307.html, CWE-645, CWE-208; ASVS 5.0 6.1.1, 6.3.1
 * @example
 * const throttle = loginThrottle()
 * app.post('/login', async (req, res) => {
 *   const login = await throttle.guard(req, res, {
 *     account: req.body.email,
 *     find: () => users.byEmail(req.body.email),
 *     verify: (user) => verifyPassword(req.body.password, user?.passwordHash),
 *   })
 *   if (login === undefined) return res.status(401).send('wrong name or password')
 *   …
 * })
 */
export function loginThrottle(options: LoginThrottleOptions = {}): LoginThrottle {
  refuseInHandler('loginThrottle()');
  const resolved = readOptions(options);
  const prefix = `login:${resolved.name}:`;
  const counter = resolved.pressure === undefined ? undefined : createPressure(prefix, resolved.pressure);
  const rules: Rules = { ...resolved, prefix, counter };
  const marks = markMaker();
  const seats = new WeakMap<RecordStore, { readonly seat: Seat; readonly services: { emit: Emit } }>();
  let memory: RecordStore | undefined;
  const makeMemory = (): RecordStore => memoryRecordStore(options.now === undefined ? {} : { now: options.now });

  function placeOf(req: IncomingMessage): { seat: Seat; emit: Emit } {
    const { emit, stores } = recordOf(req).services ?? ALONE;
    let store = resolved.store ?? stores?.records;
    if (store === undefined) {
      memory ??= makeMemory();
      store = memory;
    }
    let known = seats.get(store);
    if (known === undefined) {
      const services = { emit };
      known = { services, seat: seatOf(store, services, { timeout: resolved.timeout, makeLocal: makeMemory }) };
      seats.set(store, known);
    }
    known.services.emit = emit;
    return { seat: known.seat, emit };
  }

  async function begin(req: IncomingMessage, account: unknown): Promise<AllowedAttempt | RefusedAttempt> {
    const { seat, emit } = placeOf(req);
    const who = accountKey(account);
    const networks = networksOf(clientOf(req).ip, resolved.ipv6Prefix);
    const token = resolved.devices === undefined ? undefined : tokenOf(req, who);
    const asked = { who, networks, token, now: resolved.now(), mark: marks() };
    const { judged, store } = await seat.run(async (used) => ({
      judged: await judge(used, rules, asked, emit),
      store: used,
    }));
    if (!judged.allowed) return refused(judged);
    let isTold = false;
    async function succeeded(res?: ServerResponse): Promise<void> {
      if (isTold || !judged.allowed) return;
      isTold = true;
      const now = resolved.now();
      await seat.only(store, (used) => Promise.all(judged.taken.map((one) => takeBackIn(used, one, now))));
      if (res === undefined || resolved.devices === undefined) return;
      if (judged.isKnown && token !== undefined) setDeviceCookie(res, who, token, resolved.devices.lifetime);
      else await makeKnown(seat, res, who);
    }
    return { allowed: true, knownDevice: judged.isKnown, succeeded };
  }

  async function makeKnown(seat: Seat, res: ServerResponse, who: string): Promise<void> {
    const { devices } = resolved;
    if (devices === undefined) return;
    const place = { prefix, who, now: resolved.now() };
    // A login does not fail for it: the device stays unknown where the store is out of reach.
    const token = await seat.only(seat.store, (store) => addDevice(store, place, devices));
    if (token !== undefined) setDeviceCookie(res, who, token, devices.lifetime);
  }

  return {
    begin,
    async guard(req, res, check) {
      const attempt = await begin(req, check.account);
      if (!attempt.allowed) {
        // What the sender's own network did says nothing of the account, and costs no work. For all else the same is done
        // as for a wrong password, so that the time says nothing; without a user, so that nothing can come of it.
        if (attempt.by === 'account') {
          await check.find();
          await check.verify(undefined);
        }
        throw attempt.refusal;
      }
      const user = (await check.find()) ?? undefined;
      const proof = await check.verify(user);
      if (user === undefined || !isProof(proof)) return undefined;
      await attempt.succeeded(check.trust === false ? undefined : res);
      return { user, proof };
    },
    async trust(req, res, account) {
      await makeKnown(placeOf(req).seat, res, accountKey(account));
    },
    async forgetDevices(req, account) {
      return removeDevices(placeOf(req).seat.store, prefix, accountKey(account));
    },
    mostGuesses(time) {
      const ms = parseDuration(time, 'mostGuesses()');
      const reserve = resolved.reserve === undefined ? 0 : mostFailures(resolved.reserve, ms);
      return Math.floor(mostFailures(resolved.account, ms) + reserve);
    },
  };
}

/** `true`, or an object whose `ok` is `true`: nothing else is a success, an answer that was forgotten least of all. */
function isProof(proof: unknown): boolean {
  return proof === true || (typeof proof === 'object' && proof !== null && (proof as { ok?: unknown }).ok === true);
}

function refused({ wait, by }: Extract<Judged, { allowed: false }>): RefusedAttempt {
  const seconds = String(Math.max(1, Math.ceil(wait / 1000)));
  const refusal = new Refusal('ERR_LOGIN_THROTTLED', {
    reason: 'too many logins failed, here or for this account',
    headers: { 'Retry-After': seconds },
  });
  return { allowed: false, retryAfter: wait, by, refusal };
}

function markMaker(): () => string {
  const process = randomBytes(6).toString('base64url');
  let number = 0;
  return () => `${process}${(number++).toString(36)}`;
}
