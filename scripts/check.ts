/** `npm run check`: every check of the repository, one after the other; stops at the first that fails. */
import { run } from './processes.ts';
import { publicPackages } from './workspace.ts';

interface Step {
  readonly name: string;
  readonly commands: readonly (readonly [string, ...string[]])[];
}

const packages = publicPackages().map(({ folder }) => folder);

/** The build comes before what reads its declarations: lint and types of code that imports a package by its name. */
const STEPS: readonly Step[] = [
  { name: 'format', commands: [['biome', 'check', '--linter-enabled=false', '.']] },
  { name: 'build', commands: [['node', 'scripts/build.ts']] },
  {
    name: 'lint',
    commands: [
      ['biome', 'lint', '--error-on-warnings', '.'],
      ['oxlint', '--type-aware', '--deny-warnings'],
    ],
  },
  { name: 'types', commands: [['tsc', '-p', 'tsconfig.json', '--noEmit']] },
  { name: 'api record', commands: [['node', 'scripts/api-record.ts', '--check']] },
  { name: 'publint', commands: packages.map((folder) => ['publint', '--strict', folder]) },
  {
    name: 'attw',
    commands: packages.map((folder) => ['attw', '--pack', folder, '--profile', 'esm-only', '--no-emoji']),
  },
  { name: 'knip', commands: [['knip', '--treat-config-hints-as-errors']] },
];

async function carryOut({ name, commands }: Step): Promise<boolean> {
  const started = performance.now();
  for (const [command, ...args] of commands) {
    const { code, output } = await run(command, args);
    if (code === 0) continue;
    report(name, started, 'FAILED');
    console.log(`$ ${[command, ...args].join(' ')}\n${output.trimEnd()}`);
    return false;
  }
  report(name, started, 'ok');
  return true;
}

/** For its output only: it fails when it crashes, never by what it measures. */
async function runBench(): Promise<boolean> {
  const started = performance.now();
  const { code, output } = await run('node', ['bench/run.ts', '--quick']);
  console.log(output.trimEnd());
  report('bench', started, code === 0 ? 'ok' : 'FAILED');
  return code === 0;
}

/** Shows the tests as they run, and keeps their closing line for the end: it is the result of the whole. */
async function runTests(): Promise<boolean> {
  const started = performance.now();
  let closing = 'no test was run';
  const { code } = await run('node', ['scripts/test.ts', '--built'], {
    onLine: (line) => {
      if (/^\d+ passed, \d+ failed/.test(line)) closing = line;
      else console.log(line);
    },
  });
  report('tests', started, code === 0 ? 'ok' : 'FAILED');
  console.log(closing);
  return code === 0;
}

function report(name: string, started: number, result: string): void {
  console.log(
    `${name.padEnd(12)} ${result.padEnd(6)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`,
  );
}

async function main(): Promise<boolean> {
  for (const step of STEPS) if (!(await carryOut(step))) return false;
  return (await runBench()) && runTests();
}

process.exitCode = (await main()) ? 0 : 1;
