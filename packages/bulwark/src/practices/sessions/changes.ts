import { dataOf, jsonOf, keysOf, type Session } from './session.ts';
import type { SessionState } from './state.ts';

/** What a request was given to read. */
export interface Loaded {
  /** JSON by key. */
  readonly data: Readonly<Record<string, string>>;
  /** What that JSON says, where it was read just now. Its objects are those that the session has. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds; null for "as long as the browser is open". */
  readonly maxAge: number | null;
}

/** What a request has changed. */
export interface Changes {
  /** What it holds now. */
  readonly written: Loaded;
  readonly apply: (state: SessionState) => SessionState;
}

/**
 * What a request has changed, as something that is done to whatever the session has become meanwhile: of two requests
 * that write different keys both are kept, of two that write one key the last. Undefined where nothing was changed.
 *
 * @see CWE-362
 */
export function changesOf(session: Session, loaded: Loaded, now: number): Changes | undefined {
  const maxAge = session.cookie.originalMaxAge;
  const isAged = maxAge !== loaded.maxAge;
  // What most requests do: they look, and change nothing.
  if (!isAged && isUnchanged(session, loaded)) return undefined;
  const data = dataOf(session);
  const changed = Object.entries(data).filter(([key, json]) => loaded.data[key] !== json);
  const removed = new Set(Object.keys(loaded.data).filter((key) => data[key] === undefined));
  return {
    written: { data, maxAge },
    apply(state) {
      const kept = Object.entries(state.data).filter(([key]) => !removed.has(key));
      return {
        ...state,
        ...(isAged ? { maxAge } : {}),
        data: Object.fromEntries([...kept, ...changed]),
        seenAt: Math.max(state.seenAt, now),
      };
    },
  };
}

/** JSON is made only of objects, in which something may have been changed: of what else is the same, it is the same. */
function isUnchanged(session: Session, { data, values }: Loaded): boolean {
  let count = 0;
  for (const key of keysOf(session)) {
    const value = session[key];
    const before = data[key];
    const isSame = values !== undefined && before !== undefined && isSimple(value) && value === values[key];
    const json = isSame ? before : jsonOf(value);
    if (json === undefined) continue;
    if (json !== before) return false;
    count++;
  }
  return count === Object.keys(data).length;
}

function isSimple(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
