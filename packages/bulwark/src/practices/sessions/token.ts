import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

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

/** Reads a token; undefined for what is none, so that nothing is looked up for it. */
export function readToken(text: string): Token | undefined {
  if (!FORM.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return { id: bytes.toString('base64url', 0, ID_BYTES), digest: digestOf(bytes.subarray(ID_BYTES)), text };
}

/** A plain hash is enough for 256 random bits: there is nothing to guess that a slow one would protect. */
function digestOf(secret: Buffer): string {
  return hash('sha256', secret, 'base64url');
}

/** Compares two digests in constant time. */
export function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
