/** `node bench/measure.ts [id …] [--quick]`: rows of single measurements, as a Markdown table. */
import type { Row } from './measurement.ts';
import { ALL } from './measurements/all.ts';
import type { Plan } from './plan.ts';

const FULL: Plan = { quick: false, rounds: 9, roundMs: 1000, warmUpMs: 2500 };
const QUICK: Plan = { quick: true, rounds: 3, roundMs: 300, warmUpMs: 700 };

const [wanted, flags] = [process.argv.slice(2).filter((arg) => !arg.startsWith('--')), process.argv.slice(2)];
const plan = flags.includes('--quick') ? QUICK : FULL;

console.log('| | ratio | middle half | goal | hand-wired | |\n| --- | ---: | ---: | ---: | ---: | --- |');
for (const measurement of ALL) {
  if (wanted.length > 0 && !wanted.includes(measurement.id)) continue;
  for (const row of await measurement.run(plan)) console.log(lineOf(row));
}

function lineOf({ title, ratio, low, high, goal = {}, handWired, note = '' }: Row): string {
  const { atLeast, atMost } = goal;
  const wish = [atLeast === undefined ? '' : `≥ ${atLeast}`, atMost === undefined ? '' : `≤ ${atMost}`].join('');
  const cells = [title, ratio.toFixed(2), `${low.toFixed(2)} – ${high.toFixed(2)}`, wish, handWired?.toFixed(2) ?? ''];
  return `| ${[...cells, note].join(' | ')} |`;
}
