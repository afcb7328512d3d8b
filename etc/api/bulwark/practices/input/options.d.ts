import { ByteSize } from '../../units.ts';
export interface InputOptions {
    readonly methods?: readonly string[];
    readonly json?: JsonOptions | false;
    readonly urlencoded?: UrlencodedOptions | false;
    readonly inflate?: boolean;
}
export interface JsonOptions {
    readonly limit?: ByteSize;
    readonly types?: readonly string[];
    readonly depth?: number;
    readonly keys?: number;
}
export interface UrlencodedOptions {
    readonly limit?: ByteSize;
    readonly parameterLimit?: number;
}
