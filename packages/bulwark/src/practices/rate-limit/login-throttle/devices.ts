import { hash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RecordStore, StoredRecord } from '../../../stores/record-store.ts';
import { CLEAN, encode } from './delay.ts';
import { tallyOf } from './tally-store.ts';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The name of the cookie that makes a browser known to one account; each account of a browser has its own. */
function cookieName(who: string): string {
  // Hashed once more: what a browser holds is no key of the store.
  return `__Host-device-${hash('sha256', who, 'base64url').slice(0, 10)}`;
}

/** The token that a browser holds for this account; undefined where it holds none of the right form. */
export function tokenOf(req: IncomingMessage, who: string): string | undefined {
  const wanted = `${cookieName(who)}=`;
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const text = pair.trim();
    if (!text.startsWith(wanted)) continue;
    const token = text.slice(wanted.length);
    return TOKEN.test(token) ? token : undefined;
  }
  return undefined;
}

/** Where a device is kept. The account is part of what is hashed: a token is worth nothing at another account. */
export function deviceKey(prefix: string, who: string, token: string): string {
  return `${prefix}d:${hash('sha256', `${who}|${token}`, 'base64url')}`;
}

/** Whose the devices are, for {@link RecordStore.list}. */
export function deviceOwner(prefix: string, who: string): string {
  return `${prefix}a:${who}`;
}

/** Says in the answer what makes this browser known. It never leaves HTTPS and no script reads it. */
export function setDeviceCookie(res: ServerResponse, who: string, token: string, lifetime: number): void {
  const age = Math.floor(lifetime / 1000);
  const cookie = `${cookieName(who)}=${token}; Max-Age=${age}; Path=/; HttpOnly; Secure; SameSite=Lax`;
  res.appendHeader('Set-Cookie', cookie);
}

/**
 * Makes a device known to an account, under a token of 256 bits that is kept as its hash only. The devices that were not
 * used for the longest time make room.
 *
 * A token that the browser brought along is never taken over: whoever planted it would know it.
 *
 * @returns the token
 */
export async function addDevice(
  store: RecordStore,
  place: { readonly prefix: string; readonly who: string; readonly now: number },
  devices: { readonly limit: number; readonly lifetime: number },
): Promise<string> {
  const { prefix, who, now } = place;
  const owner = deviceOwner(prefix, who);
  const known = [...(await store.list(owner))].sort((a, b) => lastUse(b) - lastUse(a));
  for (const { key } of known.slice(devices.limit - 1)) await store.remove(key);
  const token = randomBytes(32).toString('base64url');
  const value = encode({ ...CLEAN, at: now });
  await store.insert(deviceKey(prefix, who, token), { value, ttl: devices.lifetime, owner });
  return token;
}

/** Forgets all devices of an account; how many there were. */
export async function removeDevices(store: RecordStore, prefix: string, who: string): Promise<number> {
  const known = await store.list(deviceOwner(prefix, who));
  const removed = await Promise.all(known.map(async ({ key }) => store.remove(key)));
  return removed.filter((record) => record !== undefined).length;
}

function lastUse(record: StoredRecord): number {
  return tallyOf(record).at;
}
