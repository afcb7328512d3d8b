import { ConfigError } from '../errors.ts';
import type { TemplateEngine } from '../practices/input/index.ts';
import type { ExpressApp } from './internals.ts';

/**
 * Gives an app an engine for `.ejs`, in the place of the one that Express would load by itself. One that the app names
 * itself, before or after, is the app's own decision and stays.
 */
export function installViewEngine(app: ExpressApp, engine: TemplateEngine): void {
  if (!('.ejs' in app.engines)) app.engines['.ejs'] = engine;
}

/**
 * Older versions of EJS take delimiters and more from Express's `view options`, which reach them with a page's data. Nothing
 * here is read from data, so pages would come out wrong, and nobody be told.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` where the app sets them and its templates are rendered by the engine
 */
export function refuseViewOptions(app: ExpressApp, engine: TemplateEngine): void {
  const isUsed = app.get('view engine') === 'ejs' && app.engines['.ejs'] === engine;
  if (!isUsed || app.get('view options') === undefined) return;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: "app.set('view options')",
    message: 'they are not read: EJS takes its options from the policy, never from what comes with a page',
    fix: 'remove it and write them in the policy: input: { templates: { delimiter: … } }; input: { templates: false } leaves EJS as it is',
  });
}
