import { Refusal } from '../../../errors.ts';

/**
 * Why a token was refused: precise, and for the log only. Who forges tokens learns nothing of it.
 *
 * - `not-compact`, `too-large`, `encoding`, `header`, `payload`: it cannot be read as what it should be
 * - `duplicate-member`: the JSON of header or payload names something twice
 * - `header-key`: the header brings or points to a key (`jwk`, `jku`, `x5c`, `x5u`); `critical`: `crit` or `b64`
 * - `algorithm`: not one that is allowed here, or not the one of the key; `none` among them
 * - `kid-missing`, `kid-unknown`: which key it is for is not said, or is none of ours
 * - `signature`: it does not verify
 * - `typ`, `issuer`, `audience`, `subject`, `expiry`, `expired`, `not-yet`, `issued-at`, `lifetime`, `schema`: the claims
 * - `revoked`: it was valid, and has been ended; `session-ended`: with the session that it belongs to
 * - `refresh-malformed`, `refresh-unknown`, `refresh-reused`: a refresh token; the last one ended its family
 * - `api-key-malformed`, `api-key-unknown`: an API key
 */
export type TokenFault =
  | 'algorithm'
  | 'api-key-malformed'
  | 'api-key-unknown'
  | 'audience'
  | 'critical'
  | 'duplicate-member'
  | 'encoding'
  | 'expired'
  | 'expiry'
  | 'header'
  | 'header-key'
  | 'issued-at'
  | 'issuer'
  | 'kid-missing'
  | 'kid-unknown'
  | 'lifetime'
  | 'not-compact'
  | 'not-yet'
  | 'payload'
  | 'refresh-malformed'
  | 'refresh-reused'
  | 'refresh-unknown'
  | 'revoked'
  | 'schema'
  | 'session-ended'
  | 'signature'
  | 'subject'
  | 'too-large'
  | 'typ';

/** Said of a token whose signature is good: an honest client then asks for a new one. */
const EXPIRED = 'the token has expired';
const REFUSED = 'the token is not accepted';

/**
 * A token was refused: 401 `ERR_TOKEN_INVALID` with `WWW-Authenticate: Bearer error="invalid_token"` (RFC 6750 3.1).
 *
 * It is a `Refusal`: thrown in a handler or passed to `next()` it becomes that answer. In public it says no more than
 * whether the token had expired.
 *
 * @example
 * try { await verifyToken(token, options) }
 * catch (error) { if (error instanceof TokenError) log.info({ fault: error.fault }, 'token refused') }
 */
export class TokenError extends Refusal {
  /** For the log. */
  readonly fault: TokenFault;
  /** Paths of the claims that the schema did not like, and why, without their values; for the log. */
  readonly details: Readonly<Record<string, string>>;

  constructor(fault: TokenFault, details: Readonly<Record<string, string>> = {}) {
    const reason = fault === 'expired' ? EXPIRED : REFUSED;
    super('ERR_TOKEN_INVALID', {
      reason,
      headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${reason}"` },
    });
    this.fault = fault;
    this.details = details;
  }
}
