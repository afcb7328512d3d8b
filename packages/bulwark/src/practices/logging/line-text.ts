import { isoNow } from '../../iso-time.ts';
import { cleanText, loggedPath } from './clean-text.ts';
import type { Logger } from './options.ts';

/** Lines of a fixed shape are put together as text: what pino makes of the same record, byte for byte, in a quarter of the time. */
export interface TextLog {
  /** Whether lines of this level are written at all. */
  isOn(level: keyof Logger): boolean;
  /** Takes a whole line, with its line break. */
  write(line: string): void;
}

/** Printable ASCII without what JSON escapes: such text is clean, and stands in a line as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** Besides, without what begins a query or a fragment, and without the colon of credentials in an address. */
const PLAIN_PATH = /^[ !$-9;->@-[\]-~]*$/;
/** Shorter than anything that is taken for a token. */
const SHORT_PATH = 31;
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);

/** The beginning of a line, as pino writes it. */
export function lineStart(level: keyof Logger): string {
  return `{"level":"${level}","time":"${isoNow()}"`;
}

/** The end of a line. @param message - needs no escapes */
export function lineEnd(message: string): string {
  return `,"msg":"${message}"}\n`;
}

/** A member of a line; none where there is no value. */
export function member(name: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? '' : `,"${name}":${text}`;
}

/** Text as JSON. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** {@link cleanText}, as JSON. */
export function quotedClean(text: string, max: number): string {
  return text.length <= max && PLAIN.test(text) ? `"${text}"` : JSON.stringify(cleanText(text, max));
}

/** {@link loggedPath}, as JSON. */
export function quotedPath(target: string): string {
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  return path.length <= SHORT_PATH && PLAIN_PATH.test(path) ? `"${path}"` : JSON.stringify(loggedPath(target));
}

/** The method of a request, cleaned, as JSON. */
export function quotedMethod(method: string): string {
  return METHODS.has(method) ? `"${method}"` : quotedClean(method, 32);
}

/** What three digits behind the point look like: `''`, `'.5'`, `'.123'`. */
const THOUSANDTHS: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i / 1000).slice(1));

/**
 * Milliseconds with up to three digits behind the point. V8 writes whole numbers faster than fractions.
 *
 * @example shownMilliseconds(0.80049) // '0.8'
 */
export function shownMilliseconds(duration: number): string {
  const micros = Math.round(duration * 1000);
  // A clock that goes back, or a number too large to be a time.
  if (!(micros >= 0 && micros <= 1e12)) return String(micros / 1000);
  const whole = Math.floor(micros / 1000);
  return whole + (THOUSANDTHS[micros - whole * 1000] ?? '');
}
