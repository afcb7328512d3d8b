import { EjsOptions } from './ejs-engine.ts';
import { TemplateEngine } from './ejs-engine.ts';
export declare const templates: {
    ejs(options?: EjsOptions): TemplateEngine;
};
