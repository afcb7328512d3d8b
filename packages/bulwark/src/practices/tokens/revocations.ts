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

/** Tokens that have ended before their time. */
export interface Revocations {
  /**
   * Ends tokens that were issued until now.
   *
   * @param ttl - milliseconds until the last of them has expired by itself
   * @param except - a session whose tokens live on
   */
  add(kind: RevocationKind, id: string, ttl: number, except?: string): Promise<void>;
  /** Whether a token was ended: all questions go out at once, which is one round trip to a store that pipelines. */
  isRevoked(marks: TokenMarks): Promise<boolean>;
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

  async function isEnded(kind: RevocationKind, id: string | undefined, marks: TokenMarks): Promise<boolean> {
    if (id === undefined) return false;
    const stored = await records.get(keyOf(kind, id));
    if (stored === undefined) return false;
    if (kind === 'jti') return true;
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
    async isRevoked(marks) {
      const { jti, sid, sub } = marks;
      const answers = [isEnded('jti', jti, marks), isEnded('sid', sid, marks), isEnded('sub', sub, marks)];
      return (await Promise.all(answers)).includes(true);
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
