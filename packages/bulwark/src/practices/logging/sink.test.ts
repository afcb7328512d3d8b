import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXPRESS, send } from '../../../test/support/http.ts';
import { home, setUp } from './fixtures/memory-log.ts';
import { lossCounter } from './losses.ts';
import { MAX_WAITING, openSink } from './sink.ts';

const [, [, express]] = EXPRESS;
const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const folder = mkdtempSync(join(tmpdir(), 'bulwark-log-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function failingEmitter(): EventEmitter & { write(): void } {
  const emitter = new EventEmitter();
  return Object.assign(emitter, { write: () => void emitter.emit('error', new Error('gone')) });
}

describe('a stream', () => {
  it('that is a file gets every line, whole, by the time of flush', async () => {
    const file = join(folder, 'all.log');
    const sink = openSink(createWriteStream(file), lossCounter('log lines'));
    const lines = Array.from({ length: 2000 }, (_, i) => `{"line":${i},"text":"${'x'.repeat(300)}"}\n`);
    for (const line of lines) sink.write(line);
    await sink.flush();
    expect(readFileSync(file, 'utf8')).toBe(lines.join(''));
    expect(warnings).toEqual([]);
  });

  it('that is slow gets no more than its bound ahead; what is dropped is counted', async () => {
    const taken: string[] = [];
    let release: (() => void) | undefined;
    const slow = new Writable({
      write(chunk, _encoding, done) {
        taken.push(String(chunk));
        release = done;
      },
    });
    const notes: object[] = [];
    const sink = openSink(
      slow,
      lossCounter('log lines', (record) => notes.push(record)),
      10_000,
    );
    for (let i = 0; i < 1000; i++) sink.write('x'.repeat(100));
    expect(slow.writableLength).toBeLessThanOrEqual(10_100);
    expect(warnings).toEqual(['log lines lost: 1 (too slow)']);
    while (slow.writableLength > 0) release?.();
    expect(taken.length).toBe(101);
    sink.write('again');
    expect(taken.at(-1)).toBe('again');
  });

  it('control: without the bound a slow stream keeps everything', () => {
    const slow = new Writable({ write: () => undefined });
    for (let i = 0; i < 1000; i++) slow.write('x'.repeat(100));
    expect(slow.writableLength).toBe(100_000);
  });

  it('that fails as a full disk does harms nobody, and is counted', async () => {
    const full = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('hunter2'), { code: 'ENOSPC' })),
    });
    const { url } = await setUp(express, home, { stream: full });
    expect((await send(url)).status).toBe(200);
    expect((await send(url)).status).toBe(200);
    await vi.waitFor(() => expect(warnings.join()).toMatch(/^log lines (?:lost: \d|cannot be written) \(ENOSPC\)/));
    expect(warnings.join()).not.toContain('hunter2');
  });

  it('control: the same stream under pino alone ends the process', async () => {
    const script = `
      import { Writable } from 'node:stream';
      import { pino } from 'pino';
      const full = new Writable({ write: (_c, _e, done) => done(new Error('ENOSPC')) });
      pino(full).info('line');
      setTimeout(() => console.log('still there'), 50);`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: process.cwd() });
    await expect(run).rejects.toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    [
      'throws',
      {
        write: () => {
          throw new Error('EPIPE');
        },
      },
    ],
    ['is destroyed', new Writable({ write: () => undefined }).destroy()],
    ['has ended', new Writable({ write: (_c, _e, done) => done() }).end()],
    ['emits errors', failingEmitter()],
  ])('that %s harms nobody', async (_name, stream) => {
    const { url } = await setUp(express, home, { stream });
    expect((await send(url)).status).toBe(200);
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
  });

  it('of objects is bounded by their number', () => {
    const slow = new Writable({ objectMode: true, write: () => undefined });
    const sink = openSink(slow, lossCounter('log lines'));
    for (let i = 0; i < 10_000; i++) sink.write('x');
    expect(slow.writableLength).toBe(4097);
    expect(MAX_WAITING).toBe(2_097_152);
  });

  it('that never takes its lines does not hold up the end', async () => {
    vi.useFakeTimers();
    const sink = openSink(new Writable({ write: () => undefined }), lossCounter('log lines'));
    sink.write('x');
    const flushed = sink.flush();
    await vi.advanceTimersByTimeAsync(2000);
    expect(await flushed).toBeUndefined();
  });

  it('of pino’s own kind is flushed', async () => {
    const file = join(folder, 'sonic.log');
    const sink = openSink(pino.destination({ dest: file, sync: false, minLength: 4096 }), lossCounter('log lines'));
    sink.write('line\n');
    await sink.flush();
    expect(readFileSync(file, 'utf8')).toBe('line\n');
  });
});

describe('lost lines', () => {
  it('are told at once, then once in a minute, and never of the line that tells it', () => {
    vi.useFakeTimers();
    const notes: object[] = [];
    const losses = lossCounter('log lines', (record) => {
      notes.push(record);
      losses.lose('the note too');
    });
    for (let i = 0; i < 10; i++) losses.lose('ENOSPC');
    vi.advanceTimersByTime(60_000);
    vi.advanceTimersByTime(60_000);
    losses.lose('token=hunter2');
    expect(warnings).toEqual([
      'log lines lost: 1 (ENOSPC)',
      'log lines lost: 9 (ENOSPC)',
      'log lines lost: 1 (token=[redacted])',
    ]);
    expect(notes).toMatchObject([{ lost: 1 }, { lost: 9 }, { lost: 1 }]);
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stand in the log where they are missing', async () => {
    let isFull = true;
    const lines: string[] = [];
    const stream = {
      write(line: string): void {
        if (isFull) {
          isFull = false;
          throw Object.assign(new Error('x'), { code: 'ENOSPC' });
        }
        lines.push(line);
      },
    };
    const { url } = await setUp(express, home, { stream });
    await send(url);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      msg: 'log lines were lost',
      lost: 1,
      reason: 'ENOSPC',
    });
  });
});

/** What answers every write with ENOSPC; where there is no such device, something that cannot be written to. */
function unwritable(): number {
  return existsSync('/dev/full') ? openSync('/dev/full', 'w') : openSync('/dev/null', 'r');
}

it('a full disk behind standard output ends no process', async () => {
  const program = fileURLToPath(new URL('fixtures/full-disk.ts', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', unwritable(), 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number];
  expect(said).toContain('answered 200 200 200 200 200');
  expect(said).toMatch(/log lines cannot be written \((?:ENOSPC|EBADF)\)/);
  expect(code).toBe(0);
});
