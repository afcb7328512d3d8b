import { Jwk } from './jwk.ts';
export interface JwkSet {
    readonly keys: readonly Jwk[];
}
