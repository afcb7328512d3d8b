import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Policy } from '../../../src/index.ts';
import type { Figures } from './program.ts';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

/** A server under load, in a process of its own. */
export interface Child {
  readonly port: number;
  readonly url: string;
  /** Begins to measure, and says how it stands. */
  begin(): Promise<Figures>;
  /** What was measured since. */
  read(): Promise<Figures>;
}

const running = new Set<ChildProcess>();

/** Starts the program of the load tests: an app in a gate, or bare Express. */
export async function startChild(kind: 'gate' | 'bare', policy: Partial<Policy> = {}): Promise<Child> {
  const child = fork(PROGRAM, [kind, JSON.stringify(policy)], { execArgv: [], env: { PATH: process.env.PATH } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const [port] = (await once(child, 'message')) as [number];
  const ask = async (question: string): Promise<Figures> => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0] as Figures;
  };
  return { port, url: `http://127.0.0.1:${port}`, begin: () => ask('begin'), read: () => ask('read') };
}

/** Ends every child. */
export async function endChildren(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }),
  );
}
