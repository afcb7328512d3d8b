/** Fills a memory store, and says what it takes: a process of its own, so that nothing else is in its heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryRateLimitStore, memoryRecordStore } from 'bulwark/stores';
import { addressOf, keptOf, recordOf } from '../growth/crowd.ts';

/** Bytes of the heap and outside of it, with so many entries and after so many more that push them out. */
export interface MemoryUsed {
  readonly filled: number;
  readonly flooded: number;
  /** Entries that are kept after the flood. */
  readonly kept: number;
}

const ENTRIES = 100_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const FILL: Readonly<Record<string, () => { readonly add: (n: number) => void; readonly size: () => number }>> = {
  sessions() {
    const store = memoryRecordStore();
    const add = (n: number): void => {
      const record = { value: recordOf(n), ttl: 3_600_000, owner: `session:user-${n}` };
      store.insert(`session:${keptOf(n).id}`, record);
    };
    return { add, size: () => store.size };
  },
  limits() {
    const store = memoryRateLimitStore();
    const rule = { limit: 300, window: 3_600_000 };
    // Half of it used up, so that none is forgotten meanwhile.
    const add = (n: number): void => void store.consume(`default|c:${addressOf(n)}`, 150, rule, performance.now());
    return { add, size: () => store.size };
  },
};

process.on('message', ({ kind, more }: { kind: string; more: number }) => {
  const made = FILL[kind]?.();
  if (made === undefined) throw new Error(`there is no store of ${kind}`);
  const before = bytes();
  for (let n = 0; n < ENTRIES; n++) made.add(n);
  const filled = bytes() - before;
  for (let n = 0; n < more; n++) made.add(ENTRIES + n);
  process.send?.({ filled, flooded: bytes() - before, kept: made.size() } satisfies MemoryUsed);
});
process.on('disconnect', () => process.exit());
