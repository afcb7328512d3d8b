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
  readonly at: number;
  readonly except?: string;
}

const ATTEMPTS = 8;

/**
 * Keeps what was revoked in a record store, no longer than a token could still be valid.
 *
 * A session and a user are ended **up to a time**, so that they can have tokens again afterwards. Clocks of processes differ
 * and `iat` has seconds: what was issued within `tolerance` after it is refused too. ASVS 7.4.1, CWE-613.
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
    const { at, except } = JSON.parse(stored.value) as Revoked;
    if (kind === 'jti') return true;
    if (except !== undefined && except === marks.sid) return false;
    return marks.issuedAt === undefined || marks.issuedAt <= at + tolerance;
  }

  return {
    async add(kind, id, ttl, except) {
      const key = keyOf(kind, id);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const revoked: Revoked = { at: now(), ...(except === undefined ? {} : { except }) };
        const record = { value: JSON.stringify(revoked), ttl: Math.max(1, Math.ceil(ttl)), owner: key };
        if (await records.insert(key, record)) return;
        const stored = await records.get(key);
        if (stored === undefined) continue;
        if ((await records.replace(key, stored.version, record)).replaced) return;
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
