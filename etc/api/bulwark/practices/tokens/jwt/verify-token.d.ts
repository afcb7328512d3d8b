import { Duration } from '../../../units.ts';
import { Jwk } from '../jws/jwk.ts';
import { JwkSet } from '../jws/key-set.ts';
import { JwsAlgorithm } from '../jws/algorithms.ts';
import { RegisteredClaims } from './claims.ts';
import { StandardSchemaV1 } from '@standard-schema/spec';
export type AnyClaims = StandardSchemaV1<unknown, Readonly<Record<string, unknown>>>;
export interface VerifyTokenOptions<Schema extends StandardSchemaV1 = AnyClaims> {
    readonly keys: Jwk | JwkSet | (() => Jwk | JwkSet);
    readonly issuer: string;
    readonly audience: string | readonly string[];
    readonly typ?: string;
    readonly schema?: Schema;
    readonly algorithms?: readonly JwsAlgorithm[];
    readonly clockTolerance?: Duration;
    readonly maxLifetime?: Duration;
    readonly now?: () => number;
}
export type VerifiedClaims<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema> & Omit<RegisteredClaims, NamedKeys<StandardSchemaV1.InferOutput<Schema>>>;
type NamedKeys<T> = string extends keyof T ? never : keyof T;
export type TokenVerifier<Schema extends StandardSchemaV1> = (token: string) => Promise<VerifiedClaims<Schema>>;
export declare function verifyToken<Schema extends StandardSchemaV1 = AnyClaims>(token: string, options: VerifyTokenOptions<Schema>): Promise<VerifiedClaims<Schema>>;
export declare function tokenVerifier<Schema extends StandardSchemaV1 = AnyClaims>(options: VerifyTokenOptions<Schema>): TokenVerifier<Schema>;
