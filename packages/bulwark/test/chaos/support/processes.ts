import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('limit-process.ts', import.meta.url));

/** Several processes of one app. */
export interface Processes {
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** Starts `count` processes of limit-process.ts, and waits until each listens. */
export async function startProcesses(count: number, place: string, redis: string): Promise<Processes> {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [PROCESS, place, redis], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const close = async (): Promise<void> => void (await Promise.all(children.map(end)));
  try {
    const urls = await Promise.all(children.map(async (child) => `http://127.0.0.1:${await portOf(child)}`));
    return { urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const piece of child.stdout ?? []) {
    const port = Number(String(piece));
    if (port > 0) return port;
  }
  throw new Error('a process has ended before it listened');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
