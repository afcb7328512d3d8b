import { ipPrefix } from '../client/address.ts';

/** How a line is written: the level, what is said, and what all lines of its kind have in common. */
export interface LineKind {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Lines of one client that say the same are written up to a number, then counted. */
export interface Repeats {
  /** Whether the line is to be written; if not, it has been counted. */
  admit(ip: string | undefined, key: string, kind: LineKind): boolean;
  /** Counts without a line of its own. */
  count(key: string, kind: LineKind): void;
  /** Writes what has been counted, and begins anew. */
  flush(): void;
}

/** What one line stands for. */
export interface Counted {
  /** An address, an IPv6 network, or `others`; absent where it was not counted by client. */
  readonly network?: string;
  readonly count: number;
}

interface Entry {
  readonly network: string;
  readonly kind: LineKind;
  seen: number;
  counted: number;
}

/** Of one window. Beyond, strangers share one entry for each kind of line: bounded, and no kind of line goes unseen. */
const MAX_ENTRIES = 1000;
const EVERYONE = 'others';

/**
 * Makes the account of one log. A flood of identical refusals would fill the disk and hide everything else in it
 * (CWE-779); none at all would hide the flood (CWE-778).
 *
 * @param options.lines - of one kind, for each client (an IPv6 network of 56 bits is one) and window
 * @param options.window - milliseconds
 * @param write - writes the line that stands for all that were counted
 */
export function countRepeats(
  options: { readonly lines: number; readonly window: number },
  write: (kind: LineKind, counted: Counted) => void,
): Repeats {
  const { lines, window } = options;
  const kinds = new Map<string, Map<string, Entry>>();
  const entries: Entry[] = [];
  let ends = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    ends = Number.NEGATIVE_INFINITY;
    kinds.clear();
    for (const { kind, network, counted: count } of entries.splice(0)) {
      if (count > 0) write(kind, { ...(network === '' ? {} : { network }), count });
    }
  }

  function entryOf(ip: string, key: string, kind: LineKind): Entry {
    const now = performance.now();
    if (now >= ends) {
      flush();
      ends = now + window;
    }
    // An IPv4 address is its own network, and one of IPv6 never written like an address.
    return kinds.get(key)?.get(ip) ?? findEntry(ipPrefix(ip, 56), key, kind);
  }

  function findEntry(network: string, key: string, kind: LineKind): Entry {
    let ofKind = kinds.get(key);
    if (ofKind === undefined) {
      ofKind = new Map();
      kinds.set(key, ofKind);
    }
    const own = ofKind.get(network);
    if (own !== undefined) return own;
    const isFull = entries.length >= MAX_ENTRIES;
    const shared = isFull ? ofKind.get(EVERYONE) : undefined;
    if (shared !== undefined) return shared;
    const entry = { network: isFull ? EVERYONE : network, kind, seen: 0, counted: 0 };
    ofKind.set(entry.network, entry);
    entries.push(entry);
    return entry;
  }

  function note(entry: Entry): void {
    entry.counted += 1;
    // The window is over when time says so, even if nothing more comes.
    timer ??= setTimeout(flush, Math.max(0, ends - performance.now())).unref();
  }

  return {
    admit(ip, key, kind) {
      const entry = entryOf(ip ?? '', key, kind);
      entry.seen += 1;
      if (entry.seen <= lines) return true;
      note(entry);
      return false;
    },
    count: (key, kind) => note(entryOf('', key, kind)),
    flush,
  };
}
