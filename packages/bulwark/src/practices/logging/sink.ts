import { type Losses, lossReason } from './losses.ts';

/** Anything that takes a line: a Writable of node, a rotating file, a function in an object. */
export interface LineStream {
  write(line: string): unknown;
}

/** A stream that cannot harm a request: it neither throws nor grows, and what it did not take is counted. */
export interface Sink {
  /** Writes at once: a line, or several that end in a line break each. */
  write(line: string): void;
  /** Writes by the end of this turn of the event loop, in its order among the others. */
  writeSoon(line: string): void;
  /** Resolves when everything is written, or cannot be within two seconds. */
  flush(): Promise<void>;
}

/** Of what a stream has not written yet: some four thousand lines. */
export const MAX_WAITING: number = 2 * 1024 * 1024;
const MAX_WAITING_OBJECTS = 4096;
const FLUSH_TIME = 2000;

type Buffered = LineStream & {
  readonly writableLength: number;
  readonly writable: boolean;
  readonly writableObjectMode?: boolean;
  write(line: string, done: (error?: unknown) => void): unknown;
};

/**
 * Puts a guard around a stream.
 *
 * - What it throws, and the errors that it emits, end here; an error without a listener would end the process.
 * - A stream that is slower than the requests gets no more than {@link MAX_WAITING} bytes ahead; further lines are dropped
 *   and counted. Waiting for it would make each request wait, and keeping them all would fill the memory.
 */
export function openSink(stream: LineStream, losses: Losses, maxWaiting: number = MAX_WAITING): Sink {
  const { on } = stream as { on?: (event: string, listener: (value: unknown) => void) => unknown };
  if (typeof on === 'function') {
    // The lines are counted where each is refused; an error may concern none, or many.
    on.call(stream, 'error', (error) => losses.trouble(lossReason(error)));
    // pino's own destinations bound themselves and say so.
    on.call(stream, 'drop', (text) => losses.lose('too slow', linesIn(text)));
  }
  const put = isBuffered(stream) ? boundedWrite(stream, losses, maxWaiting) : (line: string) => stream.write(line);
  const write = (line: string): void => {
    try {
      put(line);
    } catch (error) {
      losses.lose(lossReason(error), linesIn(line));
    }
  };
  // Who gave a stream may take each write for a line.
  return { write, writeSoon: write, flush: () => flushed(stream) };
}

function linesIn(text: unknown): number {
  return typeof text === 'string' ? Math.max(1, text.split('\n').length - 1) : 1;
}

function boundedWrite(stream: Buffered, losses: Losses, maxWaiting: number): (line: string) => void {
  const max = stream.writableObjectMode === true ? Math.min(maxWaiting, MAX_WAITING_OBJECTS) : maxWaiting;
  const done = (error?: unknown): void => {
    if (error !== undefined && error !== null) losses.lose(lossReason(error));
  };
  return (line) => {
    if (!stream.writable) losses.lose('closed');
    else if (stream.writableLength > max) losses.lose('too slow');
    else stream.write(line, done);
  };
}

function isBuffered(stream: LineStream): stream is Buffered {
  return typeof (stream as Partial<Buffered>).writableLength === 'number';
}

async function flushed(stream: LineStream): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_TIME);
  });
  await Promise.race([late, written(stream)]);
  clearTimeout(timer);
}

function written(stream: LineStream): Promise<void> {
  return new Promise((resolve) => {
    try {
      const { flush } = stream as { flush?: (done: () => void) => void };
      if (isBuffered(stream)) {
        if (!stream.writable || stream.writableLength === 0) resolve();
        else whenDrained(stream, resolve);
      } else if (typeof flush === 'function') flush.call(stream, () => resolve());
      else resolve();
    } catch {
      resolve();
    }
  });
}

/** An empty piece is written after everything before it. */
function whenDrained(stream: Buffered, resolve: () => void): void {
  if (stream.writableObjectMode === true) return resolve();
  stream.write('', () => resolve());
}
