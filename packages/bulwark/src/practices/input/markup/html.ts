import { createRequire } from 'node:module';
import type sanitizeHtml from 'sanitize-html';
import { z } from 'zod';
import { resolveOptions } from '../../../options.ts';
import { attributesOf } from './html-attributes.ts';
import {
  DROPPED_WHOLE,
  type HtmlPreset,
  NEVER_ATTRIBUTES,
  NEVER_SCHEMES,
  NEVER_TAGS,
  PRESETS,
} from './html-presets.ts';
import { type Changed, type TextTransform, textTransform } from './string-schema.ts';

export type { HtmlPreset } from './html-presets.ts';
export type { TextTransform } from './string-schema.ts';

/** Options of {@link html}. */
export interface HtmlOptions {
  /**
   * - `'inline'`: emphasis, links, code, line breaks: a title, a comment of one line
   * - `'basic'`: paragraphs, lists and quotes too
   * - `'rich'`: headings, tables, images, figures too
   *
   * Default: `'rich'`.
   */
  readonly preset?: HtmlPreset;
  /** The longest text, in UTF-16 units, before anything is parsed; longer ones are refused. Default: 100,000. */
  readonly max?: number;
  /** The deepest nesting of elements; tags that are deeper are taken out, their text stays. At most 100. Default: 50. */
  readonly depth?: number;
  /** Class names that stay, in full, or as `'language-*'` for all that begin so. Default: none. */
  readonly classes?: readonly string[];
  /**
   * What an `id` must begin with to stay, at least three characters that end in a hyphen, such as `'user-'`. An id of
   * the reader's choice would be found where the page's scripts look for one of their own. Default: no ids.
   */
  readonly idPrefix?: string;
  /** Further tags, without attributes of their own. Those that run, load or take input cannot be named. */
  readonly dangerouslyAllowTags?: readonly string[];
  /** Further attributes by tag. Event handlers, `style`, `id`, `name` and the like cannot be named. */
  readonly dangerouslyAllowAttributes?: Readonly<Record<string, readonly string[]>>;
  /** Further schemes of links, such as `'tel'`. Those that run code cannot be named. */
  readonly dangerouslyAllowSchemes?: readonly string[];
}

/** The options with every default in place. */
export type ResolvedHtmlOptions = Required<Omit<HtmlOptions, 'idPrefix'>> & { readonly idPrefix: string | undefined };

const DEFAULTS: ResolvedHtmlOptions = {
  preset: 'rich',
  max: 100_000,
  depth: 50,
  classes: [],
  idPrefix: undefined,
  dangerouslyAllowTags: [],
  dangerouslyAllowAttributes: {},
  dangerouslyAllowSchemes: [],
};

const tag = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be the name of a tag in lower case')
  .refine((name) => !NEVER_TAGS.has(name), 'must not be a tag that runs, loads or takes input');

const attribute = z
  .string()
  .regex(/^[a-z][a-z-]*$/, 'must be the name of an attribute in lower case')
  .refine((name) => !NEVER_ATTRIBUTES.test(name), 'must not be an attribute that runs, styles or names something');

const scheme = z
  .string()
  .regex(/^[a-z][a-z0-9+.-]*$/, "must be a scheme in lower case, without the colon: 'tel'")
  .refine((name) => !NEVER_SCHEMES.has(name), 'must not be a scheme that runs code or reads files');

const schema: z.ZodType = z.strictObject({
  preset: z.enum(['inline', 'basic', 'rich']).optional(),
  max: z.int().min(1).max(10_000_000).optional(),
  depth: z.int().min(1).max(100).optional(),
  classes: z
    .array(
      z.string().regex(/^[A-Za-z][\w-]{0,63}(?:(?<=-)\*)?$/, "must be a class, or a beginning such as 'language-*'"),
    )
    .optional(),
  idPrefix: z
    .string()
    .regex(/^[a-z][\w-]{1,30}-$/, "must be three characters or more that end in a hyphen, such as 'user-'")
    .optional(),
  dangerouslyAllowTags: z.array(tag).optional(),
  dangerouslyAllowAttributes: z.record(z.union([z.literal('*'), tag]), z.array(attribute)).optional(),
  dangerouslyAllowSchemes: z.array(scheme).optional(),
});

/** The parser keeps a list of what is open and searches it, so an unbounded depth would be a quadratic cost. */
const MOST_OPEN = 512;
/** How often a text is sanitised until it stays as it is. */
const ROUNDS = 6;

/**
 * Makes a sanitiser for a field that is declared as HTML: what is not on its list is taken out, what is left is safe to
 * put into a page unescaped. It is the only way to accept HTML; all other text is escaped where it is shown.
 *
 * It removes scripts, event handlers, styles, SVG, MathML, forms, frames, comments, `id`, `name`, `class` and `data-*`;
 * links lead to http, https, mailto or within the site, and those to other sites get `rel="noopener noreferrer nofollow"`;
 * images come over https or from the site itself. The result is a fixed point: sanitising it again changes nothing.
 *
 * sanitize-html does the parsing; it is loaded when the first text is sanitised.
 *
 * @param options - see {@link HtmlOptions}
 * @returns a function from text to text that is a Standard Schema too. Called as a function it throws a Refusal
 *   (400 `ERR_VALIDATION`) for a text over `max`, or with more than 512 elements open at once
 * @throws ConfigError for options that it cannot have, such as a tag that runs code
 * @see ASVS 5.0 1.3.1, CWE-79
 * @example
 * const note = html({ preset: 'basic' })
 * note('<p onclick=x()>Hi<script>x()</script></p>') // '<p>Hi</p>'
 * app.post('/notes', validate({ body: z.object({ text: z.string().transform(note) }) }), create)
 */
export function html(options: HtmlOptions = {}): TextTransform {
  const resolved = resolveOptions(schema, DEFAULTS, options, 'html()');
  const sanitize = sanitizerOf(resolved);
  const tooLong: Changed = { problem: `is longer than ${resolved.max} characters` };
  const tooDeep: Changed = { problem: 'has too many elements open at once' };

  return textTransform((dirty) => {
    if (dirty.length > resolved.max) return tooLong;
    try {
      return { value: fixedPoint(sanitize, dirty) };
    } catch (error) {
      if (error === TOO_DEEP) return tooDeep;
      throw error;
    }
  });
}

/**
 * Sanitises until nothing changes. What is taken out can change how the rest is read (`<p>` within `<p>`, once an element
 * between them is gone): mutation attacks live on that difference, so only a text that stays the same is let out.
 */
function fixedPoint(sanitize: (dirty: string) => string, dirty: string): string {
  let before = sanitize(dirty);
  for (let round = 1; round < ROUNDS; round++) {
    const after = sanitize(before);
    if (after === before) return after;
    before = after;
  }
  // It will not settle, so it is no document: its tags become visible text.
  return before.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const TOO_DEEP = new Error('too deep');

let loaded: typeof sanitizeHtml | undefined;

/** Loads sanitize-html, its parsers and PostCSS, once: a server is up before anybody sends HTML, and a schema may be made and never used. */
function library(): typeof sanitizeHtml {
  loaded ??= createRequire(import.meta.url)('sanitize-html') as typeof sanitizeHtml;
  return loaded;
}

function sanitizerOf(options: ResolvedHtmlOptions): (dirty: string) => string {
  const { preset, depth, dangerouslyAllowTags, dangerouslyAllowAttributes } = options;
  const markup = PRESETS[preset];
  const tags = new Set([...Object.keys(markup).filter((name) => name !== '*'), ...dangerouslyAllowTags]);
  const clean = attributesOf(options, markup, dangerouslyAllowAttributes);
  let open = 0;
  const settings: sanitizeHtml.IOptions = {
    allowedTags: [...tags],
    // The list of attributes was applied before, by `clean`, which drops all that it does not know.
    allowedAttributes: false,
    allowedSchemes: ['http', 'https', 'mailto', ...options.dangerouslyAllowSchemes],
    allowedSchemesAppliedToAttributes: ['href', 'src', 'cite', 'background', 'data', 'longdesc', 'ping', 'poster'],
    allowProtocolRelative: false,
    disallowedTagsMode: 'discard',
    nonTextTags: [...DROPPED_WHOLE],
    nestingLimit: depth,
    parseStyleAttributes: false,
    transformTags: {
      '*': (tagName, attribs) => ({ tagName, attribs: tags.has(tagName) ? clean(tagName, attribs) : {} }),
    },
    // An image whose address was taken out is a hole in the page.
    exclusiveFilter: ({ tag, attribs }) => tag === 'img' && attribs.src === undefined,
    onOpenTag: () => {
      if (++open > MOST_OPEN) throw TOO_DEEP;
    },
    onCloseTag: () => {
      open--;
    },
  };
  return (dirty) => {
    open = 0;
    // HTML needs no slash in `<br />`; it stands nowhere else, since `>` is escaped in text and attributes.
    return library()(readable(dirty), settings).replaceAll(' />', '>');
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNREADABLE = /[\u0000-\u0008\u000b\u000e-\u001f\u007f\ufdd0-\ufdef\ufffe\uffff]/g;

/** What browsers make of a text before they read it: line ends, and characters that no document may hold. */
function readable(dirty: string): string {
  return dirty.toWellFormed().replace(/\r\n?/g, '\n').replace(UNREADABLE, '');
}
