import type { z } from 'zod';
import { ConfigError } from './errors.ts';
import { isSecretName } from './practices/logging/secret-names.ts';

/** The dated sets of defaults. A policy that pins one keeps its behaviour when Bulwark's defaults move on. */
export const DEFAULTS_DATES = ['2026-11'] as const;

/** A dated set of defaults. */
export type DefaultsDate = (typeof DEFAULTS_DATES)[number];

/**
 * Merges a user's settings over defaults, field by field: naming one field never drops its neighbours.
 * `undefined` is absent; `false` and arrays replace.
 *
 * @example mergeFields({ a: { b: 1, c: 2 } }, { a: { b: 9 } }) // { a: { b: 9, c: 2 } }
 */
export function mergeFields<T>(defaults: T, given: unknown): T {
  if (given === undefined) return defaults;
  if (!isPlainObject(defaults) || !isPlainObject(given)) return given as T;
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(given)) merged[key] = mergeFields(merged[key], value);
  return merged as T;
}

/**
 * Reads the options of one practice: checks them against its schema, then lays them over its defaults.
 *
 * @param schema - a strict schema of the options as a user may write them
 * @param defaults - every field's value for the chosen date
 * @param given - what the user wrote
 * @param field - the policy key, for the error: `cors`, `rateLimit`
 * @throws ConfigError naming the field, the known keys, the likely typo, and the fix
 * @example resolveOptions(schema, DEFAULTS, { credentials: true }, 'cors')
 */
export function resolveOptions<T>(schema: z.ZodType, defaults: T, given: unknown, field: string): T {
  const parsed = schema.safeParse(given ?? {});
  if (!parsed.success) throw toConfigError(schema, parsed.error, given, field);
  return mergeFields(defaults, parsed.data);
}

/** Turns the first issue that zod found into a sentence that names the field and the fix. */
export function toConfigError(schema: z.ZodType, error: z.ZodError, given: unknown, field: string): ConfigError {
  const issue = deepest(error.issues[0] as z.core.$ZodIssue);
  const path = [field, ...issue.path].filter((part) => part !== '').reduce<string>(joinPath, '');
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    const key = issue.keys[0] ?? '';
    const near = nearest(key, known);
    return new ConfigError('ERR_CONFIG_UNKNOWN_KEY', {
      field: joinPath(path, key),
      message: `there is no such setting${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
      fix: known.length === 0 ? 'remove it' : `use one of: ${known.join(', ')}`,
    });
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], given);
  return new ConfigError('ERR_CONFIG_VALUE', {
    field: path,
    message: `${describe(value, String(issue.path.at(-1) ?? ''))} does not fit: ${issue.message}`,
    fix: `see the documentation of ${path}`,
  });
}

/** A union reports every branch; the one that got furthest is the one that the user meant. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const branches = issue.errors.map((errors) => errors[0]).filter((inner) => inner !== undefined);
  const best = branches.sort((a, b) => weight(b) - weight(a))[0];
  if (best === undefined || weight(best) === 0) return issue;
  return deepest({ ...best, path: [...issue.path, ...best.path] });
}

function weight(issue: z.core.$ZodIssue): number {
  return issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 1 : 0);
}

/** The keys that a strict schema knows at a path. */
function knownKeys(schema: unknown, path: readonly PropertyKey[]): string[] {
  const node = unwrap(schema);
  if (node === undefined) return [];
  if (node.options !== undefined) return [...new Set(node.options.flatMap((option) => knownKeys(option, path)))];
  if (path.length === 0) return Object.keys(node.shape ?? {});
  const [head, ...rest] = path;
  const next = node.shape?.[String(head)] ?? node.valueType ?? node.element;
  return next === undefined ? [] : knownKeys(next, rest);
}

interface SchemaNode {
  shape?: Record<string, unknown>;
  options?: unknown[];
  element?: unknown;
  valueType?: unknown;
  unwrap?: () => unknown;
}

function unwrap(schema: unknown): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined;
  while (node !== undefined && node.element === undefined && typeof node.unwrap === 'function') {
    node = node.unwrap() as SchemaNode;
  }
  return node;
}

/** The known word nearest to a mistyped one, if it is near enough to be what was meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function joinPath(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`;
  return path === '' ? String(part) : `${path}.${String(part)}`;
}

function describe(value: unknown, name: string): string {
  if (value === undefined) return 'nothing';
  // A secret that was given as plain text must not end in a log.
  if (typeof value === 'string' && isSecretName(name)) return 'a text';
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? typeof value).slice(0, 80);
}

/** Whether a value was written as `{ … }`: not a stream, a logger or another instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
