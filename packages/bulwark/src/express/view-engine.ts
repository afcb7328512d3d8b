import type { TemplateEngine } from '../practices/input/index.ts';
import type { ExpressApp } from './internals.ts';

/**
 * Gives an app an engine for `.ejs`, in the place of the one that Express would load by itself. One that the app names
 * itself, before or after, is the app's own decision and stays.
 */
export function installViewEngine(app: ExpressApp, engine: TemplateEngine): void {
  if (!('.ejs' in app.engines)) app.engines['.ejs'] = engine;
}
