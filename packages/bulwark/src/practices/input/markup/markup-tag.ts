import { DocumentPlace, type Place } from './place.ts';
import { markSafe, type SafeHtml } from './safe-html.ts';
import { escapeAt, safeAt, textOf, withinList } from './write.ts';

/** The places of each template's values: a template is one object for as long as the program runs. */
const known = new WeakMap<TemplateStringsArray, readonly Place[]>();

/**
 * Markup with values in it, for apps without a template engine: each value is escaped for the place where it stands.
 *
 * Values that are safe already (other `markup`, `sanitized()`, `json()`) are written as they are, lists of values one after
 * another, null, undefined and false not at all. An address at the beginning of `href`, `src` and the like that would run as
 * a script is replaced by an empty page.
 *
 * @throws TypeError if it is called as a function: then its text would not be the program's own
 * @see ASVS 5.0 1.2.1, CWE-79
 * @example res.type('html').send(String(markup`<ul>${names.map((name) => markup`<li>${name}</li>`)}</ul>`))
 */
export function markup(strings: TemplateStringsArray, ...values: readonly unknown[]): SafeHtml {
  const places = known.get(strings) ?? placesOf(strings);
  let html = strings[0] ?? '';
  for (const [i, value] of values.entries()) {
    html += write(places[i] as Place, value) + (strings[i + 1] ?? '');
  }
  return markSafe(html, 'markup');
}

function write(place: Place, value: unknown): string {
  if (value === false) return escapeAt(place, '');
  const safe = safeAt(place, value);
  if (safe !== undefined) return safe;
  if (Array.isArray(value)) {
    const within = withinList(place);
    return (value as unknown[]).map((item) => write(within, item)).join('') || escapeAt(place, '');
  }
  return escapeAt(place, textOf(value));
}

function placesOf(strings: TemplateStringsArray): readonly Place[] {
  // The engine freezes a template's strings; a list out of a request is neither frozen nor has it a raw form.
  const isTemplate = Array.isArray(strings) && Array.isArray(strings.raw) && Object.isFrozen(strings);
  if (!isTemplate || (strings as readonly unknown[]).includes(undefined)) {
    throw new TypeError(
      'markup is a template tag. Fix: write markup`…`, without parentheses, with escapes that JavaScript has',
    );
  }
  const place = new DocumentPlace();
  const places = strings.slice(0, -1).map((literal) => {
    place.read(literal);
    return place.value();
  });
  known.set(strings, places);
  return places;
}
