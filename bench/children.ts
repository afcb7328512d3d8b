import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A process of this benchmark that answers questions, one at a time. */
export interface Child {
  /** The next thing it says. */
  hear<T>(): Promise<T>;
  /** Sends a message and waits for the answer. */
  ask<T>(message: string | number | object): Promise<T>;
  end(): Promise<void>;
}

/** Whether processes can be tied to cores here: then the load does not take the server's processor time. */
export const PINNED: boolean = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

/**
 * Starts a module of this folder as a process of its own. Its stdout, the log of requests, goes to /dev/null.
 *
 * @param core - the processor core that it is tied to; undefined: it takes whichever are free
 */
export function start(file: string, core: number | undefined, env: Readonly<Record<string, string>> = {}): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const isTied = PINNED && core !== undefined;
  const [command, ...args] = [...(isTied ? ['taskset', '-c', String(core)] : []), process.execPath, path];
  const child = spawn(command, args, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-4000);
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${file} ended with code ${String(code)}\n${errors}`)));
  });
  // Nobody may be waiting when a child is told to end.
  failed.catch(() => undefined);
  const hear = async <T>(): Promise<T> => {
    const [said] = (await Promise.race([once(child, 'message'), failed])) as [T];
    return said;
  };
  return {
    hear,
    ask<T>(message: string | number | object) {
      const answer = hear<T>();
      child.send(message);
      return answer;
    },
    async end() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      // Each of them goes when its parent has: by itself, so that a profile of it is written.
      if (child.connected) child.disconnect();
      else child.kill();
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(late);
    },
  };
}
