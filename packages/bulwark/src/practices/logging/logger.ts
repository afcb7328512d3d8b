import { type LoggerOptions, pino } from 'pino';
import { ConfigError } from '../../errors.ts';
import { isoNow } from '../../iso-time.ts';
import type { TextLog } from './line-text.ts';
import { type Losses, lossCounter, lossReason } from './losses.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';
import { openSink, type Sink } from './sink.ts';
import { openStandardOutput } from './standard-output.ts';

const RANK = { info: 1, warn: 2, error: 3 } as const;

/** A logger, and what ends it. */
export interface OpenLogger extends Logger {
  /** Where lines go that need no logger to be made; undefined where a foreign logger makes them. */
  readonly text: TextLog | undefined;
  /** Resolves when what was logged is written, as far as the place where it goes lets one know. */
  flush(): Promise<void>;
}

/**
 * Makes the logger of a set of options. Whatever a foreign logger or stream throws or emits stays out of the request's
 * way, and is counted.
 *
 * @throws ConfigError `ERR_CONFIG_CONTRADICTION` where both a logger and a stream are given
 */
export function makeLogger({ logger, stream, level }: ResolvedLoggingOptions): OpenLogger {
  if (logger !== undefined && stream !== undefined) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'logging.stream',
      message: 'a logger of your own writes to a stream of its own',
      fix: 'give either logging.logger or logging.stream',
    });
  }
  if (level === false)
    return { info: nothing, warn: nothing, error: nothing, text: undefined, flush: async () => undefined };
  // The line about lost lines goes where they should have gone: it shows the gap in its place.
  const losses = lossCounter('log lines', (record) => open.warn(record, 'log lines were lost'));
  const sink =
    logger !== undefined ? undefined : stream !== undefined ? openSink(stream, losses) : openStandardOutput(losses);
  const open = guarded(sink === undefined ? (logger as Logger) : makePino(level, sink), level, losses);
  return {
    ...open,
    text: sink === undefined ? undefined : { isOn: (of) => RANK[of] >= RANK[level], write: sink.writeSoon },
    async flush() {
      losses.flush();
      await (sink === undefined ? flushLogger(logger) : sink.flush());
    },
  };
}

const nothing = (): void => undefined;
const FLUSH_TIME = 2000;

function makePino(level: 'info' | 'warn' | 'error', sink: Sink): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${isoNow()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, sink);
}

/** pino's `flush(done)`; other loggers have none. */
async function flushLogger(logger: unknown): Promise<void> {
  const flush = (logger as { flush?: unknown } | undefined)?.flush;
  if (typeof flush !== 'function') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, FLUSH_TIME);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    try {
      flush.call(logger, done);
    } catch {
      done();
    }
  });
}

/** A logger that never throws, from a level on. */
export function guarded(logger: Logger, level: 'info' | 'warn' | 'error', losses: Losses): Logger {
  const write = (at: keyof typeof RANK) => (record: object, message: string) => {
    try {
      logger[at](record, message);
    } catch (error) {
      losses.lose(lossReason(error));
    }
  };
  return {
    info: RANK[level] > RANK.info ? nothing : write('info'),
    warn: RANK[level] > RANK.warn ? nothing : write('warn'),
    error: write('error'),
  };
}
