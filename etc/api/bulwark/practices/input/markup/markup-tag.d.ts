import { SafeHtml } from './safe-html.ts';
export declare function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): SafeHtml;
