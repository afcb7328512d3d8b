/**
 * Side by side with what a user would pick instead: `npm run bench` (under three minutes), `npm run bench -- --quick`.
 *
 * It measures the built library: `npm run build` first. Each server is a process of its own; the load comes from another,
 * on another core where the system can tie processes to cores. All take turns, round by round.
 */
import { readdirSync, statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Child, PINNED, start } from './children.ts';
import { ANSWERED, type Contender, REFUSED } from './contenders.ts';
import type { CpuTime, Listening, LoadOrder, LoadResult } from './messages.ts';
import { type Measured, type Round, table } from './report.ts';

interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

const FULL: Plan = { rounds: 9, roundMs: 1000, warmUpMs: 2500 };
const QUICK: Plan = { rounds: 3, roundMs: 300, warmUpMs: 700 };

const SERVER_CORE = 0;
const LOAD_CORE = 1;

interface Running {
  readonly contender: Contender;
  readonly child: Child;
  readonly port: number;
  readonly rounds: Round[];
}

async function main(plan: Plan): Promise<void> {
  requireBuild();
  const client = start('./load.ts', LOAD_CORE);
  try {
    console.log(circumstances(plan));
    console.log(`\n${table(await measure(ANSWERED, client, plan))}`);
    console.log(`\n${table(await measure(REFUSED, client, plan))}`);
  } finally {
    await client.end();
  }
}

async function measure(contenders: readonly Contender[], client: Child, plan: Plan): Promise<Measured[]> {
  const running = await Promise.all(contenders.map(begin));
  try {
    for (const one of running) await warmUp(one, client, plan.warmUpMs);
    for (let n = 0; n < plan.rounds; n++) {
      for (const one of running) one.rounds.push(await round(one, client, plan.roundMs));
    }
  } finally {
    await Promise.all(running.map(({ child }) => child.end()));
  }
  return running.map(({ contender, rounds }) => ({ name: contender.name, rounds }));
}

async function begin(contender: Contender): Promise<Running> {
  const env = contender.limit === undefined ? {} : { LIMIT: String(contender.limit) };
  const child = start(`./servers/${contender.server}.ts`, SERVER_CORE, env);
  const { port } = await child.hear<Listening>();
  return { contender, child, port, rounds: [] };
}

/** Lets the server's code be compiled, and makes sure that what is measured is what the table says. */
async function warmUp({ contender, port }: Running, client: Child, ms: number): Promise<void> {
  const { head } = await client.ask<LoadResult>(orderFor(contender, port, ms));
  const missing = contender.headers.filter((name) => !head.toLowerCase().includes(`\r\n${name}:`));
  if (missing.length > 0) throw new Error(`${contender.name} lacks ${missing.join(', ')}:\n${head}`);
}

async function round({ contender, child, port }: Running, client: Child, ms: number): Promise<Round> {
  const before = await child.ask<CpuTime>('cpu');
  const result = await client.ask<LoadResult>(orderFor(contender, port, ms));
  const after = await child.ask<CpuTime>('cpu');
  if (result.unexpected > 0 || result.responses === 0) {
    throw new Error(`${contender.name}: ${result.unexpected} of ${result.responses} were not ${contender.status}`);
  }
  return {
    perSecond: result.responses / (result.ms / 1000),
    cpu: (after.cpu - before.cpu) / result.responses,
  };
}

function orderFor({ requests, status }: Contender, port: number, ms: number): LoadOrder {
  return { port, requests, status, ms };
}

function circumstances({ rounds, roundMs }: Plan): string {
  const pinned = PINNED ? 'server and load on a core each' : 'server and load share the cores';
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    `${rounds} rounds of ${roundMs} ms, 50 connections, ${pinned}, load before the start: ${loadavg()[0]?.toFixed(2)}`,
  ].join('\n');
}

/** What is measured must be what stands in the source. */
function requireBuild(): void {
  const library = fileURLToPath(new URL('../packages/bulwark/', import.meta.url));
  const built = statSync(`${library}dist/index.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(`${library}src`, { recursive: true, encoding: 'utf8' });
  const newer = sources.find(
    (file) =>
      /(?<!\.test)\.ts$/.test(file) && !file.includes('fixtures') && statSync(`${library}src/${file}`).mtimeMs > built,
  );
  if (newer !== undefined) throw new Error(`the build is older than src/${newer}: run \`npm run build\` first`);
}

await main(process.argv.includes('--quick') ? QUICK : FULL);
