import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Check } from '../src/check.ts';
import { CHECKS } from '../src/checks.ts';
import { ORDER, PRACTICE_IDS } from '../src/pipeline.ts';
import { PRACTICE_KEYS } from '../src/policy.ts';
import { filesUnder, type Manifest, PACKAGE, readJson } from './support/repository.ts';

const PRACTICES = `${PACKAGE}src/practices/`;
const HEADINGS = ['What it enforces', 'Why', 'How it is verified', 'Limits'];
const ASVS = readJson<{ ids: string[] }>(`${PACKAGE}test/data/asvs-5.0.0-ids.json`).ids;

const ids = PRACTICE_IDS.toSorted();
const camelCase = (id: string): string => id.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const practiceOf = (checkId: string): string => checkId.slice(0, checkId.indexOf('/'));

describe('the set of practices is one set', () => {
  it('as folders', () => {
    expect(readdirSync(PRACTICES).toSorted()).toEqual(ids);
  });

  it('as subpath exports', () => {
    const { exports = {} } = readJson<Manifest>(`${PACKAGE}package.json`);
    const practices = Object.entries(exports).filter(([, target]) => JSON.stringify(target).includes('/practices/'));
    expect(practices.map(([subpath]) => subpath).toSorted()).toEqual(ids.map((id) => `./${id}`));
    for (const [subpath, target] of practices) {
      const base = `./dist/practices/${subpath.slice(2)}/index`;
      expect(target).toEqual({ types: `${base}.d.ts`, default: `${base}.js` });
    }
  });

  it('as policy keys, in camel case', () => {
    expect(PRACTICE_KEYS).toEqual(Object.fromEntries(ids.map((id) => [id, camelCase(id)])));
  });

  it('as prefixes of check ids: each practice has a check', () => {
    expect([...new Set(CHECKS.map((check) => practiceOf(check.id)))].toSorted()).toEqual(ids);
  });
});

describe.each(ids)('practice %s', (id) => {
  const folder = `${PRACTICES}${id}/`;

  it.each(['index.ts', 'checks.ts', 'README.md', 'fixtures/vulnerable/app.ts', 'fixtures/secured/app.ts'])(
    'has %s',
    (file) => {
      expect(existsSync(folder + file)).toBe(true);
    },
  );

  it('has tests beside it', () => {
    expect(filesUnder(folder, (path) => /^[^/]+\.test\.ts$/.test(path))).not.toEqual([]);
  });

  it('says what it enforces, why, how that is verified, and its limits', () => {
    const readme = readFileSync(`${folder}README.md`, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    const parts = readme.split(/^## /m).slice(1);
    expect(parts.map((part) => part.split('\n')[0]?.trim())).toEqual(HEADINGS);
    for (const part of parts) expect(part.split('\n').slice(1).join('').trim()).not.toBe('');
  });

  it('is made by one factory that bears its name', async () => {
    const module = (await import(`${folder}index.ts`)) as Record<string, unknown>;
    expect(module[camelCase(id)]).toBeTypeOf('function');
  });

  it('has checks, under its own prefix, in the registry and in its README', async () => {
    const { checks: own } = (await import(`${folder}checks.ts`)) as { checks: readonly Check[] };
    const readme = readFileSync(`${folder}README.md`, 'utf8');
    expect(own).not.toEqual([]);
    expect(own.filter((check) => practiceOf(check.id) !== id).map((check) => check.id)).toEqual([]);
    expect(own.filter((check) => !CHECKS.includes(check)).map((check) => check.id)).toEqual([]);
    expect(own.filter((check) => !readme.includes(check.id)).map((check) => check.id)).toEqual([]);
  });
});

describe('checks', () => {
  it('have ids of their own', () => {
    const seen = CHECKS.map((check) => check.id);
    expect(seen.filter((id, i) => seen.indexOf(id) !== i)).toEqual([]);
  });

  it.each(CHECKS.map((check) => [check.id, check] as const))('%s: is fully described', (id, check) => {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*\/[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(check.title.trim()).not.toBe('');
    expect(check.cwe).not.toEqual([]);
    expect(check.cwe.filter((cwe) => !Number.isSafeInteger(cwe) || cwe <= 0)).toEqual([]);
    // ASVS has no requirement for some hardening headers: an id that nearly fits would say more than is true.
    if (!['info', 'low'].includes(check.severity)) expect(check.asvs).not.toEqual([]);
    expect(check.asvs.filter((requirement) => !ASVS.includes(requirement))).toEqual([]);
  });
});

describe('the order', () => {
  it('holds each step once', () => {
    const steps = ORDER.map((place) => place.step);
    expect(steps.filter((step, i) => steps.indexOf(step) !== i)).toEqual([]);
  });

  it('holds every practice but errors, behind the app, secrets, before all requests, and passwords, which handlers call', () => {
    const practices = new Set<string>(ORDER.flatMap((place) => place.practice ?? []));
    expect([...practices].toSorted()).toEqual(ids.filter((id) => !['errors', 'secrets', 'passwords'].includes(id)));
  });

  it.each(ORDER.map((place, i) => [place.step, place, i] as const))('%s: comes after what it names', (_, place, i) => {
    const before: string[] = ORDER.slice(0, i).map((earlier) => earlier.step);
    expect(Object.keys(place.after).filter((step) => !before.includes(step))).toEqual([]);
    for (const reason of Object.values(place.after)) expect(reason).toMatch(/\w+ \w+ \w+/);
  });
});

describe('source files', () => {
  const files = [
    ...filesUnder(`${PACKAGE}src`, (path) => path.endsWith('.ts')).map((path) => `src/${path}`),
    ...filesUnder(`${PACKAGE}test`, (path) => path.endsWith('.ts')).map((path) => `test/${path}`),
  ];
  const linesOf = (path: string): string[] =>
    readFileSync(PACKAGE + path, 'utf8')
      .trimEnd()
      .split('\n');
  const code = (path: string): string[] => linesOf(path).filter((line) => !/^\s*(?:\/?\*|\/\/)/.test(line));

  it('have at most 400 lines', () => {
    expect(files.filter((path) => linesOf(path).length > 400)).toEqual([]);
  });

  it('have names in kebab case', () => {
    expect(
      files.filter((path) => !/^(?:[a-z0-9]+(?:[-.][a-z0-9]+)*\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(path)),
    ).toEqual([]);
  });

  it('have no default export', () => {
    expect(files.filter((path) => code(path).some((line) => /^\s*export default\b/.test(line)))).toEqual([]);
  });

  it('have no `any`', () => {
    const any = /(?::|<|\||&|,|\bas)\s*any\b(?=\s*(?:[;,)=>\]|&{[]|$))/;
    expect(
      files.flatMap((path) =>
        code(path)
          .filter((line) => any.test(line))
          .map((line) => `${path}: ${line.trim()}`),
      ),
    ).toEqual([]);
  });
});
