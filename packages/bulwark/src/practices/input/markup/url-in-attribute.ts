const SAFE_SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'mailto']);
const SCRIPT_SCHEMES: ReadonlySet<string> = new Set(['javascript', 'vbscript']);
/** Pictures that are drawn, not run; SVG is a document with scripts. */
const PICTURE = /^image\/(?:avif|bmp|gif|jpeg|png|webp|x-icon)[;,]/i;

/** What stands in the place of an address that was refused: an empty page. */
export const BLOCKED: string = 'about:blank#blocked';

/**
 * An address for `href` or `src`: http, https, mailto, or one within the site; whatever else becomes an empty page.
 * Escaping alone is not enough there: `javascript:alert(1)` holds nothing to escape.
 *
 * It is text, to be written with `<%= %>`. It says nothing about where an http address leads.
 *
 * @param value - text or a URL; anything else is refused
 * @returns the address as browsers read it, or `about:blank#blocked`
 * @see ASVS 5.0 1.2.2, CWE-79, https://url.spec.whatwg.org/#concept-basic-url-parser
 * @example <a href="<%= url(user.website) %>">website</a>
 */
export function url(value: unknown): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string') return BLOCKED;
  const address = withoutIgnored(text);
  const scheme = schemeOf(address);
  return scheme === undefined || SAFE_SCHEMES.has(scheme) ? address : BLOCKED;
}

/** Whether following or loading an address runs what it holds: `javascript:`, `vbscript:`, and `data:` but for pictures. */
export function isScriptAddress(text: string): boolean {
  const address = withoutIgnored(text);
  const scheme = schemeOf(address);
  if (scheme === 'data') return !PICTURE.test(address.slice('data:'.length).trimStart());
  return scheme !== undefined && SCRIPT_SCHEMES.has(scheme);
}

/** What the URL parser leaves out before it looks: C0 controls and spaces at both ends, tabs and line breaks anywhere. */
function withoutIgnored(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\t\n\r]/g, '').replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, '');
}

function schemeOf(address: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(address)?.[1]?.toLowerCase();
}
