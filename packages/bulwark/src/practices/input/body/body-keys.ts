import type { JsonMeasure } from './json-measure.ts';

/** What a parsed body may look like. */
export interface ShapeLimits {
  /** Levels of objects and arrays. */
  readonly depth: number;
  /** Keys in the whole body. */
  readonly keys: number;
  /** Whether whole numbers that JavaScript rounds are refused. */
  readonly exact?: boolean;
}

/** What is wrong with a parsed body. */
export interface ShapeObjection {
  readonly code: 'ERR_BODY_MALFORMED' | 'ERR_BODY_TOO_MANY_FIELDS';
  readonly reason: string;
}

const PROTO: ShapeObjection = { code: 'ERR_BODY_MALFORMED', reason: 'a key named __proto__' };
const CONSTRUCTOR: ShapeObjection = { code: 'ERR_BODY_MALFORMED', reason: 'a key named constructor.prototype' };
const TWICE: ShapeObjection = { code: 'ERR_BODY_MALFORMED', reason: 'an object has the same key twice' };
const INFINITE: ShapeObjection = { code: 'ERR_BODY_MALFORMED', reason: 'a number is out of range' };
const ROUNDED: ShapeObjection = {
  code: 'ERR_BODY_MALFORMED',
  reason: 'a whole number is beyond 2^53 and would be rounded',
};

/**
 * Looks a parsed body through for keys that reach an object's prototype once somebody merges the body into another
 * object, for nesting that overflows recursive code, and for more keys than anyone means to send. One walk, no
 * recursion. It reads the parsed keys, so no escape (`\u005f_proto__`) hides one. CWE-1321, CWE-674, ASVS 15.3.6.
 *
 * @param members - how many members the body was written with (`measureJson`): more than there are keys now means that
 *   some key came twice and its first value was dropped. RFC 8259 4, CWE-436, ASVS 1.5.3
 * @example objectionToShape(JSON.parse('{"a":{"__proto__":{}}}'), { depth: 32, keys: 10_000 })?.reason
 */
export function objectionToShape(body: unknown, limits: ShapeLimits, members?: number): ShapeObjection | undefined {
  if (!isContainer(body)) return undefined;
  const nodes: object[] = [body];
  const depths: number[] = [1];
  let keys = 0;
  let number: ShapeObjection | undefined;
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    const depth = depths.pop() ?? 1;
    if (depth > limits.depth) return tooDeep(limits);
    if (Array.isArray(node)) {
      for (const item of node) push(item, depth);
      continue;
    }
    for (const key of Object.keys(node)) {
      if (++keys > limits.keys) return tooManyKeys(limits);
      const value = (node as Record<string, unknown>)[key];
      const objection = objectionToName(key);
      if (objection !== undefined) return objection;
      if (key === 'constructor' && isContainer(value) && Object.hasOwn(value, 'prototype')) return CONSTRUCTOR;
      push(value, depth);
    }
  }
  return number ?? (members === undefined || members === keys ? undefined : TWICE);

  function push(value: unknown, depth: number): void {
    if (typeof value === 'number') {
      if (value - value !== 0) number = INFINITE;
      else if (limits.exact && Number.isInteger(value) && !Number.isSafeInteger(value)) number = ROUNDED;
      return;
    }
    if (!isContainer(value)) return;
    nodes.push(value);
    depths.push(depth + 1);
  }
}

/**
 * What of a body can be refused before it is parsed.
 *
 * @example objectionToSize(measureJson(raw), { depth: 32, keys: 10_000 })?.code // 'ERR_BODY_MALFORMED'
 */
export function objectionToSize({ members, depth }: JsonMeasure, limits: ShapeLimits): ShapeObjection | undefined {
  if (depth > limits.depth) return tooDeep(limits);
  return members > limits.keys ? tooManyKeys(limits) : undefined;
}

function tooDeep({ depth }: ShapeLimits): ShapeObjection {
  return { code: 'ERR_BODY_MALFORMED', reason: `nested deeper than ${depth} levels` };
}

function tooManyKeys({ keys }: ShapeLimits): ShapeObjection {
  return { code: 'ERR_BODY_TOO_MANY_FIELDS', reason: `more than ${keys} keys` };
}

/**
 * Whether a field's name reaches a prototype, alone or as a path that another library will take apart:
 * `__proto__`, `a[__proto__][b]`, `a["__proto__"]`, `constructor.prototype.b`.
 *
 * @example objectionToName('user[__proto__][isAdmin]')?.reason // 'a key named __proto__'
 */
export function objectionToName(name: string): ShapeObjection | undefined {
  if (!name.includes('proto')) return undefined;
  const parts = name.split(/[[\]."'`]+/);
  if (parts.includes('__proto__')) return PROTO;
  const holder = parts.findIndex((part, i) => part === 'constructor' && parts[i + 1] === 'prototype');
  return holder === -1 ? undefined : CONSTRUCTOR;
}

/**
 * Looks through the names of a form as it was sent: the form parser drops `__proto__` without a word, so what it
 * returns cannot show it.
 *
 * @example objectionToForm('a=1&%5F_proto__[x]=1')?.reason // 'a key named __proto__'
 */
export function objectionToForm(raw: string): ShapeObjection | undefined {
  if (!raw.includes('proto') && !raw.includes('%')) return undefined;
  for (const pair of raw.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    const objection = objectionToName(name.includes('%') ? decodeName(name) : name);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

/** Decodes byte by byte: a name whose other bytes are not UTF-8 must not keep its ASCII from being seen. */
function decodeName(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}
