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
  const changed = Object.entries(data).filter(([key, json]) => loaded.data[key] !== json);
  const removed = new Set(Object.keys(loaded.data).filter((key) => data[key] === undefined));
  const maxAge = session.cookie.originalMaxAge;
  const isAged = maxAge !== loaded.maxAge;
  if (changed.length === 0 && removed.size === 0 && !isAged) return undefined;
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
