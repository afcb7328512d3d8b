import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The server's binary, handed over by scripts/test.ts; its own notice says if it is missing. */
export const REDIS_SERVER: string | undefined = process.env.BULWARK_REDIS_SERVER;

/** How the server is to be started. */
export interface RedisStart {
  readonly password?: string;
  /** PEM files; the server then speaks TLS only. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** A cluster of one node that has all slots. */
  readonly cluster?: boolean;
  /** Further arguments. */
  readonly args?: readonly string[];
}

/** A real Redis server on a free loopback port, in a temporary folder. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Sends one command on a connection of its own, as plain text (`FLUSHALL`), and returns the raw answer. */
  command(text: string): Promise<string>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same port, after `kill`. */
  restart(): Promise<void>;
  /** Stops it from doing anything, with its connections open (SIGSTOP). */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a server and waits until it answers. */
export async function startRedis(start: RedisStart = {}): Promise<RedisServer> {
  const binary = REDIS_SERVER;
  if (binary === undefined) throw new Error('BULWARK_REDIS_SERVER is not set');
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-redis-'));
  const port = await freePort();
  const { password, tls, cluster = false } = start;
  const auth = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  let child: ChildProcess | undefined;

  async function launch(): Promise<void> {
    const started = spawn(binary as string, argumentsFor(port, folder, start), { stdio: 'ignore' });
    child = started;
    await ready(started);
  }

  async function ready(started: ChildProcess): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
      if (await (tls === undefined ? answers() : accepts())) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('redis-server does not answer');
  }

  const answers = async (): Promise<boolean> => {
    const answer = await exchange(port, password, cluster ? 'CLUSTER INFO' : 'PING').catch(() => '');
    return cluster ? answer.includes('cluster_state:ok') : answer.includes('PONG');
  };
  const accepts = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });

  async function end(): Promise<void> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill('SIGKILL');
    await exited;
  }

  const launching = launch();
  if (cluster) {
    // Its slots are given once it answers at all; only then is the cluster in order.
    for (let attempt = 0; attempt < 200; attempt++) {
      const answer = await exchange(port, password, 'CLUSTER ADDSLOTSRANGE 0 16383').catch(() => '');
      if (answer.includes('OK')) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  await launching;

  return {
    port,
    url: `${tls === undefined ? 'redis' : 'rediss'}://${auth}127.0.0.1:${port}`,
    command: (text) => exchange(port, password, text),
    kill: end,
    restart: launch,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing is kept, and nobody else is answered. */
const LOCAL = ['--bind', '127.0.0.1', '--protected-mode', 'no', '--save', '', '--appendonly', 'no'];

function argumentsFor(port: number, folder: string, { password, tls, cluster, args = [] }: RedisStart): string[] {
  const listen =
    tls === undefined
      ? ['--port', String(port)]
      : ['--port', '0', '--tls-port', String(port), '--tls-cert-file', tls.cert, '--tls-key-file', tls.key].concat(
          '--tls-ca-cert-file',
          tls.cert,
          '--tls-auth-clients',
          'no',
        );
  return [
    ...listen,
    ...LOCAL,
    '--dir',
    folder,
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(cluster ? ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'] : []),
    ...args,
  ];
}

/** One connection, one command, the first piece of the answer. */
async function exchange(port: number, password: string | undefined, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
    const auth = password === undefined ? '' : `AUTH ${password}\r\n`;
    socket.write(`${auth}${text}\r\nQUIT\r\n`);
    let answer = '';
    for await (const piece of socket) answer += String(piece);
    return answer;
  } finally {
    socket.destroy();
  }
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
