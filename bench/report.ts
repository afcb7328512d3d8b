import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { barChart } from './bar-chart.ts';
import type { Row } from './measurement.ts';

/** The circumstances of a run. */
export interface Circumstances {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** The rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const head = '| | ratio | middle half | goal | met | hand-wired | |\n| --- | ---: | ---: | ---: | --- | ---: | --- |';
  return [head, ...rows.map(lineOf)].join('\n');
}

function lineOf({ title, ratio, low, high, goal, handWired, note = '' }: Row): string {
  const wish = goal?.atLeast === undefined ? goal?.atMost && `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  const cells = [title, shown(ratio), `${shown(low)} – ${shown(high)}`, wish ?? '', metOf(ratio, goal)];
  return `| ${[...cells, handWired === undefined ? '' : shown(handWired), note].join(' | ')} |`;
}

function metOf(ratio: number, goal: Row['goal']): string {
  if (goal === undefined) return '';
  const isMet =
    ratio >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) && ratio <= (goal.atMost ?? Number.POSITIVE_INFINITY);
  return isMet ? 'met' : '**missed**';
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}

const RESULTS = fileURLToPath(new URL('RESULTS.md', import.meta.url));
const CHART = fileURLToPath(new URL('results/ratios.svg', import.meta.url));

/** Writes RESULTS.md and its chart. */
export function writeResults(rows: readonly Row[], layers: string, { date, machine, versions }: Circumstances): void {
  writeFileSync(CHART, chartOf(rows));
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  writeFileSync(
    RESULTS,
    `# Results

Written by \`npm run bench\` on ${date}. ${machine}.

${used.join(', ')}.

Ratios, each taken within one round, where both sides ran one after the other; the median and the middle half of all rounds.
[README.md](README.md) says what each side does, and what is fair in it. What a goal asks for is measured as the goal says;
"missed" means that it is not reached on this machine.

${table(rows)}

\`bulwark audit\` of 100,000 lines (goal: 5 s) cannot be measured: there is no such command yet.

![Answers per second against bare Express](results/ratios.svg)

![How the cost of an answer grows](results/growth.svg)

## Layers

Nanoseconds per request of each step and each response hook, in process (\`node bench/layers.ts\`). A step runs for 500 requests
in a row, so all that it needs is in the processor's caches; a server that talks to 50 connections pays two to four times as much.

${layers}
`,
  );
}

const CHARTED: Readonly<Record<string, string>> = {
  memory: 'everything on, in memory',
  redis: 'everything on, one Redis',
  refused429: '429, over the limit',
  refused403: '403, foreign POST',
  refusedHost: '421, foreign host',
  refusedOversized: '413, body too large',
};

function chartOf(rows: readonly Row[]): string {
  const charted = rows.filter(({ id }) => id in CHARTED);
  const rounded = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toFixed(2)));
  return barChart({
    title: 'Answers per second, bare Express 5 = 1',
    subtitle: 'one core, 50 connections; refusals against bare Express’s normal answer',
    names: charted.map(({ id }) => CHARTED[id] ?? id),
    series: [
      { name: 'Bulwark', color: '#1f6f54', values: charted.map(({ ratio }) => rounded(ratio)) },
      { name: 'hand-wired', color: '#b9a27a', values: charted.map(({ handWired }) => rounded(handWired)) },
    ],
  });
}
