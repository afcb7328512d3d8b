import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../src/errors.ts';

const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const codes: ReadonlyMap<string, ErrorCode> = new Map(Object.entries(ERROR_CODES));

/** The rows of the document's tables: cells by column name. */
function rowsOf(markdown: string): Record<string, string>[] {
  let columns: string[] = [];
  return markdown.split('\n').flatMap((line) => {
    if (!line.startsWith('|') || /^[\s|:-]+$/.test(line)) return [];
    const cells = line
      .slice(1, line.lastIndexOf('|'))
      .split(' | ')
      .map((cell) => cell.trim());
    if (cells[0] === 'Code') {
      columns = cells;
      return [];
    }
    return [Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']))];
  });
}

const rows = rowsOf(document);

describe('docs/errors.md and the table of codes', () => {
  it('explains every code exactly once, and no other', () => {
    const explained = rows.map((row) => (row.Code ?? '').replaceAll('`', ''));
    expect(explained.toSorted()).toEqual([...codes.keys()].toSorted());
  });

  it.each(rows.map((row) => [row.Code ?? '', row] as const))('%s: says what the table of codes says', (name, row) => {
    const code = codes.get(name.replaceAll('`', ''));
    expect(row['What it means']).toBe(code?.title);
    expect(row.Status).toBe(code?.status === undefined ? undefined : String(code.status));
    expect(row.When).toMatch(/\w.*\.$/);
    expect(row['What to do']).toMatch(/\w.*\.$/);
  });
});
