import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { ROOT } from './workspace.ts';

/** How a process is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the workspace's root. */
  readonly cwd?: string;
  /** Called with each line as it is written, in place of collecting the output. */
  readonly onLine?: (line: string) => void;
}

/** How a process ended. */
export interface Ran {
  readonly code: number;
  /** stdout and stderr as they came, unless `onLine` took them. */
  readonly output: string;
}

/** Runs a program of the workspace (its node_modules/.bin comes first in PATH) without stdin, and waits for its end. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const path = [`${ROOT}node_modules/.bin`, process.env.PATH].join(delimiter);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, PATH: path, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const streams = [child.stdout, child.stderr].map((stream) => {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        if (options.onLine === undefined) {
          output += chunk;
          return;
        }
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) options.onLine(line);
      });
      return () => (rest === '' ? undefined : options.onLine?.(rest));
    });
    child.on('error', reject);
    child.on('close', (code) => {
      for (const flush of streams) flush();
      resolve({ code: code ?? 1, output });
    });
  });
}
