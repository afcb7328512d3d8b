import type { SecurityEvent } from '../../events.ts';
import { isoNow } from '../../iso-time.ts';
import { eventText } from './event-text.ts';
import { eventLine, levelOf, loggedEvent } from './logged-event.ts';
import { guarded, type OpenLogger } from './logger.ts';
import { lossCounter } from './losses.ts';
import type { Logger, ResolvedLoggingOptions } from './options.ts';
import type { RecordCleaner } from './record-cleaner.ts';
import { countRepeats, type LineKind, type Repeats } from './repeats.ts';
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
  logger: OpenLogger,
): EventLog {
  if (events === false) return NONE;
  const losses = lossCounter('security events', (record) => logger.error(record, 'security events were lost'));
  const own = events?.logger === undefined ? undefined : guarded(events.logger, 'info', losses);
  const sink = events?.stream === undefined ? undefined : openSink(events.stream, losses);
  const put =
    sink === undefined
      ? toLogger(own ?? logger)
      : (record: Record<string, unknown>) => sink.write(eventLine(record, events?.appId));
  const text = sink === undefined && own === undefined ? logger.text : undefined;
  const textOf = eventText(clean);

  const repeats: Repeats | undefined =
    repeat &&
    countRepeats(repeat, ({ record }, { network, count }) => {
      const from = network === undefined ? '' : ` from ${network}`;
      const description = `${count} more of this event${from} in ${repeat.window / 1000} s`;
      put({
        ...record,
        datetime: isoNow(),
        description,
        ...(network === undefined ? {} : { network }),
        count,
      });
    });

  return {
    write(event) {
      if (repeats !== undefined && !isAdmitted(repeats, event)) return;
      if (text !== undefined && !text.isOn(levelOf(event.level))) return;
      const line = text === undefined ? undefined : textOf(event);
      if (line === undefined) put(loggedEvent(event, clean));
      else text?.write(line);
    },
    async flush() {
      repeats?.flush();
      losses.flush();
      await sink?.flush();
    },
  };
}

/** Refusals come in floods; what has no code does not: violation reports are bounded where they are collected. */
function isAdmitted(repeats: Repeats, event: SecurityEvent): boolean {
  if (event.code === undefined || event.level === 'CRITICAL') return true;
  const kind = kindOf(event, event.code);
  return repeats.admit(event.sourceIp, kind.key, kind);
}

interface Kind extends LineKind {
  readonly key: string;
  readonly record: Pick<SecurityEvent, 'event' | 'practice' | 'code' | 'monitored'> & { readonly severity: string };
}

/** By code. They are made of what Bulwark itself says, so there are few; of what others say there is no end. */
const kinds = new Map<string, Kind[]>();
const MAX_KINDS = 500;
let known = 0;

function kindOf({ event, level, practice, monitored }: SecurityEvent, code: string): Kind {
  const ofCode = kinds.get(code);
  for (const kind of ofCode ?? []) {
    const { record } = kind;
    const isSame = record.event === event && record.severity === level && record.practice === practice;
    if (isSame && (record.monitored === true) === (monitored === true)) return kind;
  }
  const record = { event, severity: level, practice, code, ...(monitored === true ? { monitored } : {}) };
  const kind: Kind = { level: 'warn', message: 'security event', record, key: Object.values(record).join(' ') };
  if (known >= MAX_KINDS) {
    kinds.clear();
    known = 0;
  }
  known += 1;
  kinds.set(code, [...(kinds.get(code) ?? []), kind]);
  return kind;
}

function toLogger(logger: Logger): (record: Record<string, unknown>) => void {
  return (record) => {
    logger[levelOf(record.severity)](record, 'security event');
  };
}
