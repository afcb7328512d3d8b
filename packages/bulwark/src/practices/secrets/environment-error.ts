import { ConfigError } from '../../errors.ts';

/** One variable that cannot be used. It holds names, lengths and paths, never a value. */
export interface EnvironmentProblem {
  /** The variable's name. */
  readonly variable: string;
  /** What is wrong: the rest of a sentence that begins with the variable. */
  readonly problem: string;
  /** What to do. */
  readonly fix: string;
}

const WIDTH = 80;
const INDENT = '      ';

/**
 * Every variable that cannot be used, in one error: `ERR_ENVIRONMENT`. Its message is made for a terminal.
 *
 * @example
 * try { env(schema) } catch (error) { if (error instanceof EnvironmentError) report(error.problems) }
 */
export class EnvironmentError extends ConfigError {
  readonly #problems: readonly EnvironmentProblem[];

  /** @param notes - what may have led to it, such as a file that was left unread */
  constructor(problems: readonly EnvironmentProblem[], mode: string, notes: readonly string[] = []) {
    const count = problems.length === 1 ? '1 environment variable' : `${problems.length} environment variables`;
    const head = `${count} cannot be used (mode: ${mode}) [ERR_ENVIRONMENT]`;
    const blocks = problems.map(describe);
    const fix = 'set the variables as `problems` says of each';
    super('ERR_ENVIRONMENT', {
      field: 'environment',
      message: problems.map(({ variable, problem }) => `${variable} ${problem}`).join('; '),
      fix,
      text: [head, ...blocks, ...notes.map((note) => wrap(`Note: ${note}.`, '  ', '  '))].join('\n\n'),
    });
    this.#problems = Object.freeze(problems.map((problem) => Object.freeze({ ...problem })));
  }

  /** Each variable, what is wrong with it and what to do. */
  get problems(): readonly EnvironmentProblem[] {
    return this.#problems;
  }
}

function describe({ variable, problem, fix }: EnvironmentProblem): string {
  return `${wrap(`${variable} ${problem}`, '  ', INDENT)}\n${wrap(`Fix: ${fix}`, INDENT, INDENT)}`;
}

/** Breaks between words where a line would not fit a terminal; a word that is longer than a line stays whole. */
function wrap(text: string, first: string, next: string): string {
  const lines = [first];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.trim() === '') lines[lines.length - 1] = line + word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(next + word);
  }
  return lines.join('\n');
}
