import { ConfigError } from '../../errors.ts';
import { cleanText } from './clean-text.ts';
import { lossCounter, lossReason } from './losses.ts';
import type { Logger } from './options.ts';

/** What is needed of a winston logger (version 3). */
export interface WinstonLike {
  readonly levels: Readonly<Record<string, number>>;
  log(entry: { level: string; message: string }): unknown;
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

const MAX_DEPTH = 8;
const MAX_TEXT = 16_384;
/** `exception` and `rejection` too: a transport that handles no exceptions drops what says that it is one, without a word. */
const OWN = new Set(['exception', 'level', 'message', 'rejection', 'splat']);

/**
 * Lets Bulwark write to a winston logger.
 *
 * Each record becomes one entry, `{ level, message, ...record }`, which no member of the record can change. Every text in
 * it is one line, frames of stacks too, so a format that is put together by hand (`printf`) writes one line as well
 * (CWE-117). Levels of syslog (`warning`) are found.
 *
 * @throws ConfigError `ERR_CONFIG_VALUE` for what is no winston logger of version 3
 * @example secure(app, { origins, logging: { logger: winstonLogger(winston.createLogger({ … })) } })
 */
export function winstonLogger(winston: WinstonLike): Logger {
  const losses = lossCounter('log lines');
  const warn = levelOf(winston, ['warn', 'warning']);
  const levels = { info: levelOf(winston, ['info', 'informational']), warn, error: levelOf(winston, ['error', 'err']) };
  // A transport that fails emits it on the logger, and without a listener it would end the process.
  winston.on?.('error', (error) => losses.trouble(lossReason(error)));

  const writeAt =
    (at: keyof Logger) =>
    (record: object, message: string): void => {
      // The level and the message come last: what a record holds under these names goes by another.
      winston.log({ ...entryOf(record), level: levels[at], message: cleanText(message, MAX_TEXT) });
    };
  return { info: writeAt('info'), warn: writeAt('warn'), error: writeAt('error') };
}

function levelOf(winston: WinstonLike, names: readonly string[]): string {
  const levels: unknown = typeof winston === 'object' && winston !== null ? winston.levels : undefined;
  const found = names.find((name) => typeof levels === 'object' && levels !== null && Object.hasOwn(levels, name));
  if (found !== undefined && typeof winston.log === 'function') return found;
  throw new ConfigError('ERR_CONFIG_VALUE', {
    field: 'winstonLogger()',
    message: `this is no winston logger with the level ${names.join(' or ')}`,
    fix: 'give what winston.createLogger() of winston 3 returns',
  });
}

function entryOf(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [OWN.has(name) ? `${name}_` : name, oneLine(value, MAX_DEPTH)]),
  );
}

/** The same value with every text in one line. */
function oneLine(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value.replaceAll('\n', ' | '), MAX_TEXT);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth <= 0) return '[nested]';
  if (Array.isArray(value)) return value.map((item) => oneLine(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [cleanText(name, 100), oneLine(member, depth - 1)]),
  );
}
