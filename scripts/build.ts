/** Builds every public package into its dist/, from nothing: a file that is gone from src must not be published. */
import { rmSync } from 'node:fs';
import { run } from './processes.ts';
import { publicPackages, ROOT } from './workspace.ts';

const packages = publicPackages();
for (const { folder } of packages) rmSync(`${ROOT}${folder}/dist`, { recursive: true, force: true });
const projects = packages.map(({ folder }) => `${folder}/tsconfig.build.json`);
const { code, output } = await run('tsc', ['-b', ...projects]);
process.stdout.write(output);
process.exitCode = code;
