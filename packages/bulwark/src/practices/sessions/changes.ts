import { dataOf, type Session } from './session.ts';
import type { SessionState } from './state.ts';

/** What a request was given to read. */
export interface Loaded {
  /** JSON by key. */
  readonly data: Readonly<Record<string, string>>;
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
  const data = dataOf(session);
  const maxAge = session.cookie.originalMaxAge;
  const isAged = maxAge !== loaded.maxAge;
  // What most requests do: they look, and change nothing.
  if (!isAged && isSameData(data, loaded.data)) return undefined;
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

function isSameData(data: Loaded['data'], loaded: Loaded['data']): boolean {
  const keys = Object.keys(data);
  return keys.length === Object.keys(loaded).length && keys.every((key) => data[key] === loaded[key]);
}
