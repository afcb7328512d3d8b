import { execFile } from 'node:child_process';
import { builtinModules } from 'node:module';
import { promisify } from 'node:util';
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { PRACTICE_IDS } from '../src/pipeline.ts';
import { type Manifest, PACKAGE, ROOT, readJson } from './support/repository.ts';

/** What proves and reports; an app that is being protected has no use for it. */
const NOT_AT_RUN_TIME = /(?:^|\/)checks?\.ts$|self-test/;

const dependencies = Object.keys(readJson<Manifest>(`${PACKAGE}package.json`).dependencies ?? {});

/** What is loaded at once when a module is imported: its own files, and packages; not what waits for an `import()`. */
interface Loaded {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

async function bundle(entry: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: PACKAGE,
    entryPoints: [`./${entry}`],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    outdir: 'dist',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return metafile;
}

function loadedAtOnce(metafile: Metafile): Loaded {
  const files = new Set<string>();
  const packages = new Set<string>();
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint !== undefined);
  const queue = entry === undefined ? [] : [entry];
  const seen = new Set<string>(queue);
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
    const output = metafile.outputs[chunk];
    for (const [file, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
      if (bytesInOutput > 0) files.add(file);
    }
    for (const { path, kind, external } of output?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external === true) packages.add(path);
      else if (!seen.has(path)) queue.push(path);
      seen.add(path);
    }
  }
  return { files: [...files], packages: [...packages] };
}

const entries = ['src/index.ts', ...PRACTICE_IDS.map((id) => `src/practices/${id}/index.ts`)];

describe.each(entries)('importing %s', (entry) => {
  it('loads no check, parser or report code', async () => {
    const { files } = loadedAtOnce(await bundle(entry));
    expect(files).not.toEqual([]);
    expect(files.filter((path) => NOT_AT_RUN_TIME.test(path))).toEqual([]);
  });

  it('loads only packages that are declared as dependencies', async () => {
    const { packages } = loadedAtOnce(await bundle(entry));
    const nameOf = (path: string): string => path.split('/', path.startsWith('@') ? 2 : 1).join('/');
    const foreign = packages.filter((path) => !path.startsWith('node:') && !builtinModules.includes(path));
    expect(foreign.filter((path) => !dependencies.includes(nameOf(path)))).toEqual([]);
  });
});

it('the certificate libraries wait until certificates are made', async () => {
  const { packages } = loadedAtOnce(await bundle('src/index.ts'));
  expect(packages).not.toEqual([]);
  expect(packages.filter((name) => name.startsWith('@peculiar/'))).toEqual([]);
});

it('the HTML sanitiser waits until a text is sanitised, and is loaded then', async () => {
  const { files, packages } = loadedAtOnce(await bundle('src/index.ts'));
  expect(files).toContain('src/practices/input/markup/html.ts');
  expect(packages.filter((name) => name.startsWith('sanitize-html'))).toEqual([]);
  const isLoaded = `Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/sanitize-html/'))`;
  const program = `import { createRequire } from 'node:module';
    const { html } = await import(${JSON.stringify(`${PACKAGE}src/index.ts`)});
    const before = ${isLoaded};
    const clean = html();
    const between = ${isLoaded};
    const text = clean('<p>Hi<script>x()</script></p>');
    console.log(JSON.stringify([before, between, text, ${isLoaded}]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: PACKAGE,
  });
  expect(JSON.parse(stdout)).toEqual([false, false, '<p>Hi</p>', true]);
});

it('the native hashes and the lists of common passwords wait until they are used', async () => {
  const { files, packages } = loadedAtOnce(await bundle('src/index.ts'));
  expect(files).toContain('src/practices/passwords/index.ts');
  expect(packages.filter((name) => name.startsWith('@node-rs/'))).toEqual([]);
  expect(files.filter((path) => path.endsWith('blocklist/filters.ts'))).toEqual([]);
  const alone = await bundle('src/practices/passwords/index.ts');
  expect(Object.keys(alone.inputs)).toContain('src/practices/passwords/blocklist/filters.ts');
});

it('the measurement sees check code where it is', async () => {
  const { files } = loadedAtOnce(await bundle('src/checks.ts'));
  expect(files.filter((path) => NOT_AT_RUN_TIME.test(path)).length).toBeGreaterThan(PRACTICE_IDS.length);
});

describe('run-time dependencies', () => {
  const locked = readJson<{ packages: Record<string, LockedPackage> }>(`${ROOT}package-lock.json`).packages;

  it('run no install script, down to the last', () => {
    const reached = reachedFrom(locked, 'packages/bulwark');
    expect(reached.length).toBeGreaterThan(dependencies.length);
    expect(reached.filter((path) => locked[path]?.hasInstallScript === true)).toEqual([]);
  });

  it('are pinned to exact versions', () => {
    const versions = Object.entries(locked['packages/bulwark']?.dependencies ?? {});
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('the measurement sees an install script where there is one', () => {
    expect(Object.values(locked).some((entry) => entry.hasInstallScript === true)).toBe(true);
  });
});

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly hasInstallScript?: boolean;
}

/** The lock file's paths of everything that a package needs at run time, found as node finds it: from inside outwards. */
function reachedFrom(locked: Readonly<Record<string, LockedPackage>>, start: string): string[] {
  const reached = new Set<string>();
  const visit = (from: string): void => {
    for (const name of Object.keys(locked[from]?.dependencies ?? {})) {
      const path = resolve(locked, from, name);
      if (path === undefined) throw new Error(`${name}, needed by ${from}, is not in the lock file`);
      if (reached.has(path)) continue;
      reached.add(path);
      visit(path);
    }
  };
  visit(start);
  return [...reached];
}

function resolve(locked: Readonly<Record<string, LockedPackage>>, from: string, name: string): string | undefined {
  const folders = from.split('/');
  for (let i = folders.length; i >= 0; i--) {
    const path = [...folders.slice(0, i), 'node_modules', name].join('/');
    if (path in locked) return path;
  }
  return undefined;
}
