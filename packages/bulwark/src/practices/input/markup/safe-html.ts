import { requireReason } from '../../../decisions.ts';

/**
 * What a piece of markup is, and so where it may stand: `markup` was written by the app itself and may stand anywhere,
 * `json` and `sanitized` hold quotes of others and are escaped within a tag.
 */
export type SafeKind = 'markup' | 'json' | 'sanitized';

/** Known to this module only: nobody else makes a {@link SafeHtml}, and no request can carry it. */
const KEY: unique symbol = Symbol('bulwark.safe-html');

/**
 * Markup that may be written into a page as it is. Made by `include()`, `markup`, `json()`, `sanitized()` and
 * `dangerouslyRaw()`, and by nothing else: what came as JSON can look like one but is none, and is escaped.
 *
 * @example const name: SafeHtml = markup`<b>${user.name}</b>`
 */
export class SafeHtml {
  readonly #html: string;
  readonly #kind: SafeKind;

  /** Not for callers: it throws without the key that only this module has. */
  constructor(key: symbol, html: string, kind: SafeKind) {
    if (key !== KEY) throw new TypeError('SafeHtml is made by markup, sanitized(), json() or dangerouslyRaw()');
    this.#html = html;
    this.#kind = kind;
    Object.freeze(this);
  }

  /** What a value holds if it is one; read past every method that somebody may have put over it. */
  static read(value: unknown): { readonly html: string; readonly kind: SafeKind } | undefined {
    if (typeof value !== 'object' || value === null || !(#html in value)) return undefined;
    return { html: value.#html, kind: value.#kind };
  }

  toString(): string {
    return this.#html;
  }

  toJSON(): string {
    return this.#html;
  }
}

/** Marks markup as safe; for this folder only. */
export function markSafe(html: string, kind: SafeKind): SafeHtml {
  return new SafeHtml(KEY, html, kind);
}

/** How often markup was let through unescaped and for which reason. */
export interface RawUse {
  readonly reason: string;
  readonly count: number;
}

const MOST_REASONS = 100;
const LONGEST_REASON = 200;
const FURTHER = 'for further reasons';
const uses = new Map<string, number>();

/** The uses of {@link dangerouslyRaw} in this process, by reason: at most 100 reasons, then all others as one. */
export function rawUses(): readonly RawUse[] {
  return [...uses].map(([reason, count]) => ({ reason, count }));
}

/**
 * Lets markup through as it is. Whoever has a say in it can run scripts in the page: use `sanitized()` for what people
 * wrote, `markup` for markup with values in it.
 *
 * Each reason is remembered, and the self-test lists it as `input/escape-hatch`.
 *
 * @param html - markup that no request has a part in, such as a build tool's or a Markdown file of the app's own
 * @param options.reason - why it may be trusted: a fixed sentence, without data
 * @throws ConfigError `ERR_CONFIG_VALUE` without a reason; TypeError for what is no text
 * @see ASVS 5.0 1.3.2, CWE-79
 * @example <%- dangerouslyRaw(chart, { reason: 'SVG made by our own build' }) %>
 */
export function dangerouslyRaw(html: string, options: { reason: string }): SafeHtml {
  const reason = requireReason(options?.reason, 'dangerouslyRaw()').slice(0, LONGEST_REASON);
  if (typeof html !== 'string') throw new TypeError('dangerouslyRaw() takes text');
  const key = uses.has(reason) || uses.size < MOST_REASONS ? reason : FURTHER;
  uses.set(key, (uses.get(key) ?? 0) + 1);
  return markSafe(html, 'markup');
}
