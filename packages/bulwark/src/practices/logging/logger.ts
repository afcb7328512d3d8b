import { type LoggerOptions, pino } from 'pino';
import { ConfigError } from '../../errors.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';

const RANK = { info: 1, warn: 2, error: 3 } as const;

/**
 * Makes the logger of a set of options. Whatever a foreign logger throws stays out of the request's way.
 *
 * @throws ConfigError `ERR_CONFIG_CONTRADICTION` where both a logger and a stream are given
 */
export function makeLogger({ logger, stream, level }: ResolvedLoggingOptions): Logger {
  if (logger !== undefined && stream !== undefined) {
    throw new ConfigError('ERR_CONFIG_CONTRADICTION', {
      field: 'logging.stream',
      message: 'a logger of your own writes to a stream of its own',
      fix: 'give either logging.logger or logging.stream',
    });
  }
  if (level === false) return SILENT;
  return guarded(logger ?? makePino(level, stream), level);
}

const nothing = (): void => undefined;
const SILENT: Logger = { info: nothing, warn: nothing, error: nothing };

function makePino(level: 'info' | 'warn' | 'error', stream: ResolvedLoggingOptions['stream']): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return stream === undefined ? pino(options) : pino(options, stream);
}

let second = 0;
let prefix = '';

/** What pino's own `isoTime` says, without making a Date for each line: within a second only three digits change. */
function isoTime(): string {
  const now = Date.now();
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    prefix = `,"time":"${new Date(current * 1000).toISOString().slice(0, -'000Z'.length)}`;
  }
  return `${prefix}${String(now - current * 1000).padStart(3, '0')}Z"`;
}

function guarded(logger: Logger, level: 'info' | 'warn' | 'error'): Logger {
  let warned = false;
  const write = (at: keyof typeof RANK) => (record: object, message: string) => {
    try {
      logger[at](record, message);
    } catch (error) {
      if (warned) return;
      warned = true;
      process.emitWarning(`the logger threw, and lines are lost: ${String(error).slice(0, 200)}`, 'BulwarkWarning');
    }
  };
  return {
    info: RANK[level] > RANK.info ? nothing : write('info'),
    warn: RANK[level] > RANK.warn ? nothing : write('warn'),
    error: write('error'),
  };
}
