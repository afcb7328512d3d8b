import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Clock, distant, faultOf, MINUTE, make, recording } from './fixtures/make.ts';
import type { TokenService } from './index.ts';
import { type KnownToken, tokenId, type VerifiedTokens, verifiedTokens } from './verified-tokens.ts';

const keys = { keys: [] };
const known = (bytes = 300): KnownToken => ({
  opened: { typ: 'at+jwt', claims: {}, bytes },
  revocations: { marks: { issuedAt: 0 }, jti: undefined, sid: undefined, sub: undefined },
});

function cacheOf(bounds: Partial<Parameters<typeof verifiedTokens>[0]> = {}): { cache: VerifiedTokens; clock: Clock } {
  const clock = new Clock();
  const cache = verifiedTokens({ maxEntries: 10, maxBytes: 100_000, idle: MINUTE, ...bounds }, clock.now);
  cache.get('', keys);
  return { cache, clock };
}

describe('the cache of verified tokens', () => {
  it('keeps what is used, and gives up what is not', () => {
    const { cache } = cacheOf();
    cache.add('used', keys, known());
    for (let n = 0; n < 50; n++) {
      cache.add(`other-${n}`, keys, known());
      expect(cache.get('used', keys)).toBeDefined();
      expect(cache.size().entries).toBeLessThanOrEqual(10);
    }
    expect(cache.get('other-0', keys)).toBeUndefined();
    expect(cache.get('other-49', keys)).toBeDefined();
  });

  it('counts what it holds, whatever comes and goes', () => {
    const { cache } = cacheOf({ maxBytes: 10_000 });
    for (let n = 0; n < 200; n++) {
      cache.add(`t${n % 13}`, keys, known((n * 37) % 1500));
      cache.get(`t${(n * 5) % 13}`, keys);
      if (n % 7 === 0) cache.remove(`t${(n * 3) % 13}`);
      expect(cache.size().bytes).toBeLessThanOrEqual(10_000);
    }
    for (let n = 0; n < 13; n++) cache.remove(`t${n}`);
    expect(cache.size()).toEqual({ entries: 0, bytes: 0 });
    cache.add('too large', keys, known(5000));
    expect(cache.size().entries).toBe(0);
  });

  it('gives up what was not used for two lives of a token, when another comes', () => {
    const { cache, clock } = cacheOf();
    cache.add('old', keys, known());
    clock.forward(MINUTE);
    cache.add('next', keys, known());
    clock.forward(MINUTE);
    cache.add('last', keys, known());
    expect(cache.size().entries).toBe(2);
    expect(cache.get('old', keys)).toBeUndefined();
  });

  it('ends with the keys, and takes nothing that was verified with others', () => {
    const { cache } = cacheOf();
    cache.add('a', keys, known());
    const others = { keys: [] };
    expect(cache.get('a', others)).toBeUndefined();
    cache.add('b', keys, known());
    expect([cache.get('b', others), cache.size().entries]).toEqual([undefined, 0]);
  });

  it('names a token by its whole text', () => {
    expect(tokenId('a.b.c')).toMatch(/^[\w-]{43}$/);
    expect(tokenId('a.b.c')).not.toBe(tokenId('a.b.d'));
  });
});

describe('tokens that were accepted', () => {
  const twice = async (service: TokenService, token: string): Promise<boolean> => {
    const first = await service.verify(token);
    return first === (await service.verify(token));
  };

  it('are known again, unless the cache is off; one that was refused is not', async () => {
    for (const [cache, isKnown] of [
      [{}, true],
      [{ maxEntries: 2, maxBytes: '8kb' }, true],
      [false, false],
    ] as const) {
      const { service } = make({ cache }).tokens;
      expect(await twice(service, (await service.issue({ sub: 'ann' })).accessToken)).toBe(isKnown);
    }
    const { tokens, clock } = make();
    const { accessToken, jti } = await tokens.service.issue({ sub: 'ann' });
    await tokens.service.revoke({ jti });
    expect(await faultOf(tokens.service.verify(accessToken))).toBe('revoked');
    expect(await faultOf(tokens.service.verify(accessToken))).toBe('revoked');
    clock.forward(20 * MINUTE);
    expect(await faultOf(tokens.service.verify(accessToken))).toBe('expired');
  });

  it.each([{ maxEntries: 1 }, { maxEntries: 1.5 }, { maxBytes: 'much' }, { maxItems: 5 }, true])(
    'in a cache of %j: the app does not start',
    (cache) => {
      expect(() => make({ cache: cache as never })).toThrow(expect.objectContaining({ name: 'ConfigError' }));
    },
  );

  it('are asked after in the store each time, about the same', async () => {
    let reads: string[] = [];
    const { tokens } = make({}, (inner) => {
      const recorded = recording(inner);
      reads = recorded.reads;
      return recorded.store;
    });
    const { accessToken } = await tokens.service.issue({ sub: 'ann', sid: 's' });
    reads.length = 0;
    await tokens.service.verify(accessToken);
    const first = reads.splice(0);
    await tokens.service.verify(accessToken);
    expect(first).toHaveLength(3);
    expect(reads).toEqual(first);
  });

  it('with a store that fails are refused, and known again when it is back', async () => {
    let isDown = false;
    const { tokens } = make({}, (inner) => ({
      ...distant(inner),
      get(key) {
        if (isDown) throw new Error('out of reach');
        return inner.get(key);
      },
    }));
    const { accessToken } = await tokens.service.issue({ sub: 'ann' });
    const before = await tokens.service.verify(accessToken);
    isDown = true;
    expect(await faultOf(tokens.service.verify(accessToken))).toBe('ERR_UNAVAILABLE');
    isDown = false;
    expect(await tokens.service.verify(accessToken)).toBe(before);
  });

  it('while the keys were being dropped are not in the cache of the new ones', async () => {
    const held: (() => void)[] = [];
    let isHeld = false;
    const { tokens } = make({}, (inner) => ({
      ...distant(inner),
      get(key) {
        const record = inner.get(key);
        if (!isHeld || !key.startsWith('token-revoked:')) return record;
        return new Promise((resolve) => {
          held.push(() => resolve(record));
        });
      },
    }));
    const { service } = tokens;
    const { accessToken } = await service.issue({ sub: 'ann' });
    isHeld = true;
    const under = service.verify(accessToken);
    await expect.poll(() => held.length).toBe(2);
    isHeld = false;
    await service.rotate({ compromised: true });
    await service.verify((await service.issue({ sub: 'bob' })).accessToken);
    for (const release of held) release();
    // It was good when it was asked after; from now on it is not.
    expect((await under).sub).toBe('ann');
    expect(await faultOf(service.verify(accessToken))).toBe('kid-unknown');
  });

  it('are held to the schema each time, which gets a copy of its own', async () => {
    let limit = 1;
    const schema = z.looseObject({ sub: z.string(), list: z.array(z.number()) }).transform((claims) => {
      claims.list.push(7);
      return claims;
    });
    const { service } = make({ schema: schema.refine(({ list }) => list.length <= limit + 2) as never }).tokens;
    const { accessToken } = await service.issue({ sub: 'ann', list: [1] });
    for (let n = 0; n < 3; n++) expect((await service.verify(accessToken)).list).toEqual([1, 7, 7]);
    limit = 0;
    expect(await faultOf(service.verify(accessToken))).toBe('schema');
  });
});
