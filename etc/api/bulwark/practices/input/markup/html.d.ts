export { HtmlPreset } from './html-presets.ts';
export { TextTransform } from './string-schema.ts';
import { HtmlPreset } from './html-presets.ts';
import { TextTransform } from './string-schema.ts';
export interface HtmlOptions {
    readonly preset?: HtmlPreset;
    readonly max?: number;
    readonly depth?: number;
    readonly classes?: readonly string[];
    readonly idPrefix?: string;
    readonly dangerouslyAllowTags?: readonly string[];
    readonly dangerouslyAllowAttributes?: Readonly<Record<string, readonly string[]>>;
    readonly dangerouslyAllowSchemes?: readonly string[];
}
export declare function html(options?: HtmlOptions): TextTransform;
