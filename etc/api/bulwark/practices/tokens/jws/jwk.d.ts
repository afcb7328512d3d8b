export interface Jwk {
    readonly kty: string;
    readonly kid?: string;
    readonly alg?: string;
    readonly use?: string;
    readonly key_ops?: readonly string[];
    readonly [member: string]: unknown;
}
