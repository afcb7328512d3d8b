import { SafeHtml } from './safe-html.ts';
export declare function json(value: unknown): SafeHtml;
