import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Under this name goes `declare global { … }`. */
const GLOBAL = 'global';

/** A name that a file takes from another module. */
interface Taken {
  readonly from: string;
  readonly name: string;
}

/** A declaration file as tsc writes it: each statement starts at the beginning of a line. */
interface DeclarationFile {
  readonly statements: readonly { readonly name: string; readonly exported: boolean; readonly text: string }[];
  readonly imports: ReadonlyMap<string, Taken>;
  /** Exported name to where it is from, or to the local name if `from` is empty. */
  readonly exports: ReadonlyMap<string, Taken>;
}

/** What of a file is reachable from the public entries. */
interface Reached {
  readonly exports: Set<string>;
  readonly locals: Set<string>;
}

/**
 * The public part of built declarations: what a user's compiler can name, starting from the exports of `entries`.
 * Comments, and declarations that only the package itself uses, are left out.
 *
 * @param entries - absolute paths of declaration files
 * @returns the public text of each file that has any, by absolute path
 */
export function publicDeclarations(entries: readonly string[]): Map<string, string> {
  const files = new Map<string, DeclarationFile>();
  const reached = new Map<string, Reached>();
  const load = (path: string): DeclarationFile => {
    const file = files.get(path) ?? parse(path);
    files.set(path, file);
    return file;
  };
  const reachedOf = (path: string): Reached => {
    const found = reached.get(path) ?? { exports: new Set(), locals: new Set() };
    reached.set(path, found);
    return found;
  };
  const follow = (path: string, { from, name }: Taken): void => {
    if (from === '') needLocal(path, name);
    else if (from.startsWith('.')) needExport(resolve(path, from), name);
  };
  const needExport = (path: string, name: string): void => {
    const taken = load(path).exports.get(name);
    if (taken === undefined) return needLocal(path, name);
    if (reachedOf(path).exports.has(name)) return;
    reachedOf(path).exports.add(name);
    follow(path, taken);
  };
  const needLocal = (path: string, name: string): void => {
    const { statements, imports } = load(path);
    const { locals } = reachedOf(path);
    if (locals.has(name)) return;
    const taken = imports.get(name);
    const own = statements.filter((statement) => statement.name === name);
    if (taken === undefined && own.length === 0) return;
    locals.add(name);
    // What a module adds to types of others comes with whatever is taken from it.
    if (name !== GLOBAL) needLocal(path, GLOBAL);
    if (taken !== undefined) follow(path, taken);
    for (const { text } of own) {
      for (const [identifier] of text.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) needLocal(path, identifier);
      for (const [, from = '', inline = ''] of text.matchAll(/import\("([^"]+)"\)\.(\w+)/g)) {
        follow(path, { from, name: inline });
      }
    }
  };
  for (const path of entries) {
    const { statements, exports } = load(path);
    for (const name of exports.keys()) needExport(path, name);
    for (const { name, exported } of statements) if (exported) needLocal(path, name);
  }
  return new Map([...reached].map(([path, parts]) => [path, print(load(path), parts)]));
}

function resolve(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.(?:js|ts)$/, '.d.ts'));
}

function parse(path: string): DeclarationFile {
  if (!existsSync(path)) throw new Error(`${path} is part of the public API but was not built`);
  const imports = new Map<string, Taken>();
  const exports = new Map<string, Taken>();
  const statements: DeclarationFile['statements'][number][] = [];
  for (const text of statementsOf(withoutComments(readFileSync(path, 'utf8')))) {
    const list = /^(import|export) (?:type )?\{([^}]*)\}(?: from ['"]([^'"]+)['"])?;$/.exec(text.replaceAll('\n', ' '));
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|const|let|function|class) ([\w$]+)/.exec(text)?.[1] ??
      /^declare (global) \{/.exec(text)?.[1];
    if (list !== null) {
      const [, kind, specifiers = '', from = ''] = list;
      for (const [outer, inner] of namesOf(specifiers)) {
        if (kind === 'import') imports.set(inner, { from, name: outer });
        else exports.set(inner, { from, name: outer });
      }
    } else if (name !== undefined) {
      statements.push({ name, exported: text.startsWith('export '), text });
    } else if (/^import (?:\* as )?[\w$]+ from /.test(text)) {
      const [, star = '', local = '', from = ''] = /^import (\* as )?([\w$]+) from ['"]([^'"]+)['"]/.exec(text) ?? [];
      imports.set(local, { from, name: star === '' ? 'default' : '*' });
    } else if (!/^import ['"]/.test(text)) {
      throw new Error(`${path}: the API record does not know what this declares:\n${text}`);
    }
  }
  return { statements, imports, exports };
}

/** `A, type B as C` to pairs of the name outside and the name inside. */
function namesOf(specifiers: string): [string, string][] {
  return specifiers
    .split(',')
    .map((specifier) => specifier.trim().replace(/^type /, ''))
    .filter((specifier) => specifier !== '')
    .map((specifier) => {
      const [outer = '', inner = outer] = specifier.split(' as ');
      return [outer, inner];
    });
}

function statementsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const statements: string[] = [];
  for (const line of lines) {
    if (/^[a-z]/.test(line)) statements.push(line);
    else statements.push(`${statements.pop() ?? ''}\n${line}`);
  }
  return statements;
}

/** What the documentation says is no part of the contract, and changes often. */
function withoutComments(text: string): string {
  const tokens = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(tokens, (token) => (token.startsWith('/') ? '' : token));
}

function print(file: DeclarationFile, { exports, locals }: Reached): string {
  const lines: string[] = [];
  for (const [local, { from, name }] of file.imports) {
    if (locals.has(local)) lines.push(`import { ${renamed(name, local)} } from '${from}';`);
  }
  for (const [exported, { from, name }] of file.exports) {
    const origin = from === '' ? '' : ` from '${from}'`;
    if (exports.has(exported)) lines.push(`export { ${renamed(name, exported)} }${origin};`);
  }
  const declared = file.statements.filter(({ name }) => locals.has(name)).map(({ text }) => text);
  return `${[...lines.sort(), ...declared].join('\n')}\n`;
}

function renamed(name: string, to: string): string {
  return name === to ? name : `${name} as ${to}`;
}
