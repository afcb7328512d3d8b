import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { lossCounter } from './losses.ts';
import type { Sink } from './sink.ts';
import { inTurns } from './standard-output.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const DYING = fileURLToPath(new URL('fixtures/dying.ts', import.meta.url));
const SHARED_PIPE = fileURLToPath(new URL('fixtures/shared-pipe.ts', import.meta.url));
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Lets a process die, and returns what it has written by then. */
async function lastWords(...args: string[]): Promise<{ lines: string[]; code: number | null; signal: string | null }> {
  const child = spawn(process.execPath, [DYING, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const lines = said.split('\n').slice(0, -1);
  return {
    lines: lines.map((line) => (JSON.parse(line) as { path?: string; msg: string }).path ?? 'said'),
    code,
    signal,
  };
}

const FIVE = ['/0', '/1', '/2', '/3', '/4'];

describe('every line is there, in its order, when the process', () => {
  it.each([
    ['ends', 'end', FIVE, 0, null],
    ['exits', 'exit', FIVE, 0, null],
    ['throws', 'throw', FIVE, 1, null],
    ['leaves a rejection', 'reject', FIVE, 1, null],
    ['is killed in the turn of the app’s last line', 'say and kill', [...FIVE, 'said'], null, 'SIGTERM'],
    ['aborts in the turn of the app’s last line', 'say and abort', [...FIVE, 'said'], null, 'SIGABRT'],
    ['is terminated in a later turn', 'SIGTERM', FIVE, null, 'SIGTERM'],
    ['is interrupted in a later turn', 'SIGINT', FIVE, null, 'SIGINT'],
    ['is killed in a later turn', 'SIGKILL', FIVE, null, 'SIGKILL'],
    ['exits by a signal that it handles', 'handled SIGTERM', [...FIVE, '/late'], 0, null],
    ['logs while it exits', 'exit listener', [...FIVE, '/late'], 0, null],
  ])('%s', async (_name, way, lines, code, signal) => {
    expect(await lastWords(way)).toEqual({ lines, code, signal });
  });

  it.each(['exit', 'throw', 'reject'])(
    'control: gathered lines that nobody writes at the end are lost: %s',
    async (way) => {
      expect((await lastWords(way, 'forgetful')).lines).toEqual([]);
    },
  );
});

/** Two processes on one pipe, read slowly: what of it is no whole line? */
async function tornLines(flaw = ''): Promise<{ lines: number; torn: number }> {
  const script = `"$0" "$1" a $2 & "$0" "$1" b $2 & wait`;
  const args = ['-c', script, process.execPath, SHARED_PIPE, flaw];
  const child = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let said = '';
  // Until both stand before a full pipe; then by pieces, so that they stand there again and again.
  await sleep(1500);
  child.stdout.on('data', (chunk: Buffer) => {
    said += String(chunk);
    child.stdout.pause();
    void sleep(20).then(() => child.stdout.resume());
  });
  await closed;
  const lines = said.split('\n').slice(0, -1);
  return { lines: lines.length, torn: lines.filter((line) => !isLine(line)).length };
}

function isLine(line: string): boolean {
  try {
    const { path = '', userAgent } = JSON.parse(line) as { path?: string; userAgent?: string };
    return userAgent === path.slice(1).repeat(200);
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== 'linux')('processes that share a pipe', () => {
  it('never write into each other’s lines', async () => {
    expect(await tornLines()).toEqual({ lines: 2400, torn: 0 });
  }, 30_000);

  it('control: longer pieces end up inside of others', async () => {
    let torn = 0;
    for (let tries = 0; tries < 5 && torn === 0; tries++) torn = (await tornLines('long')).torn;
    expect(torn).toBeGreaterThan(0);
  }, 30_000);
});

describe('inTurns', () => {
  function sinkOf(written: string[]): Sink {
    const write = (text: string): void => void written.push(text);
    return { write, writeSoon: write, flush: async () => undefined };
  }

  it('writes what a turn has gathered in one go, and only once', async () => {
    const written: string[] = [];
    const sink = inTurns(sinkOf(written), 4096);
    sink.writeSoon('a\n');
    sink.writeSoon('b\n');
    expect(written).toEqual([]);
    await nextTurn();
    expect(written).toEqual(['a\nb\n']);
    await nextTurn();
    sink.writeSoon('c\n');
    await nextTurn();
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('keeps the order of what is written at once, and by flush everything is written', async () => {
    const written: string[] = [];
    const sink = inTurns(sinkOf(written), 4096);
    sink.writeSoon('a\n');
    sink.write('b\n');
    expect(written.join('')).toBe('a\nb\n');
    sink.writeSoon('c\n');
    await sink.flush();
    expect(written.join('')).toBe('a\nb\nc\n');
  });

  it('makes no piece longer than is allowed, in bytes; a longer line is one of its own', () => {
    const written: string[] = [];
    const sink = inTurns(sinkOf(written), 100);
    const lines = ['x'.repeat(60), 'y'.repeat(39), 'ä'.repeat(30), 'ö'.repeat(30), 'z'.repeat(300), '€'.repeat(40)];
    for (const line of lines) sink.writeSoon(`${line}\n`);
    void sink.flush();
    expect(written.join('')).toBe(`${lines.join('\n')}\n`);
    for (const text of written) expect(Buffer.byteLength(text) <= 100 || text.split('\n').length === 2).toBe(true);
    expect(written.length).toBeLessThan(7);
  });

  it('keeps no more than a piece, however long the turn', () => {
    const written: string[] = [];
    const sink = inTurns(sinkOf(written), 1000);
    for (let i = 0; i < 1000; i++) sink.writeSoon(`${'x'.repeat(99)}\n`);
    expect(written.join('').length).toBeGreaterThanOrEqual(99_000);
    void sink.flush();
    expect(written.join('').length).toBe(100_000);
  });
});

it('of a piece that is refused every line is counted', () => {
  const warnings: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
  const losses = lossCounter('log lines');
  losses.lose('ENOSPC', 14);
  expect(warnings).toEqual(['log lines lost: 14 (ENOSPC)']);
});
