export interface EjsOptions {
    readonly cache?: boolean;
    readonly delimiter?: string;
    readonly openDelimiter?: string;
    readonly closeDelimiter?: string;
    readonly rmWhitespace?: boolean;
    readonly root?: string | readonly string[];
    readonly ejs?: unknown;
}
export type TemplateEngine = (this: unknown, path: string, options: object, done: (error: unknown, html?: string) => void) => void;
