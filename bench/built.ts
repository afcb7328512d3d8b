import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What is measured must be what stands in the source. */
export function requireBuild(): void {
  const library = fileURLToPath(new URL('../packages/bulwark/', import.meta.url));
  const built = statSync(`${library}dist/index.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(`${library}src`, { recursive: true, encoding: 'utf8' });
  const newer = sources.find(
    (file) =>
      /(?<!\.test)\.ts$/.test(file) && !file.includes('fixtures') && statSync(`${library}src/${file}`).mtimeMs > built,
  );
  if (newer !== undefined) throw new Error(`the build is older than src/${newer}: run \`npm run build\` first`);
}
