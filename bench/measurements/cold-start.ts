import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import type { Measurement } from '../measurement.ts';
import { spreadOf } from '../spread.ts';

const GOAL = 1200;
const APP = fileURLToPath(new URL('../../apps/reference/', import.meta.url));
const PATIENCE = 20_000;

/** From the start of the process to the first answer over HTTPS, of the reference server as a developer starts it. */
export const coldStart: Measurement = {
  id: 'cold-start',
  title: 'Cold start of the reference server, against 1.2 s',
  async run(plan) {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-bench-'));
    try {
      // The very first one makes a certificate and a password.
      const first = await startOnce(folder);
      const starts: number[] = [];
      const bare: number[] = [];
      for (let n = 0; n < (plan.quick ? 3 : 11); n++) {
        starts.push(await startOnce(folder));
        bare.push(await nodeAlone());
      }
      const node = spreadOf(bare).ratio;
      const each = spreadOf(starts.map((ms) => ms / GOAL));
      return [
        {
          id: 'coldStart',
          title: 'cold start of the reference server to its first answer over HTTPS, of 1.2 s',
          ...each,
          goal: { atMost: 1 },
          note: `${round(each.ratio * GOAL)} ms, of which an empty Node process ${round(node)} ms; the very first start ${round(first)} ms`,
        },
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function startOnce(folder: string): Promise<number> {
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_DATA_HOME: join(folder, 'ca'),
    DATA_DIR: join(folder, 'data'),
    PORT: String(port),
  };
  const from = performance.now();
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: APP, env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await firstAnswer(port, child);
    return performance.now() - from;
  } finally {
    await ended(child);
  }
}

async function firstAnswer(port: number, child: ChildProcess): Promise<void> {
  const giveUp = performance.now() + PATIENCE;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`the reference server ended with ${child.exitCode}`);
    if (performance.now() > giveUp) throw new Error('the reference server does not answer');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Its certificate is of a CA of its own in a temporary folder; who answers here is this process's child.
    const asking = get({ port, host: 'localhost', path: '/healthz', rejectUnauthorized: false, agent: false });
    asking.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asking.on('error', () => resolve(false));
  });
}

async function nodeAlone(): Promise<number> {
  const from = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - from;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function round(ms: number): string {
  return Math.round(ms).toLocaleString('en');
}
