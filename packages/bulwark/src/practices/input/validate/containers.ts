/** An object or a list of parsed data; neither a date nor a file nor another library's object. */
export type Container = Record<string, unknown> | readonly unknown[];

/** Whether a value is a plain object or a list: what parsers make. */
export function isContainer(value: unknown): value is Container {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value under a key of a container. */
export function valueAt(container: Container, key: string): unknown {
  return (container as Record<string, unknown>)[key];
}

/** Whether a key leads to a prototype once somebody merges its object into another: `__proto__`, `constructor.prototype`. */
export function reachesPrototype(key: string, value: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

/**
 * A deep copy of what a schema gave, frozen: plain objects and lists are copied, so that neither the request's own data
 * is frozen nor a later change of it is seen; keys that reach a prototype are left out. Other objects (dates, files) go
 * over as they are.
 *
 * @example frozenCopy({ list: [1] }).list.push(2) // TypeError
 */
export function frozenCopy(value: unknown, seen: Map<object, unknown> = new Map()): unknown {
  if (!isContainer(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    seen.set(value, list);
    for (const item of value as readonly unknown[]) list.push(frozenCopy(item, seen));
    return Object.freeze(list);
  }
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [key, inner] of Object.entries(value)) {
    if (!reachesPrototype(key, inner)) copy[key] = frozenCopy(inner, seen);
  }
  return Object.freeze(copy);
}

/** Whether data is nested deeper than some levels; found without recursion, which is what too deep data breaks. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let level: Container[] = isContainer(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
}
