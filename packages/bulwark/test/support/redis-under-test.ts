import { randomUUID } from 'node:crypto';
import type { Emit, EventInput } from '../../src/events.ts';
import type { Stores } from '../../src/stores/stores.ts';
import type { StoreUnderTest } from './rate-limit-store-contract.ts';
import type { RecordStoreUnderTest } from './record-store-contract.ts';
import { ageRedis } from './servers/redis-time.ts';

/** What a test waits for really; a longer time is moved instead. */
const PATIENCE = 5100;

/** How the two contracts use one server: with a prefix of its own, so empty. */
export interface RedisUnderTest {
  limits(): Promise<StoreUnderTest>;
  records(): Promise<RecordStoreUnderTest>;
}

/** @param connect - makes stores with this prefix, each with a connection of its own */
export function redisUnderTest(url: () => string, connect: (prefix: string, emit: Emit) => Stores): RedisUnderTest {
  async function open(count: number): Promise<{
    readonly stores: readonly Stores[];
    advance(ms: number): Promise<void>;
    close(): Promise<void>;
  }> {
    const prefix = `${randomUUID()}:`;
    const events: EventInput[] = [];
    const stores = Array.from({ length: count }, () => connect(prefix, (event) => events.push(event)));
    await Promise.all(stores.map((each) => each.ready()));
    return {
      stores,
      advance: (ms) => (ms > PATIENCE ? ageRedis(url(), prefix, ms) : new Promise((done) => setTimeout(done, ms))),
      async close() {
        await Promise.all(stores.map((each) => each.close()));
        // A local limiter keeps the contract too: it must not have been its turn.
        if (events.length > 0) throw new Error(`the store was left alone: ${JSON.stringify(events)}`);
      },
    };
  }
  return {
    async limits() {
      const { stores, advance, close } = await open(1);
      const [first] = stores as [Stores];
      return { store: first.limits, now: () => 0, advance, close };
    },
    async records() {
      const { stores, advance, close } = await open(3);
      const [first, ...others] = stores as [Stores, ...Stores[]];
      return { store: first.records, others: others.map(({ records }) => records), advance, close };
    },
  };
}
