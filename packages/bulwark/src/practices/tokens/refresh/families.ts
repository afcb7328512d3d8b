import type { Emit } from '../../../events.ts';
import type { MaybePromise, StoredRecord } from '../../../stores/record-store.ts';
import { type Records, unavailable } from '../fail-closed.ts';
import { hashOf, isSameHash } from '../hash.ts';
import { TokenError } from '../jws/token-error.ts';
import type { ClaimsToIssue } from '../jwt/claims.ts';
import type { Revocations } from '../revocations.ts';
import { CLOCK_TOLERANCE } from '../tolerance.ts';
import { keyOfFamily, randomPart, readRefreshToken, successorOf, writeRefreshToken } from './refresh-token.ts';

/** How long refresh tokens live. Milliseconds. */
export interface RefreshRules {
  /** A token that is not used for so long has ended. */
  readonly idle: number;
  /** All tokens of a family end then, however often they were renewed. */
  readonly absolute: number;
  /** So long after it was used a token is answered with the same successor once more. */
  readonly grace: number;
}

/** What the families of refresh tokens are made of. */
export interface FamilyParts {
  readonly records: Records;
  readonly rules: RefreshRules;
  readonly revocations: Revocations;
  /** Ends the access tokens of a session. */
  readonly endAccess: (sid: string) => Promise<void>;
  /** Undefined where there are no sessions. */
  readonly isSessionAlive: ((sid: string) => MaybePromise<boolean>) | undefined;
  /** What the next access token says; undefined ends the family. */
  readonly renew: (claims: ClaimsToIssue) => MaybePromise<ClaimsToIssue | undefined>;
  readonly emit: Emit;
  readonly now: () => number;
}

/** Tokens that came out of one login, each out of the one before. */
export interface Families {
  /** Begins a family; its first refresh token. */
  begin(claims: ClaimsToIssue & { readonly sid: string }): Promise<string>;
  /**
   * Takes a refresh token and gives the next one with what `issue` made.
   *
   * @throws TokenError where it is refused: then the client must log in again
   */
  renew<T>(
    token: string,
    issue: (claims: ClaimsToIssue) => Promise<T>,
  ): Promise<{ readonly token: string; readonly issued: T }>;
  /** Ends the family of a token, whether it was used or not; false if there is none. */
  end(token: string): Promise<boolean>;
}

interface Family {
  readonly claims: ClaimsToIssue & { readonly sid: string };
  readonly createdAt: number;
  readonly endsAt: number;
  /** Of the token that is to be used next. */
  readonly hash: string;
  /** Of the one before, and what its successor was made with. */
  readonly used?: { readonly hash: string; readonly salt: string; readonly at: number };
}

/** Sessions that this practice made itself, for tokens that belong to no other. */
export const OWN_SESSION = 'token-';

const ATTEMPTS = 8;

/**
 * Refresh tokens that are used once (RFC 9700 4.14.2, ASVS 10.4.5, CWE-613).
 *
 * Each use is one compare-and-swap in the store: of parallel requests with one token one makes the successor, and the
 * others, within the grace, are given the same. A token that was used before that ends the family, and the access tokens
 * that came out of it: either the thief or the owner has shown it twice, and nobody can tell which.
 */
export function createFamilies(parts: FamilyParts): Families {
  const { records, rules, revocations, isSessionAlive, emit, now } = parts;

  const recordOf = (family: Family): { value: string; ttl: number; owner: string } => ({
    value: JSON.stringify(family),
    ttl: Math.max(1, Math.min(rules.idle, family.endsAt - now())),
    owner: `token-user:${hashOf(family.claims.sub)}`,
  });

  /** Refuses a token of a session that has ended, and ends the family with it. */
  async function requireAlive({ claims: { sid, sub }, createdAt, endsAt }: Family, key: string): Promise<void> {
    const isOwn = sid.startsWith(OWN_SESSION);
    const [isRevoked, isAlive] = await Promise.all([
      revocations.isRevoked(revocations.keysOf({ sid, sub, issuedAt: createdAt })),
      isOwn || isSessionAlive === undefined || isSessionAlive(sid),
    ]);
    if (!isRevoked && isAlive && now() < endsAt) return;
    await records.remove(key);
    throw new TokenError(isRevoked ? 'revoked' : isAlive ? 'expired' : 'session-ended');
  }

  async function endByReuse({ claims }: Family, key: string): Promise<never> {
    const removed = await records.remove(key);
    // Whoever removed it does the rest, once; and the refusal is the same for all.
    if (removed !== undefined) {
      // Told first: a store that fails now must not keep a theft quiet.
      emit({
        event: 'authn_token_reuse',
        level: 'CRITICAL',
        practice: 'tokens',
        description: 'a refresh token was used a second time: its family has ended, the user has to log in again',
        details: { user: claims.sub, endsWith: claims.sid },
      });
      await parts.endAccess(claims.sid);
    }
    throw new TokenError('refresh-reused');
  }

  /** The salt of the token that was used last, where it is that one and its grace is not over. */
  function saltInGrace({ used }: Family, hash: string): string | undefined {
    if (used === undefined || !isSameHash(used.hash, hash)) return undefined;
    const age = now() - used.at;
    // Another process, whose clock may be ahead, may have written the time.
    return rules.grace > 0 && age < rules.grace && age > -CLOCK_TOLERANCE ? used.salt : undefined;
  }

  return {
    async begin(claims) {
      const family = randomPart();
      const turn = randomPart();
      const at = now();
      const record = recordOf({ claims, createdAt: at, endsAt: at + rules.absolute, hash: hashOf(turn) });
      // 256 random bits are there already never, unless the randomness is broken: then no token is better than one of two.
      if (!(await records.insert(keyOfFamily(family), record))) throw unavailable('a token could not be made');
      return writeRefreshToken({ family, turn });
    },
    async renew(token, issue) {
      const read = readRefreshToken(token);
      if (read === undefined) throw new TokenError('refresh-malformed');
      const { family: name, turn } = read;
      const key = keyOfFamily(name);
      const hash = hashOf(turn);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const stored = await records.get(key);
        if (stored === undefined) throw new TokenError('refresh-unknown');
        const family = familyOf(stored);
        const isNext = isSameHash(family.hash, hash);
        const oldSalt = isNext ? undefined : saltInGrace(family, hash);
        if (!isNext && oldSalt === undefined) return endByReuse(family, key);
        await requireAlive(family, key);
        const claims = await renewed(family.claims);
        if (claims === undefined) {
          await records.remove(key);
          throw new TokenError('revoked');
        }
        const issued = await issue(claims);
        if (oldSalt !== undefined) {
          return { token: writeRefreshToken({ family: name, turn: successorOf(turn, oldSalt) }), issued };
        }
        const salt = randomPart();
        const next = successorOf(turn, salt);
        const changed: Family = { ...family, claims, hash: hashOf(next), used: { hash, salt, at: now() } };
        const { replaced } = await records.replace(key, stored.version, recordOf(changed));
        // Otherwise somebody was faster, with this token or with its end: look again.
        if (replaced) return { token: writeRefreshToken({ family: name, turn: next }), issued };
      }
      throw unavailable('the token is in use by too many requests');
    },
    async end(token) {
      const read = readRefreshToken(token);
      if (read === undefined) return false;
      const removed = await records.remove(keyOfFamily(read.family));
      if (removed === undefined) return false;
      await parts.endAccess(familyOf(removed).claims.sid);
      return true;
    },
  };

  async function renewed(claims: Family['claims']): Promise<Family['claims'] | undefined> {
    const next = await parts.renew(claims);
    // Whose it is and where it ends does not change.
    return next === undefined || next === null ? undefined : { ...next, sub: claims.sub, sid: claims.sid };
  }
}

function familyOf({ value }: StoredRecord): Family {
  return JSON.parse(value) as Family;
}
