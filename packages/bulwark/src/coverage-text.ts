import { type Coverage, type CoverageRow, UNUSED } from './coverage.ts';
import { PRACTICE_IDS, type PracticeId } from './pipeline.ts';

/**
 * The coverage for a terminal: who may call each route, what else a route asks for or is exempt from, and what holds
 * nowhere. (`console.table` shows the practices as `[Object]`.)
 *
 * @param rows - what `gate.coverage()` returned
 * @param width - columns; default 80
 * @example console.log(describeCoverage(gate.coverage(), process.stdout.columns))
 */
export function describeCoverage(rows: readonly CoverageRow[], width = 80): string {
  if (rows.length === 0) return 'no routes';
  const methods = Math.max(...rows.map(({ method }) => method.length)) + 1;
  const paths = Math.min(Math.max(...rows.map((row) => pathOf(row).length)) + 2, Math.max(20, Math.floor(width / 2)));
  const indent = methods + paths;
  const others = PRACTICE_IDS.filter((id) => id !== 'access');
  const lines = rows.flatMap((row) => {
    const { method, practices } = row;
    const said = [whoMayCall(practices.access), ...others.flatMap((id) => special(id, practices[id]))].flatMap((text) =>
      wrap(text, Math.max(20, width - indent)),
    );
    const place = `${method.padEnd(methods)}${pathOf(row)}`;
    const head = place.length < indent ? place.padEnd(indent) : `${place}\n${' '.repeat(indent)}`;
    return said.map((text, i) => `${i === 0 ? head : ' '.repeat(indent)}${text}`);
  });
  const nowhere = others.flatMap((id) => {
    const { state, reason = '' } = rows[0]?.practices[id] ?? { state: 'enforced' };
    return state === 'missing' ? [`${id} (${reason})`] : [];
  });
  const everywhere = others.filter((id) => rows.every(({ practices }) => practices[id].state === 'enforced'));
  return [
    ...lines,
    '',
    ...wrap(`On every route: ${everywhere.join(', ')}`, width),
    ...(nowhere.length === 0 ? [] : wrap(`On none: ${nowhere.join(', ')}`, width)),
  ].join('\n');
}

/** A middleware answers on its path and on all below it. */
function pathOf({ kind, path }: CoverageRow): string {
  return kind === 'middleware' ? `${path === '/' ? '' : path}/…` : path;
}

function whoMayCall({ state, reason = 'as the policy says' }: Coverage): string {
  if (state === 'exempt') return `public: ${reason}`;
  if (state === 'missing') return `ANYBODY: ${reason}`;
  return reason.startsWith('denied') ? `NOBODY: ${reason}` : reason;
}

/** What differs from the policy on this route. */
function special(id: PracticeId, { state, reason }: Coverage): string[] {
  if (state === 'exempt') return reason === UNUSED ? [] : [`without ${id}: ${reason}`];
  return state === 'enforced' && reason !== undefined ? [`${id}: ${reason}`] : [];
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines;
}
