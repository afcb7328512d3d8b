import type { SecurityEvent } from '../../events.ts';
import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';
import { isSecretName } from './logged-headers.ts';

const MAX_TEXT = 500;
const MAX_MEMBERS = 30;
const MAX_DEPTH = 3;

/** A security event as it is logged: its members cleaned, bounded, and redacted by name. */
export function loggedEvent(event: SecurityEvent): Record<string, unknown> {
  const { datetime, description, path, details, level, requestId, ...rest } = event;
  return {
    ...(safe(rest, 1) as object),
    // An id that a gateway sent may look like a token; it was checked where it was taken over.
    ...(requestId === undefined ? {} : { requestId }),
    severity: level,
    datetime,
    description: safe(description, 0),
    ...(path === undefined ? {} : { path: loggedPath(path) }),
    ...(details === undefined ? {} : { details: safe(details, MAX_DEPTH) }),
  };
}

function safe(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(redactText(value.slice(0, MAX_TEXT)), MAX_TEXT);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (depth <= 0) return '[nested]';
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((item) => safe(item, depth - 1));
  const members = Object.entries(value).slice(0, MAX_MEMBERS);
  return Object.fromEntries(
    members.map(([name, member]) => [
      cleanText(name, 100),
      isSecretName(name) && typeof member === 'string' ? REDACTED : safe(member, depth - 1),
    ]),
  );
}
