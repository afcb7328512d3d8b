import { badKey, type Jwk, membersOf, readVerifyKey, type VerifyKey } from './jwk.ts';
import { TokenError } from './token-error.ts';

/** A JSON Web Key Set (RFC 7517 5). */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

/** Keys that were judged: one, or several of one type with a `kid` each. */
export type VerifyKeys = readonly VerifyKey[];

const MOST_KEYS = 100;

interface Remembered {
  readonly text: string;
  readonly keys: VerifyKeys;
}

const KNOWN = new WeakMap<object, Remembered>();

/**
 * Judges a key or a set of keys, once: the same object is known again as long as it says the same.
 *
 * A set is refused where two keys have one `kid`, where several have none, and where types are mixed: what is public of one
 * key must never be the secret of another (RFC 8725 3.1). Keys for encryption (`use: "enc"`) are left out.
 *
 * @param field - where the keys are, for the error
 * @throws ConfigError `ERR_TOKEN_KEY`
 * @example readVerifyKeys({ keys: [first, second] }, 'keys').length // 2
 */
export function readVerifyKeys(given: Jwk | JwkSet | undefined, field: string): VerifyKeys {
  if (typeof given !== 'object' || given === null) return [readVerifyKey(given, field)];
  const text = JSON.stringify(given);
  const known = KNOWN.get(given);
  // Compared and not trusted: a key that was taken out of the set must not go on verifying.
  if (known?.text === text) return known.keys;
  const keys = Object.hasOwn(given, 'keys') ? readSet(given, field) : [readVerifyKey(given, field)];
  KNOWN.set(given, { text, keys });
  return keys;
}

function readSet(set: object, field: string): VerifyKeys {
  const { keys: given, kty } = membersOf(set, field);
  if (!Array.isArray(given) || kty !== undefined) {
    throw badKey(field, 'it is neither a JWK nor a set of them', 'give { keys: [ … ] }');
  }
  const list: readonly unknown[] = given;
  const fields = list.map((_, i) => `${field}.keys[${i}]`);
  if (list.length > MOST_KEYS)
    throw badKey(field, `it has more than ${MOST_KEYS} keys`, 'take out what is no longer used');
  const seen = new Set<unknown>();
  for (const [i, entry] of list.entries()) {
    const { kid } = membersOf(entry, fields[i] ?? field);
    if (kid !== undefined && seen.has(kid)) {
      throw badKey(fields[i] ?? field, 'another key of the set has its kid', 'give each key a kid of its own');
    }
    seen.add(kid);
  }
  const keys = list.flatMap((entry, i) => (isForEncryption(entry) ? [] : [readVerifyKey(entry, fields[i] ?? field)]));
  if (keys.length === 0) throw badKey(field, 'the set has no key for signatures', 'give at least one');
  if (new Set(keys.map(({ kty: type }) => type)).size > 1) {
    throw badKey(field, 'the set mixes types of keys', 'keep one type (kty) to a set');
  }
  if (keys.length > 1 && keys.some(({ kid }) => kid === undefined)) {
    throw badKey(field, 'a key of several has no kid', 'give each key a kid of its own');
  }
  return keys;
}

function isForEncryption(entry: unknown): boolean {
  return (entry as { readonly use?: unknown }).use === 'enc';
}

/**
 * The key that a token is to be verified with.
 *
 * @param kid - what the token's header says
 * @throws TokenError `kid-missing`, `kid-unknown`
 */
export function selectKey(keys: VerifyKeys, kid: string | undefined): VerifyKey {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    // Lets pass a token that names no key, or one where the key has no name. Direction: accepts. Reason: tokens and keys of
    // others have no kid, and there is nothing to choose. Mitigation: the signature must fit this very key all the same.
    if (kid === undefined || only.kid === undefined || kid === only.kid) return only;
    throw new TokenError('kid-unknown');
  }
  if (kid === undefined) throw new TokenError('kid-missing');
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) throw new TokenError('kid-unknown');
  return key;
}
