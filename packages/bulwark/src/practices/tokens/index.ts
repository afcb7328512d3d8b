import { ALONE, type Handler, type Middleware, type Services } from '../../context.ts';
import type { Identify } from '../access/index.ts';

/** Options of {@link tokens}. */
export interface TokensOptions {
  readonly issuer?: string;
}

/** Issues, refreshes and revokes tokens. */
export type TokenService = Readonly<Record<string, never>>;

/** The middleware of tokens, and what the gate needs of it beside. */
export interface TokensMiddleware extends Middleware {
  /** Answers with the public keys (JWKS). */
  readonly endpoint: Handler;
  /** Whom the bearer token of a request speaks for. */
  readonly identify: Identify;
  readonly service: TokenService;
}

/** Tokens. */
export function tokens(_options: TokensOptions = {}, _services: Services = ALONE): TokensMiddleware {
  throw new Error('not there yet');
}
