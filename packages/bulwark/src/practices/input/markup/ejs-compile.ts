import { type Ejs, type EjsTemplate, unknownEjs } from './ejs-package.ts';
import { escapeText } from './escape.ts';
import { DocumentPlace, type Place } from './place.ts';
import { markSafe } from './safe-html.ts';
import { escapeAt, escapeOnly, isScriptAt, safeAt, textOf } from './write.ts';

/** Something in a template that is not as it should be. */
export interface TemplateProblem {
  readonly file: string;
  readonly line: number;
  readonly kind: 'raw' | 'address' | 'script' | 'handler';
}

/** How tags are written; by default `<%` and `%>`. */
export interface Delimiters {
  readonly openDelimiter: string;
  readonly delimiter: string;
  readonly closeDelimiter: string;
}

export interface CompileOptions extends Delimiters {
  readonly rmWhitespace: boolean;
  /** True writes what is not safe as it is, and only tells. */
  readonly reportOnly: boolean;
  readonly tell: (problem: TemplateProblem) => void;
}

/** A compiled template. */
export type Compiled = (data: object) => string;

/** One `<%=` or `<%-` of a template. */
interface Site {
  readonly place: Place;
  readonly raw: boolean;
  readonly line: number;
}

/** What a template's code could otherwise find among the data in the place of the engine's own. */
export const RESERVED: ReadonlySet<string> = new Set([
  '__append',
  '__filename',
  '__line',
  '__lines',
  '__output',
  'escapeFn',
  'include',
  'rethrow',
]);

/**
 * Makes the compiler: EJS's own `Template`, in which every `<%=` and `<%-` hands its value to one function, together with
 * the place where it stands.
 *
 * It is tried at once with a few templates: what a new version of EJS does otherwise is found here, not in a page.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` for an EJS that works otherwise
 */
export function ejsCompiler({ Template }: Ejs, options: CompileOptions): (text: string, file: string) => Compiled {
  const { RAW, ESCAPED, EVAL, LITERAL } = Template.modes ?? {};
  const tags = tagsOf(options);

  class SafeTemplate extends Template implements EjsTemplate {
    readonly #place = new DocumentPlace();
    readonly #sites: Site[];

    constructor(text: string, sites: Site[], settings: object) {
      super(text, settings);
      this.#sites = sites;
    }

    override scanLine(part: string): void {
      const { mode } = this;
      if (tags.has(part)) return super.scanLine(part);
      if (mode === null || mode === LITERAL) this.#place.read(part);
      if (mode === EVAL) this.#place.branch();
      const prints = (mode === ESCAPED || mode === RAW) && part.trim() !== '';
      if (!prints) return super.scanLine(part);
      const site: Site = { place: this.#place.value(), raw: mode === RAW, line: this.currentLine };
      // One more argument in front of the author's expression: escapeFn(<site>n, <expression>). No template's own call of
      // escapeFn() is taken for one.
      this.mode = ESCAPED;
      super.scanLine(` ${this.#sites.push(site) - 1}n,${part}`);
    }
  }

  function compile(text: string, file: string, tell: CompileOptions['tell']): Compiled {
    const sites: Site[] = [];
    // An object without a prototype: what somebody put on Object.prototype is no option.
    const settings: Record<string, unknown> = Object.assign(Object.create(null) as object, {
      filename: file,
      escape: printerOf(sites, file, options.reportOnly, tell),
      localsName: 'locals',
      delimiter: options.delimiter,
      openDelimiter: options.openDelimiter,
      closeDelimiter: options.closeDelimiter,
      rmWhitespace: options.rmWhitespace,
    });
    const compiled = new SafeTemplate(text, sites, settings).compile();
    for (const { line, place, raw } of sites) {
      if (raw) continue;
      const isCode = place.attribute.startsWith('on') || place.attribute === 'srcdoc';
      if (place.in === 'script' || isCode) tell({ file, line, kind: isCode ? 'handler' : 'script' });
    }
    return compiled;
  }

  tryOut((text) => compile(text, 'a template that tries ejs', () => undefined), options);
  return (text, file) => compile(text, file, options.tell);
}

/** The function that every value goes through; EJS calls it with a file's name alone when it words an error. */
function printerOf(
  sites: readonly Site[],
  file: string,
  reportOnly: boolean,
  tell: CompileOptions['tell'],
): (...args: unknown[]) => string {
  return function print(...args: unknown[]): string {
    const [index, value] = args;
    const site = typeof index === 'bigint' ? sites[Number(index)] : undefined;
    if (site === undefined) return escapeText(textOf(index));
    if (args.length < 2) return '';
    const { place, raw, line } = site;
    const safe = raw ? safeAt(place, value) : undefined;
    if (safe !== undefined) return safe;
    const text = textOf(value);
    const isScript = isScriptAt(place, text);
    if (isScript) tell({ file, line, kind: 'address' });
    // Direction: unsafe. Reason: in monitor mode nothing changes but the log. Mitigation: the app asked for it, by name.
    const escaped = isScript && reportOnly ? escapeOnly(place, text) : escapeAt(place, text);
    if (!raw || escaped === text || text === '') return escaped;
    if (!isScript) tell({ file, line, kind: 'raw' });
    return reportOnly ? text : escaped;
  };
}

function tagsOf({ openDelimiter: o, delimiter: d, closeDelimiter: c }: Delimiters): ReadonlySet<string> {
  return new Set([
    ...['', '=', '-', '_', '#', d].map((kind) => `${o}${d}${kind}`),
    ...['', '-', '_', d].map((kind) => `${kind}${d}${c}`),
  ]);
}

/** Small templates whose output is known. */
function tryOut(compile: (text: string) => Compiled, options: CompileOptions): void {
  const { openDelimiter: o, delimiter: d, closeDelimiter: c } = options;
  const raw = options.reportOnly ? '<i>' : '&lt;i&gt;';
  const cases: readonly (readonly [text: string, expected: string])[] = [
    [`<p>${o}${d}= evil ${d}${c}</p>`, '<p>&lt;i&gt;</p>'],
    [`<p>${o}${d}- evil -${d}${c}\n</p>`, `<p>${raw}</p>`],
    [`${o}${d}- safe; ${d}${c}${o}${d}- safe // it is ${d}${c}`, '<b><b>'],
    [`<p title=${o}${d}= bare ${d}${c}>${o}${d} if (safe) { ${d}${c}x${o}${d} } ${d}${c}`, '<p title=a&#32;b>x'],
    [`${o}${d}= nothing ${d}${c}${o}${d}= ${d}${c}${o}${d}# note ${d}${c}`, ''],
  ];
  const data = { evil: '<i>', safe: markSafe('<b>', 'markup'), bare: 'a b', nothing: null };
  for (const [text, expected] of cases) {
    let printed: string;
    try {
      printed = compile(text)(data);
    } catch (error) {
      throw unknownEjs(String(error).split('\n')[0] ?? '');
    }
    if (printed !== expected) throw unknownEjs(`${text} printed ${JSON.stringify(printed)}`);
  }
}
