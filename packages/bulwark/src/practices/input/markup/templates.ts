import { type EjsOptions, ejsEngine, type TemplateEngine } from './ejs-engine.ts';

/**
 * Template engines that escape.
 *
 * @example
 * app.engine('ejs', templates.ejs())
 * app.set('view engine', 'ejs')
 */
export const templates: {
  /** See {@link ejsEngine}. */
  ejs(options?: EjsOptions): TemplateEngine;
} = { ejs: (options) => ejsEngine(options) };
