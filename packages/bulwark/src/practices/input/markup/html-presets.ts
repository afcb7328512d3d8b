/** How much markup a field may hold. */
export type HtmlPreset = 'inline' | 'basic' | 'rich';

/** Attributes by tag; `*` for all. */
export type AllowedMarkup = Readonly<Record<string, readonly string[]>>;

const INLINE: AllowedMarkup = {
  '*': ['dir', 'lang', 'title'],
  a: ['href', 'hreflang', 'target'],
  abbr: [],
  b: [],
  bdi: [],
  bdo: [],
  br: [],
  cite: [],
  code: [],
  del: ['datetime'],
  dfn: [],
  em: [],
  i: [],
  ins: ['datetime'],
  kbd: [],
  mark: [],
  q: ['cite'],
  rp: [],
  rt: [],
  ruby: [],
  s: [],
  samp: [],
  small: [],
  span: [],
  strong: [],
  sub: [],
  sup: [],
  time: ['datetime'],
  u: [],
  var: [],
  wbr: [],
};

const BASIC: AllowedMarkup = {
  ...INLINE,
  blockquote: ['cite'],
  dd: [],
  dl: [],
  dt: [],
  hr: [],
  li: ['value'],
  ol: ['reversed', 'start', 'type'],
  p: [],
  pre: [],
  ul: [],
};

const RICH: AllowedMarkup = {
  ...BASIC,
  caption: [],
  col: ['span'],
  colgroup: ['span'],
  details: ['open'],
  div: [],
  figcaption: [],
  figure: [],
  h1: [],
  h2: [],
  h3: [],
  h4: [],
  h5: [],
  h6: [],
  img: ['alt', 'height', 'loading', 'src', 'width'],
  summary: [],
  table: [],
  tbody: [],
  td: ['colspan', 'rowspan'],
  tfoot: [],
  th: ['abbr', 'colspan', 'rowspan', 'scope'],
  thead: [],
  tr: [],
};

/** Each preset holds the one before it. */
export const PRESETS: Readonly<Record<HtmlPreset, AllowedMarkup>> = { inline: INLINE, basic: BASIC, rich: RICH };

/**
 * Elements whose content goes with them, because it is no text for people, or because browsers read it by other rules
 * than the parser here does, and then what is text here is markup there.
 */
export const DROPPED_WHOLE: readonly string[] = [
  'applet',
  'embed',
  'frameset',
  'iframe',
  'math',
  'noembed',
  'noframes',
  'noscript',
  'object',
  'option',
  'plaintext',
  'script',
  'select',
  'style',
  'svg',
  'template',
  'textarea',
  'title',
  'xmp',
];

/** Tags that no setting allows: they run code, load it, take input, or change how the rest of the page is read. */
export const NEVER_TAGS: ReadonlySet<string> = new Set([
  ...DROPPED_WHOLE,
  'base',
  'body',
  'button',
  'fencedframe',
  'form',
  'frame',
  'head',
  'html',
  'input',
  'link',
  'meta',
  'portal',
]);

/** Attributes that no setting allows: code, styles, documents within attributes, and names that scripts look up. */
export const NEVER_ATTRIBUTES: RegExp =
  /^(?:on.*|style|srcdoc|class|id|name|is|slot|nonce|formaction|action|xmlns.*|xlink:.*)$/;

/** Schemes that no setting allows: what they lead to runs in the page's origin, or is a file of the reader's. */
export const NEVER_SCHEMES: ReadonlySet<string> = new Set([
  'about',
  'blob',
  'data',
  'file',
  'filesystem',
  'javascript',
  'jar',
  'vbscript',
  'view-source',
]);

/** Attributes that hold an address, in whichever tag they are allowed. */
export const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  'background',
  'cite',
  'data',
  'href',
  'longdesc',
  'ping',
  'poster',
  'src',
  'usemap',
]);
