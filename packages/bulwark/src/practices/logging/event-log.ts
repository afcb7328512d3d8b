import type { SecurityEvent } from '../../events.ts';
import { eventLine, loggedEvent } from './logged-event.ts';
import { guarded } from './logger.ts';
import { lossCounter } from './losses.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';
import type { RecordCleaner } from './record-cleaner.ts';
import { countRepeats, type Repeats } from './repeats.ts';
import { openSink } from './sink.ts';

/** Where security events are written. */
export interface EventLog {
  readonly write: (event: SecurityEvent) => void;
  /** Writes what was counted, and waits for the stream. */
  flush(): Promise<void>;
}

const NONE: EventLog = { write: () => undefined, flush: async () => undefined };

/**
 * Makes the log of security events: lines between those of requests, or a place of their own.
 *
 * @param logger - of the requests: the default, and where losses of another place are told
 */
export function openEventLog(
  {
    events,
    repeat,
  }: Pick<ResolvedLoggingOptions, 'events'> & { repeat: { lines: number; window: number } | undefined },
  clean: RecordCleaner,
  logger: Logger,
): EventLog {
  if (events === false) return NONE;
  const losses = lossCounter('security events', (record) => logger.error(record, 'security events were lost'));
  const own = events?.logger === undefined ? undefined : guarded(events.logger, 'info', losses);
  const sink = events?.stream === undefined ? undefined : openSink(events.stream, losses);
  const put =
    sink === undefined
      ? toLogger(own ?? logger)
      : (record: Record<string, unknown>) => sink.write(eventLine(record, events?.appId));

  const repeats: Repeats | undefined =
    repeat &&
    countRepeats(repeat, ({ record }, { network, count }) => {
      const from = network === undefined ? '' : ` from ${network}`;
      const description = `${count} more of this event${from} in ${repeat.window / 1000} s`;
      put({
        ...record,
        datetime: new Date().toISOString(),
        description,
        ...(network === undefined ? {} : { network }),
        count,
      });
    });

  return {
    write(event) {
      if (repeats !== undefined && !isAdmitted(repeats, event)) return;
      put(loggedEvent(event, clean));
    },
    async flush() {
      repeats?.flush();
      losses.flush();
      await sink?.flush();
    },
  };
}

/** Refusals come in floods; what has no code does not: violation reports are bounded where they are collected. */
function isAdmitted(repeats: Repeats, { event, level, practice, code, monitored, sourceIp }: SecurityEvent): boolean {
  if (code === undefined || level === 'CRITICAL') return true;
  const record = { event, severity: level, practice, code, ...(monitored === true ? { monitored } : {}) };
  return repeats.admit(sourceIp, Object.values(record).join(' '), { level: 'warn', message: 'security event', record });
}

function toLogger(logger: Logger): (record: Record<string, unknown>) => void {
  return (record) => {
    if (record.severity === 'CRITICAL') logger.error(record, 'security event');
    else if (record.severity === 'WARN') logger.warn(record, 'security event');
    else logger.info(record, 'security event');
  };
}
