import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PINNED } from '../children.ts';
import { LOAD_CORE } from '../plan.ts';

const SCRIPT = fileURLToPath(new URL('requests.lua', import.meta.url));
const run = promisify(execFile);

/** What wrk has seen. */
export interface LoadResult {
  readonly answers: number;
  readonly microseconds: number;
  /** Answers with a status of 400 or more. */
  readonly over399: number;
  /** Connections that could not be opened, and answers that did not come in time. */
  readonly broken: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Requests that wrk sends in turn, in a file. */
export function requestFile(folder: string, name: string, requests: readonly string[]): string {
  const path = join(folder, `${name}.requests`);
  writeFileSync(path, requests.join('\0'), 'latin1');
  return path;
}

/**
 * Keeps one request in flight on each of so many connections.
 *
 * @param seconds - whole seconds: wrk knows no others
 */
export async function load(port: number, file: string, connections: number, seconds: number): Promise<LoadResult> {
  const wrk = process.env.BULWARK_WRK ?? 'wrk';
  const order = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', SCRIPT];
  const args = [...order, `http://127.0.0.1:${port}`, '--', file];
  const [command, ...rest] = PINNED ? ['taskset', '-c', String(LOAD_CORE), wrk, ...args] : [wrk, ...args];
  const { stdout } = await run(command, rest, { timeout: (seconds + 15) * 1000 });
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`wrk said nothing that is known:\n${stdout}`);
  return JSON.parse(line) as LoadResult;
}
