import { TextTransform } from './string-schema.ts';
export interface TextOptions {
    readonly lines?: 'one' | 'many';
    readonly max?: number;
    readonly trim?: boolean;
}
export declare function text(options?: TextOptions): TextTransform;
