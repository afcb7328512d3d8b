import type { ResolvedHtmlOptions } from './html.ts';
import { type AllowedMarkup, URL_ATTRIBUTES } from './html-presets.ts';

/** Attributes by name. */
export type Attributes = Record<string, string>;

const REL = 'noopener noreferrer nofollow';
const ENUMERATED: Readonly<Record<string, readonly string[]>> = {
  dir: ['ltr', 'rtl', 'auto'],
  loading: ['lazy', 'eager'],
  scope: ['row', 'col', 'rowgroup', 'colgroup'],
  target: ['_blank'],
  type: ['1', 'a', 'A', 'i', 'I'],
};
const NUMERIC: ReadonlySet<string> = new Set(['colspan', 'height', 'rowspan', 'span', 'start', 'value', 'width']);
const BOOLEAN: ReadonlySet<string> = new Set(['open', 'reversed']);

/** Stands for the site itself: what is still there after an address was read lies within the site. */
const HERE = 'https://own.invalid/';
const HERE_HOST = 'own.invalid';

/**
 * Makes the function that says which attributes of an element stay, and with what value.
 *
 * @example attributesOf(options, PRESETS.rich, {})('a', { href: 'javascript:x', onclick: 'x' }) // {}
 */
export function attributesOf(
  {
    classes,
    idPrefix,
    dangerouslyAllowSchemes,
  }: Pick<ResolvedHtmlOptions, 'classes' | 'dangerouslyAllowSchemes' | 'idPrefix'>,
  preset: AllowedMarkup,
  further: AllowedMarkup,
): (tag: string, given: Attributes) => Attributes {
  const schemes = new Set(['http:', 'https:', 'mailto:', ...dangerouslyAllowSchemes.map((name) => `${name}:`)]);
  const everywhere = new Set([...(preset['*'] ?? []), ...(further['*'] ?? [])]);
  const byTag = new Map<string, Set<string>>();
  for (const [tag, names] of [...Object.entries(preset), ...Object.entries(further)]) {
    byTag.set(tag, new Set([...(byTag.get(tag) ?? []), ...names]));
  }
  const exact = new Set(classes.filter((name) => !name.endsWith('*')));
  const beginnings = classes.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const isClass = (name: string): boolean =>
    exact.has(name) || (/^[\w-]+$/.test(name) && beginnings.some((start) => name.startsWith(start)));

  function keptValue(tag: string, name: string, value: string): string | undefined {
    if (name === 'class') return value.split(/\s+/).filter(isClass).join(' ') || undefined;
    if (name === 'id') {
      return idPrefix !== undefined && value.startsWith(idPrefix) && /^[\w-]+$/.test(value) ? value : undefined;
    }
    if (!everywhere.has(name) && byTag.get(tag)?.has(name) !== true) return undefined;
    if (BOOLEAN.has(name)) return '';
    if (NUMERIC.has(name)) return /^-?\d{1,6}$/.test(value) ? value : undefined;
    const values = ENUMERATED[name];
    if (values !== undefined) return values.includes(value) ? value : undefined;
    if (!URL_ATTRIBUTES.has(name)) return value;
    const url = addressOf(value);
    if (url === undefined || !schemes.has(url.protocol)) return undefined;
    // An image is fetched without being asked for: over plain HTTP the network reads along, and mailto is no image.
    return name === 'src' && url.protocol !== 'https:' ? undefined : value;
  }

  return (tag, given) => {
    const kept: Attributes = {};
    for (const [name, value] of Object.entries(given)) {
      const clean = keptValue(tag, name, value);
      if (clean !== undefined) kept[name] = clean;
    }
    if (tag === 'a' && leadsAway(kept.href)) kept.rel = REL;
    return kept;
  };
}

/**
 * An address as a browser reads it, or undefined for one that leaves the site without naming a scheme: `//host`, which
 * takes the scheme of the page, and its spellings with backslashes, tabs and line breaks.
 */
function addressOf(value: string): URL | undefined {
  if (!URL.canParse(value, HERE)) return undefined;
  const url = new URL(value, HERE);
  const namesScheme = /^[a-z][a-z0-9+.-]*:/i.test(withoutIgnored(value));
  return namesScheme || url.host === HERE_HOST ? url : undefined;
}

/** What the URL parser leaves out before it looks: C0 controls and spaces in front, tabs and line breaks anywhere. */
function withoutIgnored(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return value.replace(/^[\u0000-\u0020]+|[\t\n\r]/g, '');
}

function leadsAway(href: string | undefined): boolean {
  if (href === undefined) return false;
  const url = addressOf(href);
  return url !== undefined && url.host !== HERE_HOST && (url.protocol === 'https:' || url.protocol === 'http:');
}
