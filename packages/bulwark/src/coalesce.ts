import type { Emit, EventInput } from './events.ts';

/** Events that a flood would cause by the thousand: counted, and told at most once a second and kind. */
export interface Coalescer {
  /** Tells of the event at once, if none of its kind was told within the window; else counts it for the next telling. */
  add(event: EventInput): void;
  /** Tells of everything that was counted and not told yet. */
  flush(): void;
}

interface Kind {
  count: number;
  last: EventInput;
  timer: NodeJS.Timeout;
}

/**
 * Makes a {@link Coalescer}. Every event gets `details.count`, how many it stands for: over all events of a kind the
 * counts add up to how often it happened. The request or address in it is that of one of them.
 *
 * @param window - milliseconds between two events of one kind
 * @example const drops = coalesce(services.emit); drops.add(event)
 */
export function coalesce(emit: Emit, window = 1000): Coalescer {
  // Kinds are made of what Bulwark itself says, never of what a client sends: there are few.
  const kinds = new Map<string, Kind>();

  function tell(kind: Kind): void {
    const { last, count } = kind;
    kind.count = 0;
    emit({ ...last, details: { ...last.details, count } });
  }

  function wait(key: string): NodeJS.Timeout {
    return setTimeout(() => {
      const kind = kinds.get(key);
      if (kind === undefined) return;
      if (kind.count === 0) return void kinds.delete(key);
      kind.timer = wait(key);
      tell(kind);
    }, window).unref();
  }

  return {
    add(event) {
      const key = `${event.event} ${event.code ?? event.description} ${event.monitored ?? false}`;
      const known = kinds.get(key);
      if (known !== undefined) {
        known.count += 1;
        known.last = event;
        return;
      }
      const kind: Kind = { count: 1, last: event, timer: wait(key) };
      kinds.set(key, kind);
      tell(kind);
    },
    flush() {
      for (const kind of kinds.values()) {
        clearTimeout(kind.timer);
        if (kind.count > 0) tell(kind);
      }
      kinds.clear();
    },
  };
}
