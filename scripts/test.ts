/**
 * `npm test`: finds or installs the real parts, builds, and runs all tests. The last line is `N passed, N failed`.
 *
 * `--built` leaves out the build. Further arguments go to vitest: `npm test -- cors`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { run } from './processes.ts';
import { PARTS, provide } from './real-parts.ts';
import { ROOT } from './workspace.ts';

const args = process.argv.slice(2);
const say = (line: string): void => console.log(line);

async function main(): Promise<number> {
  const { env, missing } = await provide(PARTS, say);
  for (const part of missing) say(missingNotice(part.name, part.purpose, part.env));
  if (missing.length > 0 && process.env.CI === 'true') {
    say('With CI=true every real part must be there: nothing was tested.');
    return 1;
  }
  if (!args.includes('--built')) {
    const built = await run('node', ['scripts/build.ts']);
    process.stdout.write(built.output);
    if (built.code !== 0) return built.code;
  }
  const vitest = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...args.filter((arg) => arg !== '--built')],
    { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code] = (await once(vitest, 'close')) as [number | null];
  return code ?? 1;
}

function missingNotice(name: string, purpose: string, env: string): string {
  const text = `SKIPPED: ${name} is missing, so nothing tests ${purpose}. Install it, or set ${env} to its path.`;
  const bar = '!'.repeat(text.length + 4);
  return `${bar}\n! ${text} !\n${bar}`;
}

process.exitCode = await main();
