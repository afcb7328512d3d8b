import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Received, send, serve } from '../../../test/support/http.ts';
import { rateLimitStoreContract } from '../../../test/support/rate-limit-store-contract.ts';
import type { EventInput } from '../../events.ts';
import { memoryRateLimitStore } from '../../stores/memory-rate-limit.ts';
import type { RateLimitResult, RateLimitRule, RateLimitStore } from '../../stores/rate-limit-store.ts';
import { withFallback } from './fallback.ts';
import { limit, rateLimit } from './index.ts';

type Mood = 'answers' | 'throws' | 'rejects' | 'hangs' | 'talks nonsense';

/** A store somewhere else, as good or bad as its mood. */
class FakeStore implements RateLimitStore {
  mood: Mood = 'answers';
  asked = 0;
  refunds = 0;
  readonly #memory = memoryRateLimitStore();

  consume(key: string, cost: number, rule: RateLimitRule, now: number): RateLimitResult | Promise<RateLimitResult> {
    this.asked++;
    if (this.mood === 'throws') throw new Error('redis://user:secret@host');
    if (this.mood === 'rejects') return Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }));
    if (this.mood === 'hangs') return new Promise(() => undefined);
    if (this.mood === 'talks nonsense') return Promise.resolve({ allowed: 'yes' } as unknown as RateLimitResult);
    return Promise.resolve(this.#memory.consume(key, cost, rule, now));
  }

  async refund(key: string, units: number, rule: RateLimitRule, now: number): Promise<void> {
    this.refunds++;
    if (this.mood !== 'answers') throw new Error('down');
    this.#memory.refund(key, units, rule, now);
  }
}

const RULE: RateLimitRule = { limit: 3, window: 60_000 };
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(): {
  fake: FakeStore;
  store: RateLimitStore;
  events: EventInput[];
  clock: { time: number };
  pass: (count: number) => Promise<number>;
} {
  const fake = new FakeStore();
  const events: EventInput[] = [];
  const clock = { time: 0 };
  const store = withFallback(fake, { emit: (event) => events.push(event) }, { timeout: 20, clock: () => clock.time });
  const pass = async (count: number): Promise<number> => {
    let allowed = 0;
    for (let i = 0; i < count; i++) if ((await store.consume('a', 1, RULE, clock.time)).allowed) allowed++;
    return allowed;
  };
  return { fake, store, events, clock, pass };
}

rateLimitStoreContract('withFallback around a store that answers', () => {
  let time = 0;
  return {
    store: withFallback(new FakeStore(), { emit: () => undefined }),
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
});

rateLimitStoreContract('withFallback around a store that is down', () => {
  let time = 0;
  const fake = new FakeStore();
  fake.mood = 'rejects';
  return {
    store: withFallback(fake, { emit: () => undefined }),
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
});

describe.each(['throws', 'rejects', 'hangs', 'talks nonsense'] as const)('a store that %s', (mood) => {
  it('is replaced by a local limiter at the same limit, and one event says so', async () => {
    const { fake, events, pass } = setUp();
    expect(await pass(1)).toBe(1);
    fake.mood = mood;
    expect(await pass(20)).toBe(3);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event: 'sys_error', level: 'CRITICAL', practice: 'rate-limit' });
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('is left alone between probes, so no request waits for it', async () => {
    const { fake, store, clock } = setUp();
    fake.mood = mood;
    await store.consume('a', 1, RULE, 0);
    const { asked } = fake;
    for (let i = 0; i < 50; i++) expect(store.consume('b', 1, RULE, 0)).not.toHaveProperty('then');
    expect(fake.asked).toBe(asked);
    clock.time = 1000;
    for (let i = 0; i < 50; i++) expect(store.consume('b', 1, RULE, 0)).not.toHaveProperty('then');
    expect(fake.asked).toBe(asked + 1);
  });

  it('is used again once it answers a probe', async () => {
    const { fake, events, clock, pass } = setUp();
    fake.mood = mood;
    await pass(1);
    clock.time = 1000;
    await pass(1);
    fake.mood = 'answers';
    const { asked } = fake;
    clock.time = 5000;
    await pass(1);
    await settle();
    await pass(2);
    // A probe that hung is still waited for; it fails by its own timeout, and the next one heals.
    await new Promise((resolve) => setTimeout(resolve, 30));
    clock.time = 10_000;
    await pass(1);
    await settle();
    const before = fake.asked;
    await pass(4);
    expect(before).toBeGreaterThan(asked);
    expect(fake.asked).toBe(before + 4);
    expect(events.map(({ level }) => level)).toEqual(['CRITICAL', 'INFO']);
  });
});

describe('withFallback', () => {
  it('keeps what it gives back in the store that counted it', async () => {
    const { fake, store, pass } = setUp();
    const result = await store.consume('a', 3, RULE, 0);
    await store.refund('a', 1, RULE, 0, result);
    expect(fake.refunds).toBe(1);
    fake.mood = 'rejects';
    const local = await store.consume('a', 3, RULE, 0);
    expect(local.allowed).toBe(true);
    await store.refund('a', 1, RULE, 0, local);
    await store.refund('a', 1, RULE, 0, result);
    expect(fake.refunds).toBe(1);
    expect(await pass(5)).toBe(1);
  });

  it('counts a refund that fails as an outage, and lets nothing escape', async () => {
    const { fake, store, events } = setUp();
    const result = await store.consume('a', 1, RULE, 0);
    fake.mood = 'rejects';
    await store.refund('a', 1, RULE, 0, result);
    expect(events).toHaveLength(1);
  });

  it('passes close() on', () => {
    let closed = 0;
    const store = withFallback(Object.assign(memoryRateLimitStore(), { close: () => void closed++ }), {
      emit: () => undefined,
    });
    void store.close?.();
    expect(closed).toBe(1);
  });
});

describe('an outage as a client sees it', () => {
  async function statuses(store: RateLimitStore, events: EventInput[], count: number): Promise<number[]> {
    const services = { emit: (event: EventInput) => events.push(event), mode: 'production' } as const;
    const limiter = rateLimit({ limit: 3, window: '15m', store, name: 'api', timeout: 20 }, services);
    const own = limit({ limit: 100, store, name: 'own', timeout: 20 });
    const served = await serve((req: IncomingMessage, res: ServerResponse) => {
      limiter(req, res, (refused) => {
        if (refused !== undefined) return res.writeHead((refused as { status: number }).status).end();
        own(req, res, (error) => res.writeHead(error === undefined ? 200 : 500).end());
      });
    });
    const answers: Received[] = [];
    for (let i = 0; i < count; i++) answers.push(await send(served.url));
    await served.close();
    return answers.map(({ status }) => status);
  }

  it.each(['rejects', 'hangs'] as const)(
    'where the store %s: limited, never 500, one event for all limits',
    async (mood) => {
      const fake = new FakeStore();
      fake.mood = mood;
      const events: EventInput[] = [];
      expect(await statuses(fake, events, 5)).toEqual([200, 200, 200, 429, 429]);
      expect(events.filter(({ level }) => level === 'CRITICAL')).toHaveLength(1);
    },
  );

  it('control: without the fallback the request fails with the store', async () => {
    const fake = new FakeStore();
    fake.mood = 'rejects';
    await expect(fake.consume('a', 1, RULE, 0)).rejects.toThrow();
  });

  it('lets an asynchronous store count before anything goes on', async () => {
    expect(await statuses(new FakeStore(), [], 5)).toEqual([200, 200, 200, 429, 429]);
  });
});
