import { Jwk } from './jwk.ts';
import { JwsAlgorithm } from './algorithms.ts';
export declare function generateTokenKey(algorithm?: JwsAlgorithm): Promise<Jwk>;
export declare function thumbprintOf(jwk: Jwk): string;
