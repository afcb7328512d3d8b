/**
 * Reads one member of anything that was thrown. Getters and proxies may throw, and an error handler must not.
 *
 * @example readMember(error, 'status')
 */
export function readMember(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** {@link readMember}, where only text is of use. */
export function readText(value: unknown, name: string): string | undefined {
  const member = readMember(value, name);
  return typeof member === 'string' ? member : undefined;
}

/** `instanceof` that a proxy's trap cannot break. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}
