import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../errors.ts';
import { Clock, DAY, distant, faultOf, ISSUER, KEY, MINUTE, make, OTHER_KEY, recording } from '../fixtures/make.ts';
import { generateTokenKey, tokens } from '../index.ts';

const RING = 'token-keys:default';
const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
const kids = async (made: ReturnType<typeof make>['tokens']): Promise<unknown[]> =>
  (await made.service.jwks())?.keys.map(({ kid }) => kid) ?? [];

describe('the ring of keys', () => {
  it('publishes the next key before it signs, and the previous one until its last token has expired', async () => {
    const { tokens: t, clock } = make();
    const before = await t.service.issue({ sub: 'ann' });
    const [current, next, ...none] = await kids(t);
    expect(none).toEqual([]);
    expect(kidOf(before.accessToken)).toBe(current);

    clock.forward(30 * DAY);
    const after = await t.service.issue({ sub: 'ann' });
    expect(kidOf(after.accessToken)).toBe(next);
    const turned = await kids(t);
    expect([turned[0], turned[2]]).toEqual([next, current]);
    expect([current, next]).not.toContain(turned[1]);

    clock.forward(14 * MINUTE);
    expect(await kids(t)).toContain(current);
    clock.forward(3 * MINUTE);
    expect(await kids(t)).not.toContain(current);
  });

  it('a token of the last moment of a key is accepted until it expires', async () => {
    const { tokens: t, clock } = make();
    await t.service.ready();
    clock.forward(30 * DAY - 1000);
    const { accessToken } = await t.service.issue({ sub: 'ann' });
    clock.forward(14 * MINUTE);
    expect((await kids(t)).length).toBe(3);
    await expect(t.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    clock.forward(2 * MINUTE);
    expect(await faultOf(t.service.verify(accessToken))).toBe('expired');
  });

  it.each([1, 2])('four processes that start and rotate at once make one new key (%s)', async () => {
    const made = make({}, distant);
    const four = [made.tokens, made.another(), made.another(), made.another()];
    await Promise.all(four.map((t) => t.service.ready()));
    const first = await Promise.all(four.map(kids));
    expect(new Set(first.map(String)).size).toBe(1);
    made.clock.forward(30 * DAY);
    const issued = await Promise.all(four.map((t) => t.service.issue({ sub: 'ann' })));
    expect(new Set(issued.map(({ accessToken }) => kidOf(accessToken))).size).toBe(1);
    const second = await Promise.all(four.map(kids));
    expect(new Set(second.map(String)).size).toBe(1);
    // One turn: the first next one is current, and exactly one key is new.
    expect(second[0]).toHaveLength(3);
    expect(second[0]?.filter((kid) => !first[0]?.includes(kid))).toHaveLength(1);
    for (const { accessToken } of issued) {
      for (const t of four) await expect(t.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    }
  });

  it('every process sees a rotation of another one, and drops compromised keys within 30 seconds', async () => {
    const made = make();
    const [one, two] = [made.tokens, made.another()];
    const { accessToken } = await one.service.issue({ sub: 'ann' });
    await expect(two.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    const { rotated } = await one.service.rotate({ compromised: true });
    expect(rotated).toBe(true);
    expect(made.events.at(-1)).toMatchObject({ event: 'sys_token_keys_changed', level: 'CRITICAL' });
    expect(await faultOf(one.service.verify(accessToken))).toBe('kid-unknown');
    made.clock.forward(30_000);
    expect(await faultOf(two.service.verify(accessToken))).toBe('kid-unknown');
    const fresh = await one.service.issue({ sub: 'ann' });
    await expect(two.service.verify(fresh.accessToken)).resolves.toMatchObject({ sub: 'ann' });
  });

  it('finds a key that another process has just made, without waiting', async () => {
    const made = make();
    const two = made.another();
    await made.tokens.service.ready();
    await two.service.ready();
    await made.tokens.service.rotate({ compromised: true });
    made.clock.forward(5000);
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann' });
    await expect(two.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
  });

  it('rotates by hand only to a key that everybody knows', async () => {
    const { tokens: t, clock } = make();
    await t.service.ready();
    const [current, next] = await kids(t);
    expect(await t.service.rotate()).toEqual({ rotated: false, kid: current });
    clock.forward(120 * MINUTE);
    expect(await t.service.rotate()).toEqual({ rotated: true, kid: next });
  });

  it('lies in the store encrypted as a whole; no private number, no kid', async () => {
    let written = new Map<string, string>();
    const made = make({}, (inner) => {
      const kept = recording(inner);
      written = kept.written;
      return kept.store;
    });
    await made.tokens.service.ready();
    const text = [...written.values()].join('\n');
    expect(text).toMatch(/^v1\.[\w-]+$/);
    for (const kid of await kids(made.tokens)) expect(text).not.toContain(kid);
    expect(text).not.toContain('"d"');
  });

  it('refuses a ring that was altered, in any byte, or that lay elsewhere', async () => {
    const made = make();
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann' });
    const stored = made.store.get(RING);
    const value = stored?.value ?? '';
    const bytes = Buffer.from(value.slice(3), 'base64url');
    for (const at of [0, 12, 40, bytes.length >> 1, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      made.store.remove(RING);
      made.store.insert(RING, { value: `v1.${altered.toString('base64url')}`, ttl: DAY });
      const fresh = made.another();
      expect(await faultOf(fresh.service.verify(accessToken))).toBe('ERR_UNAVAILABLE');
      expect(await faultOf(fresh.service.issue({ sub: 'ann' }))).toBe('ERR_UNAVAILABLE');
    }
    expect(made.events.filter(({ event }) => event === 'sys_token_keys_refused')[0]).toMatchObject({
      level: 'CRITICAL',
    });
    for (const text of ['', 'v1.', 'v1.AAAA', '{}', value.replace('v1', 'v2')]) {
      made.store.remove(RING);
      made.store.insert(RING, { value: text, ttl: DAY });
      expect(await faultOf(made.another().service.ready())).toBe('ERR_UNAVAILABLE');
    }
    made.store.insert('token-keys:other', { value, ttl: DAY });
    expect(await faultOf(made.another({ keys: { ring: 'other' } }).service.ready())).toBe('ERR_UNAVAILABLE');
  });

  it('refuses an older copy of the ring, so that dropped keys do not come back', async () => {
    const made = make();
    await made.tokens.service.ready();
    const old = made.store.get(RING)?.value ?? '';
    await made.tokens.service.rotate({ compromised: true });
    made.store.remove(RING);
    made.store.insert(RING, { value: old, ttl: DAY });
    made.clock.forward(31_000);
    expect(await faultOf(made.tokens.service.ready())).toBe('ERR_UNAVAILABLE');
  });

  it('refuses it too where the newer ring was taken away, and another one was made', async () => {
    const made = make();
    const stolen = await made.tokens.service.issue({ sub: 'root' });
    const old = made.store.get(RING)?.value ?? '';
    await made.tokens.service.rotate({ compromised: true });
    made.store.remove(RING);
    made.clock.forward(31_000);
    await made.tokens.service.ready();
    made.store.remove(RING);
    made.store.insert(RING, { value: old, ttl: DAY });
    made.clock.forward(31_000);
    expect(await faultOf(made.tokens.service.verify(stolen.accessToken))).toBe('ERR_UNAVAILABLE');
  });

  it('opens with an older encryption key and seals with the newest', async () => {
    const made = make();
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann' });
    const both = made.another({ encryptionKey: { current: OTHER_KEY, all: [OTHER_KEY, KEY] } });
    await expect(both.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    await expect(made.another({ encryptionKey: OTHER_KEY }).service.verify(accessToken)).resolves.toMatchObject({});
    expect(await faultOf(made.another().service.verify(accessToken))).toBe('ERR_UNAVAILABLE');
  });

  it('made-up kids cost at most one look at the store in five seconds', async () => {
    const key = await generateTokenKey();
    const foreign = tokens(
      { issuer: ISSUER, audience: ISSUER, keys: { signing: key } },
      { emit: () => undefined, mode: 'production' },
    );
    let reads: string[] = [];
    const made = make({}, (inner) => {
      const kept = recording(inner);
      reads = kept.reads;
      return kept.store;
    });
    await made.tokens.service.ready();
    const { accessToken } = await foreign.service.issue({ sub: 'ann' });
    reads.length = 0;
    for (let i = 0; i < 200; i++) {
      made.clock.forward(50);
      expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('kid-unknown');
    }
    expect(reads.filter((name) => name === RING).length).toBe(2);
    expect(reads.length).toBe(2);
  });

  it('a store that is out of reach refuses, with 503, and answers again when it is back', async () => {
    let down = false;
    const made = make({}, (inner) => ({
      get: (name) => (down ? Promise.reject(new Error('connection lost')) : inner.get(name)),
      insert: (name, record) => inner.insert(name, record),
      replace: (name, version, record) => inner.replace(name, version, record),
      remove: (name) => inner.remove(name),
      list: (owner) => inner.list(owner),
    }));
    const { accessToken } = await made.tokens.service.issue({ sub: 'ann' });
    down = true;
    expect(await faultOf(made.tokens.service.verify(accessToken))).toBe('ERR_UNAVAILABLE');
    made.clock.forward(31_000);
    expect(await faultOf(made.tokens.service.issue({ sub: 'ann' }))).toBe('ERR_UNAVAILABLE');
    down = false;
    await expect(made.tokens.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
  });

  it.each(['ES256', 'RS256'] as const)(
    'signs with %s where that is asked for',
    async (algorithm) => {
      const made = make({ algorithm });
      const { accessToken } = await made.tokens.service.issue({ sub: 'ann' });
      await expect(made.tokens.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
      expect((await made.tokens.service.jwks())?.keys.map(({ alg }) => alg)).toEqual([algorithm, algorithm]);
    },
    60_000,
  );
});

describe('what a ring is encrypted with', () => {
  const services = { emit: () => undefined, mode: 'production' } as const;
  const named = { issuer: ISSUER, audience: ISSUER };

  it('is demanded in production, and must be strong', async () => {
    const { Secret } = await import('../../secrets/secret.ts');
    for (const encryptionKey of [
      undefined,
      Secret.of('changeme'),
      Secret.of('insecure-development-0123456789abcdef0123456789'),
    ]) {
      const build = (): unknown => tokens({ ...named, ...(encryptionKey && { encryptionKey }) }, services);
      expect(build).toThrow(ConfigError);
      expect(build).toThrow(/tokens\.encryptionKey/);
    }
    expect(() => tokens({ ...named, encryptionKey: KEY }, services)).not.toThrow();
  });

  it('is made up elsewhere, for a ring of this process whose name says so', async () => {
    const clock = new Clock();
    const written: string[] = [];
    const { memoryRecordStore } = await import('../../../stores/memory-records.ts');
    const kept = recording(memoryRecordStore());
    const development = { emit: () => undefined, mode: 'development' } as const;
    const make2 = (): ReturnType<typeof tokens> => tokens({ ...named, store: kept.store, now: clock.now }, development);
    const [one, two] = [make2(), make2()];
    await one.service.ready();
    await two.service.ready();
    written.push(...kept.written.keys());
    expect(written).toHaveLength(2);
    for (const name of written) expect(name).toMatch(/^token-keys:insecure-development-[0-9a-f]{16}:default$/);
  });
});

describe('keys that the app keeps itself', () => {
  const services = { emit: () => undefined, mode: 'production' } as const;
  const named = { issuer: ISSUER, audience: ISSUER };

  it('sign, and others verify beside them; they do not rotate', async () => {
    const [old, fresh] = await Promise.all([generateTokenKey(), generateTokenKey()]);
    const before = tokens({ ...named, keys: { signing: old } }, services);
    const { accessToken } = await before.service.issue({ sub: 'ann' });
    const { publicJwkOf } = await import('../index.ts');
    const after = tokens({ ...named, keys: { signing: fresh, verifying: [publicJwkOf(old)] } }, services);
    await expect(after.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    expect(await faultOf(Promise.resolve().then(() => after.service.rotate()))).toBe('ERR_CONFIG_CONTRADICTION');
  });

  it('may be an HMAC key, which is never published', async () => {
    const key = await generateTokenKey('HS256');
    const t = tokens({ ...named, keys: { signing: key } }, services);
    const { accessToken } = await t.service.issue({ sub: 'ann' });
    await expect(t.service.verify(accessToken)).resolves.toMatchObject({ sub: 'ann' });
    expect(await t.service.jwks()).toBeUndefined();
  });

  it('are judged at construction, and an error does not quote them', () => {
    const secret = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
    const dull = 'a'.repeat(43);
    const weak = { kty: 'oct', kid: 'a', k: Buffer.from('the quick brown fox jumps over it').toString('base64url') };
    for (const signing of [
      weak,
      { kty: 'oct', kid: 'a', k: 'c2hvcnQ' },
      { kty: 'oct', kid: 'a', k: dull },
      { kty: 'OKP', crv: 'Ed25519', d: secret, x: secret, kid: 'a' },
    ]) {
      const build = (): unknown => tokens({ ...named, keys: { signing } }, services);
      expect(build).toThrow(ConfigError);
      try {
        build();
      } catch (error) {
        expect(String(error)).not.toContain(secret);
      }
    }
  });
});
