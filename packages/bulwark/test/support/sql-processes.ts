import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of sql-process.ts that has said that it is ready. */
export interface SqlProcess {
  /** Lets it go on. */
  go(): void;
  /** What it has written, and how it ended. Not before it ends by itself. */
  readonly end: Promise<{ readonly code: number | null; readonly lines: readonly string[] }>;
  kill(): void;
}

/** @param args - kind, address, task */
export async function sqlProcess(...args: readonly [string, string, string]): Promise<SqlProcess> {
  const script = fileURLToPath(new URL('./sql-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('ready\n')) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended before it was ready:\n${errors}`)));
  });
  const end = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    lines: output.split('\n').filter((line) => line !== '' && line !== 'ready'),
  }));
  await ready;
  return {
    end,
    go: () => {
      child.stdin.write('\n');
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
