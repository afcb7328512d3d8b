import { hash, randomBytes } from 'node:crypto';

const ID_BYTES = 16;
const SECRET_BYTES = 32;
/** 48 bytes: no padding, and no spare bits that a second spelling could use. */
const FORM = /^[A-Za-z0-9_-]{64}$/;

/** What a session cookie says. */
export interface Token {
  /** Names the session: no secret. 22 characters of base64url. */
  readonly id: string;
  /** SHA-256 of the secret: what is kept of it. */
  readonly digest: string;
  /** The whole token, which only the cookie holds. */
  readonly text: string;
}

/**
 * Makes a token: the session's id, and 256 bits that nobody can guess. The id stays when the secret is replaced.
 *
 * @param id - that of the session whose token is replaced; a new one where it is left out
 * @see ASVS 5.0 7.2.3, 11.5.1, CWE-330
 */
export function makeToken(id?: string): Token {
  const idBytes = id === undefined ? randomBytes(ID_BYTES) : Buffer.from(id, 'base64url');
  const secret = randomBytes(SECRET_BYTES);
  const text = Buffer.concat([idBytes, secret]).toString('base64url');
  return { id: idBytes.toString('base64url'), digest: digestOf(secret), text };
}

/** Where tokens are decoded, one after the other: a buffer for each would cost more than the decoding. */
const BYTES = Buffer.alloc(ID_BYTES + SECRET_BYTES);
const SECRET = BYTES.subarray(ID_BYTES);
/** 21 characters of an id are those of the token; its last has two bits of it, and the rest of that character is zero. */
const ID_CHARACTERS = 21;
const ID_LAST = 'AQgw';

/** Reads a token; undefined for what is none, so that nothing is looked up for it. */
export function readToken(text: string): Token | undefined {
  if (!FORM.test(text)) return undefined;
  BYTES.write(text, 'base64url');
  const last = ID_LAST.charAt((BYTES[ID_BYTES - 1] ?? 0) & 3);
  return { id: text.slice(0, ID_CHARACTERS) + last, digest: digestOf(SECRET), text };
}

/** A plain hash is enough for 256 random bits: there is nothing to guess that a slow one would protect. */
function digestOf(secret: Buffer): string {
  return hash('sha256', secret, 'base64url');
}

/** Compares two digests in constant time: each character is looked at, whatever the ones before it were. */
export function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
