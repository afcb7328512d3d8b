import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { freePort } from '../free-port.ts';
import { addressOf, keptOf, recordOf } from './crowd.ts';

/** A Redis server of this benchmark's own: nothing on disk, on a free port of loopback. */
export interface BenchRedis {
  readonly url: string;
  /** Processor time that it has used, microseconds. */
  cpu(): Promise<number>;
  /** Writes so many sessions, as Bulwark would have. */
  fill(sessions: number): Promise<void>;
  /** Bytes that one session takes, as it was filled in, and one client's limit. */
  sizes(): Promise<{ readonly sessionBytes: number; readonly limitBytes: number }>;
  /** Microseconds that one PING takes, one after the other; the median. */
  roundTrip(): Promise<number>;
  end(): Promise<void>;
}

interface Client {
  connect(): Promise<unknown>;
  sendCommand<T>(args: readonly string[]): Promise<T>;
  on(event: 'error', listener: () => void): unknown;
  destroy(): void;
}

/** Starts the server of the variable BULWARK_REDIS_SERVER, or the one of the PATH. */
export async function startBenchRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const binary = process.env.BULWARK_REDIS_SERVER ?? 'redis-server';
  const server = spawn(binary, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  await Promise.race([once(server, 'spawn'), once(server, 'error').then(([error]) => Promise.reject(error as Error))]);
  const url = `redis://127.0.0.1:${port}`;
  const client = await connected(url, server);

  return {
    url,
    async cpu() {
      const info = await client.sendCommand<string>(['INFO', 'cpu']);
      const seconds = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
      return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
    },
    async fill(sessions) {
      const from = 1_000_000_000_000;
      for (let first = 0; first < sessions; first += 1000) {
        const writes = Array.from({ length: Math.min(1000, sessions - first) }, (_unused, n) => {
          const session = first + n;
          const owner = `session:user-${session}`;
          const text = `${from} ${Date.now() + 3_600_000} ${owner.length} ${owner}${recordOf(session)}`;
          return client.sendCommand(['SET', `bulwark:r:session:${keptOf(session).id}`, text, 'PX', '3600000']);
        });
        await Promise.all(writes);
      }
    },
    async sizes() {
      const limit = `bulwark:l:default|c:${addressOf(0)}`;
      await client.sendCommand(['SET', limit, '1700000000000000 0 0 0', 'PX', '3600000']);
      const bytesOf = (key: string): Promise<number> => client.sendCommand(['MEMORY', 'USAGE', key]);
      return {
        sessionBytes: await bytesOf(`bulwark:r:session:${keptOf(0).id}`),
        limitBytes: await bytesOf(limit),
      };
    },
    async roundTrip() {
      const taken: number[] = [];
      for (let n = 0; n < 500; n++) {
        const from = performance.now();
        await client.sendCommand(['PING']);
        taken.push((performance.now() - from) * 1000);
      }
      return taken.toSorted((a, b) => a - b)[250] as number;
    },
    async end() {
      client.destroy();
      if (server.exitCode !== null || server.signalCode !== null) return;
      const exited = once(server, 'exit');
      server.kill();
      await exited;
    },
  };
}

async function connected(url: string, server: ChildProcess): Promise<Client> {
  const { createClient } = createRequire(import.meta.url)('redis') as { createClient: (options: object) => Client };
  const client = createClient({ url, socket: { reconnectStrategy: 25 } });
  // Until it listens; it must not take longer than a few seconds.
  client.on('error', () => undefined);
  const late = setTimeout(() => server.kill(), 10_000);
  const ended = once(server, 'exit').then(() => Promise.reject(new Error('redis-server has ended')));
  ended.catch(() => undefined);
  await Promise.race([client.connect(), ended]);
  clearTimeout(late);
  return client;
}
