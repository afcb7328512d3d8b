export declare const ALGORITHMS: readonly ['EdDSA', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'HS256', 'HS384', 'HS512'];
export type JwsAlgorithm = (typeof ALGORITHMS)[number];
