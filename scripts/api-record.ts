/**
 * The record of the public API: etc/api/<package>/ holds what the built package lets its users name, without comments. Without a flag, writes it; with `--check`, fails with a diff where dist/ says something else.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { publicDeclarations } from './declarations.ts';
import { run } from './processes.ts';
import { type PublicPackage, publicPackages, ROOT } from './workspace.ts';

const RECORD = 'etc/api';

/** The public declarations of one built package, by their path in dist/. */
function declarationsOf({ folder, exports }: PublicPackage): Map<string, string> {
  const dist = join(ROOT, folder, 'dist');
  const entries = Object.values(exports).flatMap((target) =>
    typeof target === 'string' || target.types === undefined ? [] : [join(ROOT, folder, target.types)],
  );
  return new Map([...publicDeclarations(entries)].map(([path, text]) => [relative(dist, path), text]));
}

function write(folder: string, files: ReadonlyMap<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function read(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.d.ts'));
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

async function differences(entry: PublicPackage): Promise<string> {
  const folder = join(RECORD, basename(entry.folder));
  const recorded = read(join(ROOT, folder));
  const built = declarationsOf(entry);
  const changed = [...new Set([...recorded.keys(), ...built.keys()])].filter(
    (path) => recorded.get(path) !== built.get(path),
  );
  if (changed.length === 0) return '';
  const scratch = join('node_modules/.cache/bulwark/api', basename(entry.folder));
  write(join(ROOT, scratch), built);
  mkdirSync(join(ROOT, folder), { recursive: true });
  const { output } = await run('git', ['diff', '--no-index', '--no-color', '--', folder, scratch]);
  return output;
}

async function check(): Promise<number> {
  const diffs = await Promise.all(publicPackages().map(differences));
  const changed = diffs.filter((diff) => diff !== '');
  for (const diff of changed) console.log(diff);
  if (changed.length > 0) {
    console.log(
      'The public API is not what etc/api records. If that is meant: node scripts/api-record.ts, and commit it.',
    );
  }
  return changed.length === 0 ? 0 : 1;
}

if (process.argv.includes('--check')) {
  process.exitCode = await check();
} else {
  for (const entry of publicPackages()) write(join(ROOT, RECORD, basename(entry.folder)), declarationsOf(entry));
}
