import { IncomingMessage, ServerResponse } from 'node:http';
import { isInstance, readMember } from '../errors/read-error.ts';
import { cleanText, loggedPath, REDACTED, redactText } from './clean-text.ts';
import { describeFailure } from './failure-record.ts';
import type { SecretTest } from './secret-names.ts';

const MAX_DEPTH = 6;
const MAX_MEMBERS = 50;
/** Of one record, however it is nested. */
const MAX_NODES = 500;
const MAX_TEXT = 1000;
const MAX_TEXT_IN_ALL = 16_384;
const MAX_NAME = 100;

/** Names whose value is an address: its query string is left out. */
const ADDRESSES: ReadonlySet<string> = new Set([
  'href',
  'location',
  'originalurl',
  'referer',
  'referrer',
  'requesturl',
  'uri',
  'url',
]);

/** Makes any value safe to log. Never throws. */
export type RecordCleaner = (value: unknown, depth?: number) => unknown;

interface Walk {
  readonly isSecret: SecretTest;
  readonly path: string[];
  /** What is being walked: a value that holds itself would have no end. */
  readonly above: Set<object>;
  nodes: number;
  text: number;
}

/**
 * Makes the function that turns what an app logs into what may be logged: values under secret names `[redacted]` at any
 * depth, text cleaned and redacted, errors described, requests and streams named and not walked, all of it bounded.
 *
 * Code of the value that runs (getters, `toJSON`, iterators) may throw; it is then `[unreadable]`.
 *
 * @example recordCleaner(secretTest([]))({ user: { name: 'ann', password: 'x' } }) // { user: { name: 'ann', password: '[redacted]' } }
 */
export function recordCleaner(isSecret: SecretTest): RecordCleaner {
  return (value, depth = MAX_DEPTH) =>
    clean(value, depth, { isSecret, path: [], above: new Set(), nodes: MAX_NODES, text: MAX_TEXT_IN_ALL });
}

function clean(value: unknown, depth: number, walk: Walk): unknown {
  walk.nodes -= 1;
  if (walk.nodes < 0) return '[more]';
  if (typeof value === 'string') return cleanString(value, walk);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  return typeof value === 'object' && value !== null ? cleanObject(value, depth, walk) : value;
}

function cleanString(text: string, walk: Walk): string {
  if (walk.text <= 0) return '[more]';
  const isAddress = ADDRESSES.has((walk.path[walk.path.length - 1] ?? '').replace(/[^a-z]/gi, '').toLowerCase());
  const max = Math.min(MAX_TEXT, walk.text);
  walk.text -= Math.min(text.length, max);
  // Redaction looks at lines, so it comes before line breaks are escaped; the cut bounds its work.
  return isAddress ? redactText(loggedPath(text, max)) : cleanText(redactText(text.slice(0, max)), max);
}

/** @param asks - whether `toJSON` is called; on what it returned it is not, as in JSON.stringify */
function cleanObject(value: object, depth: number, walk: Walk, asks = true): unknown {
  if (walk.above.has(value)) return '[circular]';
  walk.above.add(value);
  try {
    const known = describeKnown(value);
    if (known !== undefined) return known;
    if (depth <= 0) return '[nested]';
    const own = asks ? readMember(value, 'toJSON') : undefined;
    if (typeof own === 'function') {
      const said: unknown = own.call(value);
      if (said !== value) {
        return typeof said === 'object' && said !== null
          ? cleanObject(said, depth, walk, false)
          : clean(said, depth, walk);
      }
    }
    return isLive(value) ? `[${kindOf(value)}]` : walkObject(value, depth, walk);
  } catch {
    return '[unreadable]';
  } finally {
    walk.above.delete(value);
  }
}

/** What is named rather than walked: it holds whole connections, or nothing that can be read. */
function describeKnown(value: object): unknown {
  if (isInstance(value, IncomingMessage)) {
    const url = (value as IncomingMessage & { originalUrl?: string }).originalUrl ?? value.url ?? '';
    return { method: cleanText(value.method ?? '', 32), path: loggedPath(url) };
  }
  if (isInstance(value, ServerResponse)) return { status: value.statusCode };
  if (isInstance(value, Error) || isAnError(value)) return describeFailure(value);
  if (isInstance(value, URL)) return loggedPath(value.href);
  if (ArrayBuffer.isView(value) || isInstance(value, ArrayBuffer))
    return `[${kindOf(value)} ${value.byteLength} bytes]`;
  if (isInstance(value, Date)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  return undefined;
}

/** Sockets, servers, pools of connections, promises: what hangs on them is not what somebody wants to log. */
function isLive(value: object): boolean {
  const isEmitter = typeof readMember(value, 'on') === 'function' && typeof readMember(value, 'emit') === 'function';
  return isEmitter || typeof readMember(value, 'then') === 'function';
}

/** An error of another realm, or one that was copied: its other members may be the request that failed. */
function isAnError(value: object): boolean {
  return typeof readMember(value, 'stack') === 'string' && typeof readMember(value, 'message') === 'string';
}

function walkObject(value: object, depth: number, walk: Walk): unknown {
  if (Array.isArray(value)) return cleanList(value, depth, walk);
  const isPairs = isInstance(value, Map) || isInstance(value, Headers) || isInstance(value, URLSearchParams);
  if (isPairs || isInstance(value, FormData)) {
    return cleanMembers(
      [...first(value as Iterable<[unknown, unknown]>)].map(([name, of]) => [nameOf(name), of]),
      depth,
      walk,
    );
  }
  if (isInstance(value, Set)) return cleanList([...first(value)], depth, walk);
  const names = Object.keys(value);
  if (names.length === 0 && !isPlain(value)) return `[${kindOf(value)}]`;
  return cleanMembers(
    names.slice(0, MAX_MEMBERS + 1).map((name) => [name, readOwn(value, name)]),
    depth,
    walk,
  );
}

function* first<T>(values: Iterable<T>): Generator<T> {
  let left = MAX_MEMBERS + 1;
  for (const value of values) {
    if (left-- <= 0) return;
    yield value;
  }
}

function cleanList(list: readonly unknown[], depth: number, walk: Walk): unknown {
  // `['Authorization', 'Bearer …']`: an entry of a list of headers.
  const [name] = list;
  if (list.length === 2 && typeof name === 'string' && walk.isSecret([...walk.path, name]))
    return [name, REDACTED].map((text) => cleanText(text, MAX_NAME));
  const cleaned = list.slice(0, MAX_MEMBERS).map((item) => clean(item, depth - 1, walk));
  return list.length > MAX_MEMBERS ? [...cleaned, '[more]'] : cleaned;
}

function cleanMembers(members: readonly (readonly [string, unknown])[], depth: number, walk: Walk): object {
  // `{ name: 'Authorization', value: 'Bearer …' }`, as in HAR files.
  const label = members.find(([name, value]) => /^(?:name|key|header)$/i.test(name) && typeof value === 'string')?.[1];
  const cleaned: Record<string, unknown> = {};
  for (const [name, value] of members.slice(0, MAX_MEMBERS)) {
    walk.path.push(name);
    const isSecret =
      walk.isSecret(walk.path) || (name === 'value' && walk.isSecret([...walk.path.slice(0, -1), String(label)]));
    const shown = isSecret && isTelling(value) ? REDACTED : clean(value, depth - 1, walk);
    walk.path.pop();
    if (shown !== undefined) cleaned[safeName(name)] = shown;
  }
  if (members.length > MAX_MEMBERS) cleaned['[more]'] = true;
  return cleaned;
}

/** Whether there is a secret in it at all: yes, no and nothing are worth knowing and give nothing away. */
function isTelling(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== 'boolean' && value !== '';
}

/** A name may be a value too: that of a map whose keys are tokens, or of a form field that a client chose. */
function safeName(name: string): string {
  const safe = cleanText(redactText(name.slice(0, MAX_NAME)), MAX_NAME);
  return safe === '__proto__' ? '[__proto__]' : safe;
}

function nameOf(key: unknown): string {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : `[${typeof key}]`;
}

function readOwn(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return '[unreadable]';
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: object): string {
  const name = readMember(readMember(value, 'constructor'), 'name');
  return typeof name === 'string' && name !== '' ? cleanText(name, 60) : 'object';
}
