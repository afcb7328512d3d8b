import { hash } from 'node:crypto';
import type { JwkSet } from './jws/key-set.ts';
import type { OpenedToken } from './jwt/verify-token.ts';
import type { RevocationKeys } from './revocations.ts';

/** What is known of a token that was accepted before. Whether it still is, is asked each time. */
export interface KnownToken {
  readonly opened: OpenedToken;
  /** Where its revocations would be. */
  readonly revocations: RevocationKeys;
}

/** What a cache of tokens may hold. */
export interface CacheBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Milliseconds: what was not used for twice as long is given up. */
  readonly idle: number;
}

/** Tokens whose signatures were verified. */
export interface VerifiedTokens {
  /** What is known of this token, letter by letter, under these very keys. */
  get(id: string, keys: JwkSet): KnownToken | undefined;
  /** Keeps one that was accepted; not where the keys have changed since. */
  add(id: string, keys: JwkSet, token: KnownToken): void;
  remove(id: string): void;
  /** Entries and estimated bytes, for tests. */
  size(): { readonly entries: number; readonly bytes: number };
}

interface Generation {
  readonly tokens: Map<string, KnownToken>;
  bytes: number;
  readonly since: number;
}

/**
 * The name of a token in the cache: SHA-256 of its whole text. It is as long for a token of 8000 characters as for one of
 * 300, a dump of the memory shows no token by it, and how long a look-up takes tells nothing of the tokens that are there.
 */
export function tokenId(token: string): string {
  return hash('sha256', token, 'base64url');
}

/**
 * A bounded cache of tokens that were accepted, so that a signature is verified once.
 *
 * Two generations: the young one fills up and becomes the old one, whose entries move over when they are used and are
 * dropped together when they are not. So a hit costs no bookkeeping, and no timer runs. All entries end when the keys
 * change: a set of keys is known by its object, which is frozen. CWE-613, CWE-770.
 *
 * @example const known = cache.get(tokenId(token), keys)
 */
export function verifiedTokens({ maxEntries, maxBytes, idle }: CacheBounds, now: () => number): VerifiedTokens {
  const born = (): Generation => ({ tokens: new Map(), bytes: 0, since: now() });
  let keysOfAll: JwkSet | undefined;
  let young = born();
  let old = born();

  function hold(id: string, token: KnownToken): void {
    const bytes = weightOf(token);
    if (bytes > maxBytes / 2) return;
    const isFull = young.tokens.size >= Math.floor(maxEntries / 2) || young.bytes + bytes > maxBytes / 2;
    if (isFull || now() - young.since >= idle) {
      old = young;
      young = born();
    }
    young.tokens.set(id, token);
    young.bytes += bytes;
  }

  function drop(from: Generation, id: string): KnownToken | undefined {
    const token = from.tokens.get(id);
    if (token === undefined) return undefined;
    from.tokens.delete(id);
    from.bytes -= weightOf(token);
    return token;
  }

  return {
    get(id, keys) {
      if (keys !== keysOfAll) {
        keysOfAll = keys;
        young = born();
        old = born();
        return undefined;
      }
      const known = young.tokens.get(id);
      if (known !== undefined) return known;
      const older = drop(old, id);
      if (older !== undefined) hold(id, older);
      return older;
    },
    add(id, keys, token) {
      if (keys !== keysOfAll || young.tokens.has(id)) return;
      drop(old, id);
      hold(id, token);
    },
    remove(id) {
      drop(young, id);
      drop(old, id);
    },
    size: () => ({ entries: young.tokens.size + old.tokens.size, bytes: young.bytes + old.bytes }),
  };
}

/** The entry, its names and its place in a map, measured; the claims come on top. */
const ENTRY_BYTES = 700;

function weightOf({ opened }: KnownToken): number {
  return ENTRY_BYTES + opened.bytes;
}
