import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real server of this test's own. */
export interface DatabaseServer {
  /** Where it is, with user, password and database. */
  readonly url: string;
  readonly password: string;
  readonly port: number;
  /** Ends it at once, as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again, on the same port with the same data. */
  restart(): Promise<void>;
  /** Stops all its processes where they stand: connections stay open and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Whom a server runs as. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** What is different between servers. */
export interface DatabaseProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: ServerUser;
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly url: string;
  /** Rejects until it answers. */
  answers(): Promise<void>;
}

/** A password as strange as an URL allows without escapes. */
export function randomPassword(): string {
  return randomBytes(12).toString('hex');
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The user of a server that refuses to run as root; nobody else where this process is not root. */
export function userOf(name: string): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`this machine has no user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** A new folder that belongs to the server. */
export function folderFor(name: string, { uid, gid }: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `bulwark-${name}-`));
  chmodSync(folder, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** Runs a program to its end. */
export async function runAs(user: ServerUser, command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output.slice(-2000)}`);
}

/** Starts a server and waits until it answers. It ends with this process, if not before. */
export async function startDatabase(program: DatabaseProgram): Promise<DatabaseServer> {
  let child = await launch(program);
  const endWithUs = (): void => signalAll(child, 'SIGKILL');
  process.once('exit', endWithUs);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    signalAll(child, 'SIGKILL');
    await ended;
  }

  return {
    url: program.url,
    password: program.password,
    port: program.port,
    kill,
    async restart() {
      await kill();
      child = await launch(program);
    },
    pause: () => signalAll(child, 'SIGSTOP'),
    resume: () => signalAll(child, 'SIGCONT'),
    async stop() {
      await kill();
      process.off('exit', endWithUs);
      // Its last processes may still be writing.
      rmSync(program.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

async function launch({ command, args, user, answers }: DatabaseProgram): Promise<ChildProcess> {
  const child = spawn(command, args, { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  for (let tries = 0; ; tries++) {
    try {
      await answers();
      return child;
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${output}`);
      if (tries > 400) {
        signalAll(child, 'SIGKILL');
        throw new Error(`${command} does not answer:\n${output}`, { cause: error });
      }
      await sleep(50);
    }
  }
}

/** PostgreSQL is many processes: each connection has its own. */
function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  // The parent first when it is to stop: else it would start others meanwhile.
  for (const one of [pid, ...childrenOf(pid)]) {
    try {
      process.kill(one, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    // "pid (name) state ppid …": the name may hold anything, also a parenthesis.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
