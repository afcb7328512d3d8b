import { isAbsolute } from 'node:path';
import { parseEnv } from 'node:util';
import { nearest } from '../../options.ts';
import { cleanText } from '../logging/clean-text.ts';
import type { EnvironmentProblem } from './environment-error.ts';
import { readSmallFile, withoutLastLineBreak } from './read-file.ts';

/** Variables by name, as `process.env` has them. */
export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

/** What was found of one variable. */
export type Found =
  | { readonly text: string; readonly file?: string }
  | { readonly absent: true }
  | { readonly problem: EnvironmentProblem };

/** Mounted for one container: whoever can look in there is the program itself. */
const MOUNTED = /^\/(?:var\/)?run\/secrets\//;

/** Reads variables from what the process was given, and in development from a `.env` file. Assigns nothing. */
export class VariableReader {
  readonly #given: EnvironmentSource;
  readonly #fromFile: EnvironmentSource;
  readonly #warn: (sentence: string) => void;

  constructor(given: EnvironmentSource, fromFile: EnvironmentSource, warn: (sentence: string) => void) {
    this.#given = given;
    this.#fromFile = fromFile;
    this.#warn = warn;
  }

  /** `NAME`, or the content of the file that `NAME_FILE` names. Empty is absent. */
  find(name: string): Found {
    // What the process was given stands as a whole: a `.env` file adds no second source to it.
    const isGiven = textOf(this.#given, name) !== undefined || textOf(this.#given, `${name}_FILE`) !== undefined;
    const source = isGiven ? this.#given : this.#fromFile;
    const text = textOf(source, name);
    const path = textOf(source, `${name}_FILE`);
    if (text !== undefined && path !== undefined) {
      const problem = `and ${name}_FILE are both set, and they may differ`;
      return { problem: { variable: name, problem, fix: 'keep one of the two' } };
    }
    if (path !== undefined) return this.#read(name, path);
    return text === undefined ? { absent: true } : { text };
  }

  /** A variable that is set, that nobody asked for, and that is nearly called so. */
  lookalike(name: string, asked: ReadonlySet<string>): string | undefined {
    const set = [...Object.keys(this.#given), ...Object.keys(this.#fromFile)];
    if (name.length < 5) return undefined;
    const candidates = set.filter(
      (other) =>
        other.length >= 5 &&
        Math.abs(other.length - name.length) <= 2 &&
        !asked.has(other) &&
        !asked.has(other.replace(/_FILE$/, '')),
    );
    return nearest(name, candidates);
  }

  #read(name: string, path: string): Found {
    const variable = `${name}_FILE`;
    // Whoever put the secret itself there must not find it in a message: only what is a path is shown.
    if (!isAbsolute(path)) {
      const problem = 'does not hold an absolute path';
      return { problem: { variable, problem, fix: `name a file: ${variable}=/run/secrets/${name.toLowerCase()}` } };
    }
    const shown = cleanText(path, 200);
    const reading = readSmallFile(path);
    if ('problem' in reading) {
      const fix = reading.missing
        ? 'mount the file there, or name the one that is meant'
        : 'name a text file of at most 64 KiB that the user of this process may read';
      return { problem: { variable, problem: `names ${shown}, which ${reading.problem}`, fix } };
    }
    const text = withoutLastLineBreak(reading.text);
    if (text === '') {
      return { problem: { variable, problem: `names ${shown}, which is empty`, fix: 'write the value into the file' } };
    }
    if (reading.readableByAll && !MOUNTED.test(path)) {
      this.#warn(`${variable} names ${shown}, which every user of this machine may read: chmod 400 it`);
    }
    return { text, file: shown };
  }
}

/** What a `.env` file says; nothing where there is none. */
export function readEnvFile(path: string): { source: EnvironmentSource; problem?: EnvironmentProblem } {
  const reading = readSmallFile(path);
  if ('text' in reading) return { source: parseEnv(reading.text) };
  if (reading.missing) return { source: {} };
  const fix = 'make it a text file of at most 64 KiB, or pass file: false';
  return { source: {}, problem: { variable: path, problem: reading.problem, fix } };
}

function textOf(source: EnvironmentSource, name: string): string | undefined {
  const value: unknown = Object.hasOwn(source, name) ? source[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
