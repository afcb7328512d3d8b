import { hostname } from 'node:os';
import type { SecurityEvent } from '../../events.ts';
import { loggedPath } from './clean-text.ts';
import type { Logger } from './options.ts';
import type { RecordCleaner } from './record-cleaner.ts';

/** How deep the details of an event are logged. */
export const MAX_DEPTH = 3;

/** At which level of a logger an event stands. */
export function levelOf(severity: unknown): keyof Logger {
  if (severity === 'CRITICAL') return 'error';
  return severity === 'WARN' ? 'warn' : 'info';
}

/** A security event as it is logged: its members cleaned, bounded, and redacted by name. */
export function loggedEvent(event: SecurityEvent, clean: RecordCleaner): Record<string, unknown> {
  const { datetime, description, path, details, level, requestId, traceId, ...rest } = event;
  return {
    ...(clean(rest, 1) as object),
    // Ids look like tokens; these were checked where they were taken over.
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId }),
    severity: level,
    datetime,
    description: clean(description, 0),
    ...(path === undefined ? {} : { path: loggedPath(path) }),
    ...(details === undefined ? {} : { details: clean(details, MAX_DEPTH) }),
  };
}

const HOST = hostname();

/**
 * The same as one JSON line in the words of OWASP's logging vocabulary, for a store that knows them: `datetime`, `appid`,
 * `event`, `level`, `description`, `source_ip`, `hostname`, `request_method`, `request_uri`; Bulwark's own beside them.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html
 */
export function eventLine(record: Record<string, unknown>, appId: string | undefined): string {
  const { severity, datetime, description, event, sourceIp, method, path, ...rest } = record;
  const line = {
    datetime,
    appid: appId,
    event,
    level: severity,
    description,
    source_ip: sourceIp,
    hostname: HOST,
    request_method: method,
    request_uri: path,
    ...rest,
  };
  return `${JSON.stringify(line)}\n`;
}
