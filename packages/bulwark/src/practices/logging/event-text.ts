import type { SecurityEvent } from '../../events.ts';
import { lineEnd, lineStart, member, quoted, quotedPath } from './line-text.ts';
import { levelOf, MAX_DEPTH } from './logged-event.ts';
import type { RecordCleaner } from './record-cleaner.ts';

/** Of texts that are known with their cleaned form: what Bulwark says of events is nearly always one of a few sentences. */
const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 200;
const DOTTED = /^[\d.]{7,15}$/;
const TOKEN = /^[A-Z]{1,20}$/;

/**
 * Makes the function that writes the line of an event as text: what pino makes of {@link loggedEvent}, byte for byte.
 *
 * @returns undefined for an event that has other members than refusals have
 */
export function eventText(clean: RecordCleaner): (event: SecurityEvent) => string | undefined {
  const isPlain = !redactsAny(clean);
  const known = new Map<string, string>();

  /** What is said again and again: names, codes, sentences. */
  function said(text: string): string {
    const found = known.get(text);
    if (found !== undefined) return found;
    const cleaned = quoted(String(clean(text, 0)));
    if (text.length <= MAX_KNOWN_LENGTH) {
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(text, cleaned);
    }
    return cleaned;
  }

  /** What clients choose. */
  function sent(text: string): string {
    return DOTTED.test(text) || TOKEN.test(text) ? `"${text}"` : quoted(String(clean(text, 0)));
  }

  return function textOf(event) {
    if (!isPlain) return undefined;
    let rest = '';
    // In the order that the event has them in, as its record has.
    for (const name in event) {
      switch (name) {
        case 'event':
        case 'practice':
        case 'code':
          if (event[name] !== undefined) rest += `,"${name}":${said(event[name])}`;
          break;
        case 'sourceIp':
        case 'method':
          if (event[name] !== undefined) rest += `,"${name}":${sent(event[name])}`;
          break;
        case 'monitored':
          rest += member('monitored', event.monitored);
          break;
        case 'datetime':
        case 'description':
        case 'details':
        case 'level':
        case 'path':
        case 'requestId':
        case 'traceId':
          break;
        default:
          return undefined;
      }
    }
    const { level, requestId, traceId, datetime, description, path, details } = event;
    let line = lineStart(levelOf(level)) + rest;
    if (requestId !== undefined) line += `,"requestId":${quoted(requestId)}`;
    if (traceId !== undefined) line += `,"traceId":${quoted(traceId)}`;
    line += `,"severity":${quoted(level)},"datetime":${quoted(datetime)},"description":${said(description)}`;
    if (path !== undefined) line += `,"path":${quotedPath(path)}`;
    if (details !== undefined) line += member('details', clean(details, MAX_DEPTH));
    return line + lineEnd('security event');
  };
}

/** Whether the policy redacts by name what every event has. */
function redactsAny(clean: RecordCleaner): boolean {
  const names = { event: 'x', practice: 'x', code: 'x', sourceIp: 'x', method: 'x' };
  return JSON.stringify(clean(names)) !== JSON.stringify(names);
}
