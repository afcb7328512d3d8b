import { Jwk } from './jwk.ts';
export declare function publicJwkOf(jwk: Jwk): Jwk;
