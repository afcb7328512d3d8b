import { accountKey } from '../../src/practices/rate-limit/login-throttle/account.ts';
import { deviceOwner } from '../../src/practices/rate-limit/login-throttle/devices.ts';
import { type LoginThrottle, loginThrottle } from '../../src/practices/rate-limit/login-throttle/login-throttle.ts';
import type { LoginThrottleOptions } from '../../src/practices/rate-limit/login-throttle/options.ts';
import { memoryRecordStore } from '../../src/stores/memory-records.ts';
import type { NewRecord, RecordStore } from '../../src/stores/record-store.ts';
import { answerTo, callFrom } from './caller.ts';

/** A throttle on a clock of the test's. */
export function setUp(options: LoginThrottleOptions = {}): {
  throttle: LoginThrottle;
  clock: { now: number };
  store: RecordStore;
} {
  const clock = { now: 1_800_000_000_000 };
  const now = (): number => clock.now;
  const store = memoryRecordStore({ now });
  return { throttle: loginThrottle({ store, now, ...options }), clock, store };
}

/** A store on the network: each call is one atomic step, and its answer comes later. */
export function distant(store: RecordStore): RecordStore {
  const later = async <T>(work: () => T): Promise<Awaited<T>> => {
    await new Promise((resolve) => setImmediate(resolve));
    return await work();
  };
  return {
    get: (key) => later(() => store.get(key)),
    insert: (key: string, record: NewRecord) => later(() => store.insert(key, record)),
    replace: (key, version, record) => later(() => store.replace(key, version, record)),
    remove: (key) => later(() => store.remove(key)),
    list: (owner) => later(() => store.list(owner)),
  };
}

/** The n-th address, each in a network of its own. */
export const ip = (n: number): string => `198.${n >> 8}.${n & 255}.1`;

/** Attempts that are left to fail; how many of them were allowed. */
export async function fail(
  throttle: LoginThrottle,
  account: string,
  count: number,
  from = (n: number) => ip(n),
): Promise<number> {
  let allowed = 0;
  for (let n = 0; n < count; n++) if ((await throttle.begin(callFrom(from(n)), account)).allowed) allowed++;
  return allowed;
}

/** Logs in with the right password; the cookies that were set. */
export async function logIn(throttle: LoginThrottle, account: string, from: string, cookie = ''): Promise<string> {
  const attempt = await throttle.begin(callFrom(from, { cookie }), account);
  const { res, cookie: set } = answerTo();
  if (attempt.allowed) await attempt.succeeded(res);
  return set();
}

/** Whose the devices of an account are, in the store. */
export const ownerOf = (account: string): string => deviceOwner('login:login:', accountKey(account));
