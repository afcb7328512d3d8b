import type { JsonObject } from '../jws/json-object.ts';
import { TokenError } from '../jws/token-error.ts';
import { isText } from './claims.ts';

/** What the claims are held to. Times are seconds. */
export interface ClaimRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly tolerance: number;
  readonly maxLifetime: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Holds verified claims to the rules (RFC 7519 4.1, RFC 9068 4). Issuer and audience come before the times, so that
 * only who holds a token of ours learns that it has expired.
 *
 * @throws TokenError
 */
export function checkClaims(claims: JsonObject, rules: ClaimRules): void {
  if (claims.iss !== rules.issuer) throw new TokenError('issuer');
  if (!isForUs(claims.aud, rules.audience)) throw new TokenError('audience');
  for (const name of ['sub', 'jti', 'sid']) {
    if (claims[name] !== undefined && !isText(claims[name])) throw new TokenError('subject');
  }
  checkTimes(claims, rules);
}

function isForUs(aud: unknown, expected: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.every(isText) && named.some((name) => expected.includes(name));
}

function checkTimes({ exp, nbf, iat }: JsonObject, { tolerance, maxLifetime, now }: ClaimRules): void {
  const time = now() / 1000;
  if (!isTime(exp)) throw new TokenError('expiry');
  if (iat !== undefined && (!isTime(iat) || iat > time + tolerance)) throw new TokenError('issued-at');
  if (nbf !== undefined && (!isTime(nbf) || nbf > time + tolerance)) throw new TokenError('not-yet');
  // Written so that a clock that says nothing (NaN) refuses.
  if (!(time < exp + tolerance)) throw new TokenError('expired');
  if (!(exp - (iat ?? time) <= maxLifetime)) throw new TokenError('lifetime');
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
