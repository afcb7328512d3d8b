import { fstatSync } from 'node:fs';
import { pino } from 'pino';
import type { Losses } from './losses.ts';
import { MAX_WAITING, openSink, type Sink } from './sink.ts';

/** What is written to a pipe in one piece up to this length stays in one piece (POSIX's PIPE_BUF; elsewhere its minimum). */
const PIPE_BUF = process.platform === 'linux' ? 4096 : 512;
const MAX_PIECE = 65_536;

/**
 * Standard output, written synchronously: at once, or at the end of this turn of the event loop, and then what was logged
 * meanwhile in one go. Where the output has been replaced (by a test runner), the replacement, line by line.
 */
export function openStandardOutput(losses: Losses): Sink {
  // Its write only: listeners on a stream that everybody shares would pile up, one for each log.
  if (Object.hasOwn(process.stdout, 'write')) {
    return openSink({ write: (line) => process.stdout.write(line) }, losses);
  }
  const dest = process.stdout.fd ?? 1;
  // Lines that a full disk refuses wait here and are tried again with the next one.
  return inTurns(openSink(pino.destination({ dest, sync: true, maxLength: MAX_WAITING }), losses), longestPiece(dest));
}

/** Processes may share a pipe, those of a cluster do: a longer piece of one could end up inside a line of another. */
function longestPiece(fd: number): number {
  try {
    return fstatSync(fd).isFile() ? MAX_PIECE : PIPE_BUF;
  } catch {
    return PIPE_BUF;
  }
}

/**
 * Gathers what is written soon, until the turn of the event loop ends, a piece is full, something is written at once, or
 * the process exits, by whatever it throws too. Only a signal that nobody handles ends it before.
 *
 * @param longest - of a piece, in bytes
 */
export function inTurns(sink: Sink, longest: number): Sink {
  let waiting = '';
  let isDue = false;

  function put(): void {
    const text = waiting;
    waiting = '';
    unwritten.delete(put);
    if (text === '') return;
    // Counted in characters until here; few lines have any that take more than one byte.
    if (text.length > longest / 3 && Buffer.byteLength(text) > longest) putEach(text);
    else sink.write(text);
  }

  function putEach(text: string): void {
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf('\n', from) + 1 || text.length;
      sink.write(text.slice(from, end));
      from = end;
    }
  }

  function endTurn(): void {
    isDue = false;
    put();
  }

  function wait(line: string): void {
    if (waiting === '') unwritten.add(put);
    else if (waiting.length + line.length > longest) {
      put();
      unwritten.add(put);
    }
    waiting += line;
  }

  return {
    write(line) {
      wait(line);
      put();
    },
    writeSoon(line) {
      wait(line);
      if (isExiting) put();
      if (isDue || isExiting) return;
      isDue = true;
      setImmediate(endTurn);
      writeAtExit();
    },
    flush() {
      put();
      return sink.flush();
    },
  };
}

/** What is to be written before the process ends. */
const unwritten = new Set<() => void>();
let isWatching = false;
let isExiting = false;

function writeAtExit(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    isExiting = true;
    for (const put of unwritten) put();
  });
}
