import { Refusal } from '../../../errors.ts';
import { escapeText } from './escape.ts';
import { type HtmlOptions, type HtmlPreset, html, type TextTransform } from './html.ts';
import { markSafe, type SafeHtml } from './safe-html.ts';

const byPreset = new Map<HtmlPreset, TextTransform>();
const byOptions = new WeakMap<HtmlOptions, TextTransform>();

/**
 * Sanitises HTML that people wrote, as {@link html} does, and lets what is left be written into the page.
 *
 * Sanitise when it comes in (`validate()` with `html()`) **and** here: what is in the database may be older than the rule.
 *
 * @param dirty - HTML of any origin; null and undefined are nothing
 * @param options - `'inline'`, `'basic'` or `'rich'` (default), or the options of `html()`: one object for all calls, since
 *   a sanitiser is made for each
 * HTML that is too long or too deep is shown as text: one stored note must not keep a whole page from being rendered.
 *
 * @throws TypeError for what is no text; ConfigError for options that `html()` does not take
 * @see ASVS 5.0 1.3.1, CWE-79
 * @example <article><%- sanitized(note.body, 'basic') %></article>
 */
export function sanitized(dirty: string | null | undefined, options: HtmlPreset | HtmlOptions = 'rich'): SafeHtml {
  if (dirty === null || dirty === undefined) return markSafe('', 'sanitized');
  if (typeof dirty !== 'string') throw new TypeError('sanitized() takes text');
  const sanitise =
    typeof options === 'string' ? made(byPreset, options, { preset: options }) : made(byOptions, options, options);
  try {
    return markSafe(sanitise(dirty), 'sanitized');
  } catch (error) {
    if (error instanceof Refusal) return markSafe(escapeText(dirty), 'sanitized');
    throw error;
  }
}

interface Cache<Key> {
  get(key: Key): TextTransform | undefined;
  set(key: Key, value: TextTransform): unknown;
}

/** What html() refuses is never kept, so no more presets are kept than there are. */
function made<Key>(cache: Cache<Key>, key: Key, options: HtmlOptions): TextTransform {
  let sanitise = cache.get(key);
  if (sanitise === undefined) {
    sanitise = html(options);
    cache.set(key, sanitise);
  }
  return sanitise;
}
