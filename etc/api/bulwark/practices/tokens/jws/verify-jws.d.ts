import { Jwk } from './jwk.ts';
import { JwkSet } from './key-set.ts';
import { JwsAlgorithm } from './algorithms.ts';
export interface VerifyJwsOptions {
    readonly algorithms: readonly JwsAlgorithm[];
    readonly maxLength?: number;
}
export declare function verifyJws(compact: string, keys: Jwk | JwkSet, options: VerifyJwsOptions): Promise<Uint8Array>;
