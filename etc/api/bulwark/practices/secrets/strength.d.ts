export declare function estimateBits(value: string): number;
