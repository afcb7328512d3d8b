import { createHmac, timingSafeEqual } from 'node:crypto';
import { Secret } from '../../secrets/secret.ts';
import { bare } from '../cookie.ts';

/** A longer value is not looked at: express-session's own have 80 characters. */
const LONGEST = 1024;

/**
 * Finds the session id in a cookie that express-session has signed: `s:<id>.<HMAC-SHA256 of the id, Base64>`, percent-encoded.
 *
 * What is not signed, not signed with one of the secrets, or longer than 1,024 characters is not there. Two cookies of the
 * name that are both signed and name different sessions are in doubt (a sibling host can set one): neither is taken.
 *
 * @param keys - the secrets, any of which may have signed
 * @example signedId('connect.sid=s%3Aabc.c2ln…', 'connect.sid', ['secret'])
 */
export function signedId(header: string | undefined, name: string, keys: readonly Buffer[]): string | undefined {
  if (header === undefined) return undefined;
  let found: string | undefined;
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at === -1 || bare(part.slice(0, at)) !== name) continue;
    const id = unsign(bare(part.slice(at + 1)), keys);
    if (id === undefined) continue;
    if (found !== undefined && found !== id) return undefined;
    found = id;
  }
  return found;
}

function unsign(sent: string, keys: readonly Buffer[]): string | undefined {
  if (sent.length > LONGEST) return undefined;
  const value = decode(sent.startsWith('"') && sent.endsWith('"') ? sent.slice(1, -1) : sent);
  if (value === undefined || !value.startsWith('s:')) return undefined;
  const dot = value.lastIndexOf('.');
  if (dot < 3) return undefined;
  const id = value.slice(2, dot);
  const given = Buffer.from(value.slice(dot + 1), 'utf8');
  let isSigned = false;
  for (const key of keys) {
    const expected = Buffer.from(
      createHmac('sha256', key).update(id, 'utf8').digest('base64').replace(/=+$/, ''),
      'utf8',
    );
    if (given.length === expected.length && timingSafeEqual(given, expected)) isSigned = true;
  }
  return isSigned ? id : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The bytes of a secret or a list of them; undefined where there is none, or one is empty. */
export function keysOf(secret: unknown): readonly Buffer[] | undefined {
  const list: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  const keys = list.map((one) =>
    Secret.is(one) ? one.bytes() : typeof one === 'string' ? Buffer.from(one, 'utf8') : undefined,
  );
  const usable = keys.filter((key) => key !== undefined && key.length > 0) as readonly Buffer[];
  return usable.length === keys.length && usable.length > 0 ? usable : undefined;
}
