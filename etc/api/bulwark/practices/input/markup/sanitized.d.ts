import { HtmlOptions } from './html.ts';
import { HtmlPreset } from './html.ts';
import { SafeHtml } from './safe-html.ts';
export declare function sanitized(dirty: string | null | undefined, options?: HtmlPreset | HtmlOptions): SafeHtml;
