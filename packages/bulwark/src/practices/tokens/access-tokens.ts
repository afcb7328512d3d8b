import type { MaybePromise } from '../../stores/record-store.ts';
import { TokenError } from './jws/token-error.ts';
import type { OpenedToken, TokenReader } from './jwt/verify-token.ts';
import { OWN_SESSION } from './refresh/families.ts';
import type { RevocationKeys, Revocations } from './revocations.ts';
import type { KeyView } from './ring/key-ring.ts';
import type { TokenClaims } from './service.ts';
import { tokenId, type VerifiedTokens } from './verified-tokens.ts';

/** What access tokens are verified with. */
export interface AccessTokenParts {
  readonly reader: TokenReader;
  /** The keys, fresh enough afterwards. */
  readonly load: () => MaybePromise<void>;
  readonly current: () => KeyView;
  readonly lookAgain: () => Promise<boolean>;
  readonly revocations: Revocations;
  readonly isSessionAlive: ((sid: string) => MaybePromise<boolean>) | undefined;
  /** Undefined where each token is verified anew. */
  readonly cache: VerifiedTokens | undefined;
}

/** Verifies access tokens. */
export interface AccessTokens {
  /** Signature, claims, revocation, session. */
  verify(token: string): Promise<TokenClaims>;
  /** Signature and claims only. */
  verifySigned(token: string): Promise<TokenClaims>;
}

interface Accepted {
  readonly claims: TokenClaims;
  readonly revocations: RevocationKeys;
}

/**
 * Verifies access tokens, and the signature of each once, as long as the cache knows it. Type, issuer, audience, times, schema,
 * revocation and session are asked at each use: docs/decisions/0027-cache-of-verified-tokens.md.
 *
 * @example const claims = await accessTokens(parts).verify(token)
 */
export function accessTokens(parts: AccessTokenParts): AccessTokens {
  const { reader, load, current, lookAgain, revocations, isSessionAlive, cache } = parts;
  // With a schema the registered claims stand beside what it gave: see `VerifiedClaims`.
  const hold = reader.hold as (opened: OpenedToken) => MaybePromise<TokenClaims>;

  /** With the keys that it was opened with: those of the moment, which may be others when the store has answered. */
  function open(token: string): { readonly opened: OpenedToken; readonly keys: KeyView['verifying'] } {
    const { verifying } = current();
    return { opened: reader.open(token), keys: verifying };
  }

  async function openOrLookAgain(token: string): Promise<ReturnType<typeof open>> {
    try {
      return open(token);
    } catch (error) {
      const isUnknown = error instanceof TokenError && error.fault === 'kid-unknown';
      // Another process may have rotated; who makes up names of keys gets at most one look at the store in five seconds.
      if (!isUnknown || !(await lookAgain())) throw error;
      await load();
      return open(token);
    }
  }

  /** @param known - where to ask after it, if that is known */
  async function accept(opened: OpenedToken, known: RevocationKeys | undefined): Promise<Accepted> {
    const holding = hold(opened);
    const claims = holding instanceof Promise ? await holding : holding;
    // What a schema has made of the claims is asked after, and it may make something else of them each time.
    const keys = known !== undefined && claims === opened.claims ? known : keysOf(claims);
    const asking = revocations.isRevoked(keys);
    const { sid } = claims;
    const isBound = isSessionAlive !== undefined && sid !== undefined && !sid.startsWith(OWN_SESSION);
    const asked = isBound ? settled(isSessionAlive, sid) : true;
    const [isRevoked, isAlive] =
      asking instanceof Promise || asked instanceof Promise ? await Promise.all([asking, asked]) : [asking, asked];
    if (isRevoked) throw new TokenError('revoked');
    if (!isAlive) throw new TokenError('session-ended');
    return { claims, revocations: keys };
  }

  function keysOf({ jti, sid, sub, iat }: TokenClaims): RevocationKeys {
    return revocations.keysOf({ jti, sid, sub, issuedAt: iat === undefined ? undefined : iat * 1000 });
  }

  async function verify(token: string): Promise<TokenClaims> {
    const loading = load();
    if (loading !== undefined) await loading;
    if (cache === undefined || typeof token !== 'string') {
      const { opened } = await openOrLookAgain(token);
      return (await accept(opened, undefined)).claims;
    }
    const id = tokenId(token);
    const known = cache.get(id, current().verifying);
    if (known !== undefined) {
      try {
        return (await accept(known.opened, known.revocations)).claims;
      } catch (error) {
        // Expired, revoked, or its session has ended: it will not come back.
        if (error instanceof TokenError) cache.remove(id);
        throw error;
      }
    }
    const { opened, keys } = await openOrLookAgain(token);
    const accepted = await accept(opened, undefined);
    // Only now: what was refused for any reason is in no cache.
    cache.add(id, keys, { opened, revocations: accepted.revocations });
    return accepted.claims;
  }

  return {
    verify,
    async verifySigned(token) {
      await load();
      const { opened } = await openOrLookAgain(token);
      return hold(opened);
    },
  };
}

/** Never throws at once: another question is out already, and its failure needs somebody who waits for it. */
async function settled(isSessionAlive: (sid: string) => MaybePromise<boolean>, sid: string): Promise<boolean> {
  return isSessionAlive(sid);
}
