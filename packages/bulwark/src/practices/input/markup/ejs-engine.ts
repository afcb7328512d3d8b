import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, resolve, sep } from 'node:path';
import { z } from 'zod';
import { ALONE, type Services } from '../../../context.ts';
import { resolveOptions } from '../../../options.ts';
import { type Compiled, ejsCompiler, RESERVED, type TemplateProblem } from './ejs-compile.ts';
import { type Ejs, loadEjs, requireEjs } from './ejs-package.ts';
import { json } from './json-in-script.ts';
import { markup } from './markup-tag.ts';
import { dangerouslyRaw, markSafe, type SafeHtml } from './safe-html.ts';
import { sanitized } from './sanitized.ts';
import { url } from './url-in-attribute.ts';

/** Options of {@link ejsEngine}. None of them is ever taken from what a page is rendered with. */
export interface EjsOptions {
  /**
   * Whether a compiled template is kept without looking at its file again; without, the file's date and size are looked
   * at each time. Express's `view cache` says nothing here. Default: true in production.
   */
  readonly cache?: boolean;
  /** The character within tags. Default: what the app has set on the package, else `'%'`; the next two likewise. */
  readonly delimiter?: string;
  /** What a tag begins with. Default: `'<'`. */
  readonly openDelimiter?: string;
  /** What a tag ends with. Default: `'>'`. */
  readonly closeDelimiter?: string;
  /** Whether white space around lines is taken out. Default: false. */
  readonly rmWhitespace?: boolean;
  /** Folders that templates may include from, beside the app's `views`; `include('/head')` is looked for there first. */
  readonly root?: string | readonly string[];
  /** The package, where Bulwark cannot find it by itself: `import ejs from 'ejs'`. */
  readonly ejs?: unknown;
}

/** What `app.engine()` takes. */
export type TemplateEngine = (
  this: unknown,
  path: string,
  options: object,
  done: (error: unknown, html?: string) => void,
) => void;

const piece = z.string().min(1).max(10);

const schema: z.ZodType = z.strictObject({
  cache: z.boolean().optional(),
  delimiter: piece.optional(),
  openDelimiter: piece.optional(),
  closeDelimiter: piece.optional(),
  rmWhitespace: z.boolean().optional(),
  root: z.union([z.string(), z.array(z.string())]).optional(),
  ejs: z.unknown().optional(),
});

const DEFAULTS: EjsOptions = { rmWhitespace: false };

/** Found in every template, where the data has nothing of that name. */
const HELPERS: Readonly<Record<string, unknown>> = { dangerouslyRaw, json, markup, sanitized, url };

type Data = Readonly<Record<string, unknown>>;

/** What the engine needs beside its options. */
export interface EjsServices extends Services {
  /** In monitor mode nothing is escaped that EJS would not, and the warnings are sent all the same. */
  readonly reportOnly?: boolean;
}

/**
 * EJS that escapes. The same templates, with these differences:
 *
 * - `<%- %>` writes what is known to be safe (`include()`, `markup`, `json()`, `sanitized()`, `dangerouslyRaw()`) and escapes the
 *   rest, with a warning once for each file
 * - `<%= %>` is right in attributes without quotes too; an address at the beginning of `href`, `src`, `action` and the like
 *   that would run as a script becomes `about:blank#blocked`
 * - nothing that a page is rendered with is an option: `res.render('page', req.query)` renders a page
 * - `include()` stays within the app's views
 *
 * In templates: `include(name, data)`, `layout(name, data)`, `json(value)`, `sanitized(html, preset)`, `url(value)`, `markup`,
 * `dangerouslyRaw(html, { reason })`. A value in the data with the name of a helper, `include` excepted, hides it.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` where ejs is missing or works otherwise than it was tried with
 * @see ASVS 5.0 1.2.1, 1.3.7, CWE-79, CWE-1336
 * @example app.engine('ejs', templates.ejs())
 */
export function ejsEngine(options: EjsOptions = {}, services: EjsServices = ALONE): TemplateEngine {
  return makeEngine(resolveEjs(options, 'templates.ejs()'), services);
}

/**
 * The same, for an app that may have no templates: the package is loaded when the first one is rendered, and what is wrong
 * with it is that page's error.
 *
 * @throws ConfigError for options that it cannot have
 */
export function lazyEjsEngine(options: EjsOptions, services: EjsServices): TemplateEngine {
  const resolved = resolveEjs(options, 'input.templates');
  let engine: TemplateEngine | undefined;
  return function lazyEjsEngine(this: unknown, path, data, done) {
    try {
      engine ??= makeEngine(resolved, services);
    } catch (error) {
      return done(error);
    }
    engine.call(this, path, data, done);
  };
}

function resolveEjs(options: EjsOptions, field: string): EjsOptions {
  return resolveOptions(schema, DEFAULTS, options, field);
}

function makeEngine({ cache, root, ...given }: EjsOptions, services: EjsServices): TemplateEngine {
  const ejs = given.ejs === undefined ? loadEjs() : requireEjs(given.ejs);
  const renderer = new Renderer(ejs, {
    delimiter: given.delimiter ?? ejs.delimiter ?? '%',
    openDelimiter: given.openDelimiter ?? ejs.openDelimiter ?? '<',
    closeDelimiter: given.closeDelimiter ?? ejs.closeDelimiter ?? '>',
    rmWhitespace: given.rmWhitespace ?? false,
    cache: cache ?? services.mode === 'production',
    roots: root === undefined ? [] : [root].flat().map((folder) => resolve(folder)),
    reportOnly: services.reportOnly ?? false,
    tell: tellerOf(services),
  });

  // Express calls it as a method of its View, which knows the app's folders; the data may claim others.
  return function ejsEngine(this: unknown, path, data, done) {
    let html: string;
    try {
      html = renderer.page(path, data, foldersOf(this));
    } catch (error) {
      return done(error);
    }
    done(null, html);
  };
}

interface RendererOptions {
  readonly cache: boolean;
  readonly roots: readonly string[];
  readonly delimiter: string;
  readonly openDelimiter: string;
  readonly closeDelimiter: string;
  readonly rmWhitespace: boolean;
  readonly reportOnly: boolean;
  readonly tell: (problem: TemplateProblem) => void;
}

/** Where the templates of one page may lie. */
interface Folders {
  /** Looked through for an include that is not found beside the template. */
  readonly views: readonly string[];
  /** Nothing outside of these is included. */
  readonly allowed: readonly string[];
}

class Renderer {
  readonly #options: RendererOptions;
  readonly #compile: (text: string, file: string) => Compiled;
  readonly #compiled = new Map<string, { readonly run: Compiled; readonly state: string }>();

  constructor(ejs: Ejs, options: RendererOptions) {
    this.#options = options;
    this.#compile = ejsCompiler(ejs, options);
  }

  page(path: string, data: object, views: readonly string[]): string {
    const file = resolve(path);
    const folders = [...this.#options.roots, ...views];
    return this.#render(file, ownOf(data), { views: folders, allowed: [...folders, dirname(file)] });
  }

  #render(file: string, data: Data, folders: Folders): string {
    let around: { readonly name: string; readonly data: object } | undefined;
    const inner = (name: unknown, more: unknown): SafeHtml => {
      const merged = { ...data, ...ownOf(more) };
      return markSafe(this.#render(this.#find(name, file, folders), merged, folders), 'markup');
    };
    const layout = (name: string, more?: object): void => {
      around = { name, data: more ?? {} };
    };
    const scope: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    Object.assign(scope, HELPERS, { layout }, data, { include: inner });
    const html = this.#load(file)(scope);
    if (around === undefined) return html;
    return inner(around.name, { ...around.data, body: markSafe(html, 'markup') }).toString();
  }

  #load(file: string): Compiled {
    const known = this.#compiled.get(file);
    if (known !== undefined && this.#options.cache) return known.run;
    const state = this.#options.cache ? '' : stateOf(file);
    if (known !== undefined && known.state === state) return known.run;
    const run = this.#compile(readFileSync(file, 'utf8').replace(/^\ufeff/, ''), file);
    this.#compiled.set(file, { run, state });
    return run;
  }

  /** The file that an include names: beside the template, then in the views; never outside of them. */
  #find(name: unknown, from: string, { views, allowed }: Folders): string {
    if (typeof name !== 'string') throw new TypeError(`${from}: include() takes the name of a template`);
    const wanted = extname(name) === '' ? `${name}.ejs` : name;
    const rooted = wanted.startsWith('/');
    if (isAbsolute(wanted) && !rooted) throw outside(name, from);
    const places = rooted ? views : [dirname(from), ...views];
    const files = places.map((folder) => resolve(folder, rooted ? `.${wanted}` : wanted));
    const inside = files.filter((file) => allowed.some((folder) => isWithin(file, folder)));
    if (inside.length === 0) throw outside(name, from);
    const found = inside.find((file) => this.#compiled.has(file) || isFile(file));
    if (found === undefined) throw new Error(`${from}: the template ${JSON.stringify(name)} was not found`);
    return found;
  }
}

function outside(name: string, from: string): Error {
  return new Error(
    `${from}: the template ${JSON.stringify(name)} lies outside of the app's views. ` +
      "Fix: move it there, or name its folder: templates.ejs({ root: 'folder' })",
  );
}

function isWithin(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function stateOf(file: string): string {
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs} ${size}`;
}

/** What a page is rendered with, without names that are the engine's own, and without a prototype's. */
function ownOf(data: unknown): Data {
  const own: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (typeof data !== 'object' || data === null) return own;
  for (const [name, value] of Object.entries(data)) if (!RESERVED.has(name)) own[name] = value;
  return own;
}

/** The folders of Express's View: `app.get('views')`. */
function foldersOf(view: unknown): string[] {
  const root = typeof view === 'object' && view !== null ? (view as { root?: unknown }).root : undefined;
  return [root]
    .flat()
    .filter((folder) => typeof folder === 'string')
    .map((folder) => resolve(folder));
}

const MEANING: Readonly<Record<TemplateProblem['kind'], string>> = {
  raw: 'writes with <%- a value that is not known to be safe; it was escaped. Fix: write it with <%=, or sanitized(html) for what people wrote, json(value) in scripts, dangerouslyRaw(html, { reason }) for the app’s own markup',
  address:
    'was given an address that would run as a script; an empty page took its place. Fix: <%= url(address) %>, and look where it comes from',
  script:
    'writes with <%= into a script, where escaping for HTML is not enough. Fix: <%- json(value) %>, without quotes around it',
  handler:
    'writes with <%= into an attribute that is read as code or as a document. Fix: put the value into a data- attribute, and read it in a script of a file',
};
const MOST_TOLD = 1000;

/** Tells of each file and kind of problem once. */
function tellerOf({ emit }: Services): (problem: TemplateProblem) => void {
  const told = new Set<string>();
  return ({ file, line, kind }) => {
    const key = `${kind} ${file}`;
    if (told.has(key) || told.size >= MOST_TOLD) return;
    told.add(key);
    emit({
      event: 'sys_template_warning',
      level: 'WARN',
      practice: 'input',
      description: `${file}:${line} ${MEANING[kind]}`,
      details: { file, line, kind },
    });
  };
}
