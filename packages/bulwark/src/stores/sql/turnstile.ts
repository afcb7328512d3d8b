interface Waiter {
  readonly go: () => void;
}

/**
 * Keeps a pile from growing while a server does not answer: a pool's own queue has no end, or no clock.
 *
 * @param width - how many may be in at a time
 * @param waiting - how many may wait at most
 * @param full - makes the error where more come
 * @see https://cwe.mitre.org/data/definitions/770.html
 */
export function turnstile(
  width: number,
  waiting: number,
  full: () => Error,
): { enter(until: Promise<never>): Promise<void>; leave(): void } {
  let free = width;
  const line = new Set<Waiter>();

  function leave(): void {
    const [next] = line;
    if (next === undefined) {
      free += 1;
      return;
    }
    line.delete(next);
    next.go();
  }

  return {
    leave,
    async enter(until) {
      if (free > 0) {
        free -= 1;
        return;
      }
      if (line.size >= waiting) throw full();
      let waiter: Waiter | undefined;
      const turn = new Promise<void>((resolve) => {
        waiter = { go: resolve };
        line.add(waiter);
      });
      try {
        await Promise.race([turn, until]);
      } catch (error) {
        // Its turn may have come in the same moment: then it is handed on.
        if (waiter !== undefined && !line.delete(waiter)) leave();
        throw error;
      }
    },
  };
}
