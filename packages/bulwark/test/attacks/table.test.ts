import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks.ts';
import { PACKAGE, ROOT } from '../support/repository.ts';

const FOLDER = `${PACKAGE}test/attacks/`;
const FOLDER_IN_DOCS = 'packages/bulwark/test/attacks/';
const NUMBER = /^[1-9](?:\.\d{1,2}){1,2}[a-z]?$/;

const [attacks = '', later = ''] = readFileSync(`${ROOT}docs/attacks.md`, 'utf8').split(/^## Later$/m);

/** The cells of each row of a table, without its head. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Number'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** `1.2.7a, 2.3` names the one test of two items. */
const numbersOf = (cell: string): string[] => cell.split(', ');

const table = rowsOf(attacks).flatMap(([numbers = '', , , , link = '']) =>
  numbersOf(numbers).map((number) => `${number} ${/^\[`([^`]+)`\]/.exec(link)?.[1]}`),
);
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.test.ts') && file !== 'table.test.ts');
const tests = files.flatMap((file) =>
  [...readFileSync(FOLDER + file, 'utf8').matchAll(/\bit\(\s*(['"`])([^:'"`]+): /g)].flatMap(([, , numbers = '']) =>
    numbersOf(numbers).map((number) => `${number} ${file}`),
  ),
);

describe('the table of attacks', () => {
  it('has a test for each row, and a row for each test, in the file that it names', () => {
    expect(table.toSorted()).toEqual(tests.toSorted());
  });

  it('names each attack once, by a number of the list', () => {
    const numbers = table.map((entry) => entry.split(' ')[0] ?? '');
    expect(numbers.filter((number, i) => numbers.indexOf(number) !== i || !NUMBER.test(number))).toEqual([]);
  });

  it('says of each what it does to the hand-wired stack and to Bulwark', () => {
    for (const row of rowsOf(attacks)) {
      expect(row).toHaveLength(5);
      expect(row.filter((cell) => cell === '')).toEqual([]);
      expect(row[4]).toMatch(/^\[`([^`]+)`\]\(\.\.\/packages\/bulwark\/test\/attacks\/\1\)$/);
    }
  });

  it('is counted in the README, and so are the checks', () => {
    const readme = readFileSync(`${ROOT}README.md`, 'utf8');
    expect(readme).toContain(`lists ${rowsOf(attacks).length} attacks`);
    expect(readme).toContain(`the probes of ${CHECKS.length} checks`);
  });

  it('holds every test of the folder', () => {
    for (const file of files) expect(attacks).toContain(`(../${FOLDER_IN_DOCS}${file})`);
    // A test without a number would be in no row.
    for (const file of files) {
      const text = readFileSync(FOLDER + file, 'utf8');
      const all = text.match(/^\s*it(?:\.\w+)?\(/gm)?.length ?? 0;
      const numbered = text.match(/\bit\(\s*['"`][1-9][\d.a-z, ]*: /g)?.length ?? 0;
      expect([file, all]).toEqual([file, numbered]);
    }
  });

  it('lists what belongs to later work apart from it', () => {
    const listed = rowsOf(later).flatMap(([numbers = '']) => numbersOf(numbers));
    expect(listed.length).toBeGreaterThan(0);
    expect(listed.filter((number) => !NUMBER.test(number))).toEqual([]);
    expect(listed.filter((number) => table.some((entry) => entry.startsWith(`${number} `)))).toEqual([]);
  });
});
