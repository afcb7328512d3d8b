import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { temporaryFolder, XDG_DATA_HOME } from './server.ts';

const APP = fileURLToPath(new URL('../../', import.meta.url));

/** `node src/main.ts` as a process of its own. */
export interface Child {
  /** What it has written to stdout. */
  out(): string;
  /** What it has written to stderr. */
  err(): string;
  /** Resolves once stdout has a text; rejects if the process ends before. */
  says(text: string): Promise<void>;
  /** Waits for its end; code, or the signal that killed it. */
  readonly exited: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

const children = new Set<ChildProcess>();

/** Starts the server with these variables; DATA_DIR is a fresh folder, and nothing of this process's settings is left. */
export function startChild(env: Readonly<Record<string, string>>): Child {
  const own = Object.entries(process.env).filter(([name]) => /^(?:PATH|HOME|SystemRoot|TEMP|TMP)$/i.test(name));
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: APP,
    env: { ...Object.fromEntries(own), XDG_DATA_HOME, DATA_DIR: temporaryFolder(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    child.emit('said');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const exited = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    child.emit('said');
    return (code ?? signal) as number | string;
  });
  return {
    out: () => out,
    err: () => err,
    exited,
    kill: (signal) => void child.kill(signal),
    async says(text) {
      while (!out.includes(text)) {
        if (!children.has(child)) throw new Error(`it ended without saying ${JSON.stringify(text)}:\n${out}${err}`);
        await once(child, 'said');
      }
    },
  };
}

/** Ends whatever a test has left running. */
export async function endChildren(): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }),
  );
}

/** Free ports of loopback, as the kernel gives them out. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
