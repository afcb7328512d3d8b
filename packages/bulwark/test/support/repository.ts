import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The workspace's root, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** The package's folder, with a slash at its end. */
export const PACKAGE: string = fileURLToPath(new URL('../../', import.meta.url));

/** What the tests read of a package.json. */
export interface Manifest {
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Reads a JSON file as what the caller says it is. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** All files under a folder, by path from it, that satisfy a condition. */
export function filesUnder(folder: string, accept: (path: string) => boolean): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length).replace(/^\//, ''))
    .filter(accept)
    .sort();
}
