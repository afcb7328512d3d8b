/**
 * `npm run bench`: measures everything and writes RESULTS.md.
 *
 * `-- --quick`: rough, in less than a minute. `-- --json`: nothing but JSON on stdout. `-- --only memory,redis`: these alone.
 * `-- --profile memory`: a processor profile of Bulwark under that load, and its first functions.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PARTS, provide } from '../scripts/real-parts.ts';
import { requireBuild } from './built.ts';
import { PINNED } from './children.ts';
import type { Measurement, Row } from './measurement.ts';
import { ALL } from './measurements/all.ts';
import { FULL, type Plan, QUICK } from './plan.ts';
import { profile } from './profile.ts';
import { type Circumstances, table, writeResults } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
/** With --json, stdout is for the JSON. */
const say = (line: string): void => (flags.json ? console.error(line) : console.log(line));

async function main(): Promise<void> {
  requireBuild();
  const { env } = await provide(
    PARTS.filter(({ name }) => name === 'wrk' || name === 'redis'),
    say,
  );
  Object.assign(process.env, env);
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-bench-'));
  try {
    const plan = { ...(flags.quick ? QUICK : FULL), folder };
    if (flags.profile === undefined) await measure(plan);
    else await profile(flags.profile, plan, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(plan: Plan): Promise<void> {
  const circumstances = circumstancesOf(plan);
  say(circumstances.machine);
  const rows: Row[] = [];
  for (const measurement of chosen()) {
    say(`\n${measurement.title} …`);
    try {
      const found = await measurement.run(plan);
      rows.push(...found);
      say(table(found));
    } catch (error) {
      // The others are worth having all the same.
      console.error(error);
      process.exitCode = 1;
    }
  }
  if (flags.json) {
    const ratios = Object.fromEntries(rows.map(({ id, ratio }) => [id, ratio]));
    console.log(JSON.stringify({ ratios, rows, ...circumstances }, null, 2));
  }
  if (!flags.quick && flags.only === undefined && process.exitCode !== 1) {
    writeResults(rows, layers(), circumstances);
    say('\nbench/RESULTS.md is written.');
  }
}

function chosen(): readonly Measurement[] {
  const only = flags.only?.split(',');
  const unknown = only?.filter((id) => ALL.every((measurement) => measurement.id !== id)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`--only: there is no ${unknown.join(', ')}; there are ${ALL.map(({ id }) => id).join(', ')}`);
  }
  if (only !== undefined) return ALL.filter(({ id }) => only.includes(id));
  return ALL.filter(({ isLong }) => !flags.quick || isLong === undefined);
}

/** In a process of its own: what was measured before must not have warmed it up. */
function layers(): string {
  return execFileSync(process.execPath, [fileURLToPath(new URL('layers.ts', import.meta.url))], { encoding: 'utf8' });
}

const SHOWN = ['express', 'helmet', 'express-rate-limit', 'express-session', 'pino-http', 'csrf-csrf', 'fastify'];

function circumstancesOf({ rounds, quick }: Plan): Circumstances {
  const resolve = createRequire(import.meta.url);
  const versionOf = (name: string): string => {
    const path = resolve.resolve.paths(name)?.map((folder) => join(folder, name, 'package.json')) ?? [];
    for (const file of path) {
      try {
        return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
      } catch {
        // Further up.
      }
    }
    return 'unknown';
  };
  const pinned = PINNED ? 'server and load on a core each' : 'server and load share the cores';
  const busy = loadavg()[0]?.toFixed(1);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${pinned}; ${rounds} rounds${quick ? ', quick' : ''}; load before the start ${busy}`,
    versions: { node: process.versions.node, ...Object.fromEntries(SHOWN.map((name) => [name, versionOf(name)])) },
  };
}

await main();
