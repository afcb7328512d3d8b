import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the workspace, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../', import.meta.url));

/** One package of packages/ that is published. */
export interface PublicPackage {
  readonly name: string;
  /** Its folder, relative to the root: `packages/bulwark`. */
  readonly folder: string;
  /** The `exports` field: subpath to its conditions, or to a file. */
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

/** The packages that are published: those of packages/ that are not private. */
export function publicPackages(): PublicPackage[] {
  return readdirSync(`${ROOT}packages`)
    .sort()
    .filter((name) => existsSync(`${ROOT}packages/${name}/package.json`))
    .map((name) => ({ folder: `packages/${name}`, manifest: readManifest(`packages/${name}`) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, exports: manifest.exports ?? {} }));
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: PublicPackage['exports'];
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(`${ROOT}${folder}/package.json`, 'utf8')) as Manifest;
}
