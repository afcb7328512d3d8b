/**
 * The directives of Content Security Policy Level 3 and of the specifications that add to it.
 *
 * Left out on purpose: `plugin-types`, `prefetch-src`, `navigate-to`, `referrer`, `reflected-xss` and
 * `block-all-mixed-content`, which browsers no longer read. The values say what a
 * directive's own value looks like.
 *
 * @see https://www.w3.org/TR/CSP3/#csp-directives
 */
export const DIRECTIVES = {
  'default-src': 'sources',
  'script-src': 'sources',
  'script-src-elem': 'sources',
  'script-src-attr': 'sources',
  'style-src': 'sources',
  'style-src-elem': 'sources',
  'style-src-attr': 'sources',
  'img-src': 'sources',
  'font-src': 'sources',
  'connect-src': 'sources',
  'media-src': 'sources',
  'object-src': 'sources',
  'frame-src': 'sources',
  'child-src': 'sources',
  'worker-src': 'sources',
  'manifest-src': 'sources',
  'fenced-frame-src': 'sources',
  'base-uri': 'sources',
  'form-action': 'sources',
  'frame-ancestors': 'sources',
  sandbox: 'sandbox',
  'require-trusted-types-for': 'keyword',
  'trusted-types': 'trusted-types',
  'upgrade-insecure-requests': 'flag',
  'report-uri': 'text',
  'report-to': 'text',
} as const;

/** A directive's name as it goes into the header: `script-src`. */
export type DirectiveName = keyof typeof DIRECTIVES;

/** `script-src` → `scriptSrc`. */
type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/**
 * A directive's value: its sources, each one a member; a text is cut at its spaces. `false` (and helmet's `null`)
 * takes the directive out; `true` is for directives without a value.
 */
export type DirectiveValue = readonly string[] | string | boolean | null;

/** Directives by name, in camel case or as in the header. */
export type CspDirectives = {
  readonly [K in DirectiveName | Camel<DirectiveName>]?: DirectiveValue | undefined;
};

/** Directives from which scripts may come, directly or as the fallback of those that are not named. */
export const SCRIPT_DIRECTIVES: ReadonlySet<string> = new Set([
  'default-src',
  'script-src',
  'script-src-elem',
  'script-src-attr',
  'worker-src',
  'object-src',
]);

/** Keywords that must stand in quotes. */
export const KEYWORDS: readonly string[] = [
  'none',
  'self',
  'strict-dynamic',
  'report-sample',
  'inline-speculation-rules',
  'trusted-types-eval',
  'unsafe-inline',
  'unsafe-eval',
  'unsafe-hashes',
  'unsafe-webtransport-hashes',
  'wasm-unsafe-eval',
];

/** The tokens of `sandbox`, from HTML. */
export const SANDBOX_TOKENS: readonly string[] = [
  'allow-downloads',
  'allow-forms',
  'allow-modals',
  'allow-orientation-lock',
  'allow-pointer-lock',
  'allow-popups',
  'allow-popups-to-escape-sandbox',
  'allow-presentation',
  'allow-same-origin',
  'allow-scripts',
  'allow-storage-access-by-user-activation',
  'allow-top-navigation',
  'allow-top-navigation-by-user-activation',
  'allow-top-navigation-to-custom-protocols',
];

/**
 * The policy of 2026-11. It has no `unsafe-*` at all; object-src and base-uri are `'none'` as ASVS 3.4.3 demands
 * (the Secure Headers Project writes base-uri `'self'`, which is weaker).
 */
export const DEFAULT_DIRECTIVES: Readonly<Partial<Record<DirectiveName, readonly string[]>>> = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
  'upgrade-insecure-requests': [],
};
