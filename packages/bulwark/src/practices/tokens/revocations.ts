import type { MaybePromise, StoredRecord } from '../../stores/record-store.ts';
import { type Records, unavailable } from './fail-closed.ts';
import { hashOf } from './hash.ts';

/** What tokens are ended by: one token, the tokens of a session, the tokens of a user. */
export type RevocationKind = 'jti' | 'sid' | 'sub';

/** What a token says of itself, as far as its end depends on it. */
export interface TokenMarks {
  readonly jti?: string | undefined;
  readonly sid?: string | undefined;
  readonly sub?: string | undefined;
  /** When it was issued, milliseconds since 1970; undefined where it does not say: then it is an old one. */
  readonly issuedAt: number | undefined;
}

/** What a token says of itself, and where in the store its revocations would be: made once for a token. */
export interface RevocationKeys {
  readonly marks: TokenMarks;
  readonly jti: string | undefined;
  readonly sid: string | undefined;
  readonly sub: string | undefined;
}

/** Tokens that have ended before their time. */
export interface Revocations {
  /**
   * Ends tokens that were issued until now.
   *
   * @param ttl - milliseconds until the last of them has expired by itself
   * @param except - a session whose tokens live on
   */
  add(kind: RevocationKind, id: string, ttl: number, except?: string): Promise<void>;
  /** Where to ask after a token. */
  keysOf(marks: TokenMarks): RevocationKeys;
  /**
   * Whether a token was ended: all questions go out at once, which is one round trip to a store that pipelines; at once where
   * the store answers at once.
   */
  isRevoked(keys: RevocationKeys): MaybePromise<boolean>;
}

interface Revoked {
  /** What was issued until then has ended; milliseconds since 1970. */
  readonly at: number;
  /** But not the tokens of this session, */
  readonly except?: string;
  /** unless they were issued until then: an earlier revocation did not except them. */
  readonly all?: number;
  /** When nothing can be left that it is about. */
  readonly until: number;
}

const ATTEMPTS = 8;

/**
 * Keeps what was revoked in a record store, no longer than a token could still be valid.
 *
 * A session and a user are ended **up to a time**, so that they can have tokens again afterwards. Clocks of processes differ
 * and `iat` has seconds: what was issued within `tolerance` after it is refused too. A later revocation never takes back a
 * part of an earlier one. ASVS 7.4.1, CWE-613.
 *
 * @example await revocations.add('sid', session.id, 900_000)
 */
export function createRevocations(records: Records, tolerance: number, now: () => number): Revocations {
  // The key is the owner too: a full memory store gives up records without an owner first, and a list has one entry.
  const keyOf = (kind: RevocationKind, id: string): string => `token-revoked:${kind}:${hashOf(id)}`;

  /** Never throws: of several questions that are out, none may fail without anybody who waits for it. */
  function ask(key: string | undefined): MaybePromise<StoredRecord | undefined> {
    if (key === undefined) return undefined;
    try {
      return records.get(key);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function hasEnded(marks: TokenMarks, jti?: StoredRecord, sid?: StoredRecord, sub?: StoredRecord): boolean {
    return jti !== undefined || isUpTo(sid, marks) || isUpTo(sub, marks);
  }

  function isUpTo(stored: StoredRecord | undefined, marks: TokenMarks): boolean {
    if (stored === undefined) return false;
    const { at, except, all } = JSON.parse(stored.value) as Revoked;
    const end = except !== undefined && except === marks.sid ? all : at;
    return end !== undefined && (marks.issuedAt === undefined || marks.issuedAt <= end + tolerance);
  }

  return {
    async add(kind, id, ttl, except) {
      const key = keyOf(kind, id);
      const recordOf = (revoked: Revoked): { value: string; ttl: number; owner: string } => ({
        value: JSON.stringify(revoked),
        ttl: Math.max(1, Math.ceil(revoked.until - now())),
        owner: key,
      });
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const at = now();
        const revoked: Revoked = { at, until: at + ttl, ...(except === undefined ? {} : { except }) };
        if (await records.insert(key, recordOf(revoked))) return;
        const stored = await records.get(key);
        if (stored === undefined) continue;
        const both = merged(JSON.parse(stored.value) as Revoked, revoked);
        if ((await records.replace(key, stored.version, recordOf(both))).replaced) return;
      }
      throw unavailable('the token could not be revoked');
    },
    keysOf(marks) {
      const { jti, sid, sub } = marks;
      return {
        marks,
        jti: jti === undefined ? undefined : keyOf('jti', jti),
        sid: sid === undefined ? undefined : keyOf('sid', sid),
        sub: sub === undefined ? undefined : keyOf('sub', sub),
      };
    },
    isRevoked(keys) {
      const { marks } = keys;
      const jti = ask(keys.jti);
      const sid = ask(keys.sid);
      const sub = ask(keys.sub);
      if (jti instanceof Promise || sid instanceof Promise || sub instanceof Promise) {
        return Promise.all([jti, sid, sub]).then((found) => hasEnded(marks, ...found));
      }
      return hasEnded(marks, jti, sid, sub);
    },
  };
}

/** What both end has ended. Clocks differ, so the later one may have the earlier time. */
function merged(old: Revoked, fresh: Revoked): Revoked {
  const times = { at: Math.max(old.at, fresh.at), until: Math.max(old.until, fresh.until) };
  if (fresh.except === undefined) return times;
  const all = old.except === fresh.except ? old.all : old.at;
  return { ...times, except: fresh.except, ...(all === undefined ? {} : { all }) };
}
