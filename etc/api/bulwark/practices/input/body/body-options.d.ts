import { ByteSize } from '../../../units.ts';
export interface JsonOptions {
    readonly limit?: ByteSize;
    readonly types?: readonly string[];
    readonly depth?: number;
    readonly keys?: number;
    readonly duplicates?: 'refuse' | 'last';
    readonly numbers?: 'any' | 'exact';
}
export interface UrlencodedOptions {
    readonly limit?: ByteSize;
    readonly parameterLimit?: number;
}
export interface TextBodyOptions {
    readonly limit?: ByteSize;
    readonly types?: readonly string[];
}
export interface RawOptions {
    readonly limit?: ByteSize;
    readonly types?: readonly string[];
}
export interface StreamOptions {
    readonly limit?: ByteSize;
}
