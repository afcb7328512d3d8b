import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, faultOf, keeping, make, recording } from '../fixtures/make.ts';
import { apiKeyPattern, isApiKey } from '../index.ts';
import { makeApiKey } from './format.ts';

const ON = { apiKeys: {} } as const;

describe('the text of an API key', () => {
  it('has a prefix, an id, 256 random bits and a checksum, which a scanner knows offline', () => {
    for (let i = 0; i < 200; i++) {
      const { id, key } = makeApiKey('bwk');
      expect(key).toMatch(/^bwk_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/);
      expect(key.split('_')[1]).toBe(id);
      expect(isApiKey(key)).toBe(true);
      expect(apiKeyPattern().exec(`key = "${key}";`)?.[0]).toBe(key);
    }
    const { key } = makeApiKey('bwk');
    // The checksum is CRC-32 in base62, as anybody can calculate it.
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = Array.from(key.slice(-6)).reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
    expect(value).toBe(crc32(key.slice(0, -6)));
  });

  it('with any one character changed, it is none', () => {
    const { key } = makeApiKey('acme_live');
    expect(isApiKey(key, 'acme_live')).toBe(true);
    fc.assert(
      fc.property(fc.nat(key.length - 1), fc.constantFrom('0', 'a', 'Z', '_', '-', '.', ' ', 'é'), (at, character) => {
        fc.pre(key[at] !== character);
        expect(isApiKey(key.slice(0, at) + character + key.slice(at + 1), 'acme_live')).toBe(false);
      }),
    );
    for (const text of [undefined, 7, '', key.toLowerCase(), `${key}\n`, ` ${key}`, key.slice(1)]) {
      expect(isApiKey(text, 'acme_live')).toBe(false);
    }
    expect(isApiKey(key)).toBe(false);
    expect(isApiKey(key, 'acme')).toBe(false);
    expect(() => apiKeyPattern('a.*')).toThrow(/apiKeyPattern\(\)/);
  });
});

describe('API keys', () => {
  it('are shown once, and kept as a hash', async () => {
    let written = new Map<string, string>();
    const made = make(ON, (inner) => {
      const kept = recording(inner);
      written = kept.written;
      return kept.store;
    });
    const { apiKeys } = made.tokens.service;
    const { id, key } = await apiKeys.create({ owner: 'ann', scopes: ['orders:read', 'orders:read'], label: 'laptop' });
    const text = [...written].join('\n');
    expect(text).toContain(id);
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.split('_')[2]);
    await expect(apiKeys.verify(key)).resolves.toMatchObject({
      id,
      owner: 'ann',
      scopes: ['orders:read'],
      label: 'laptop',
    });
    expect(JSON.stringify(await apiKeys.list('ann'))).not.toContain('hash');
    expect(JSON.stringify(made.events)).not.toContain(key.split('_')[2]);
  });

  it('made-up keys are refused without a look-up; the control is a key with a right checksum', async () => {
    let reads: string[] = [];
    const made = make(ON, (inner) => {
      const kept = recording(inner);
      reads = kept.reads;
      return kept.store;
    });
    const { apiKeys } = made.tokens.service;
    const { key } = await apiKeys.create({ owner: 'ann', scopes: [] });
    for (let i = 0; i < 100; i++) {
      const guess = `${key.slice(0, -7)}${String.fromCharCode(97 + (i % 26))}${key.slice(-6)}`;
      if (guess !== key) expect(await faultOf(apiKeys.verify(guess))).toBe('api-key-malformed');
    }
    expect(reads).toEqual([]);
    expect(await faultOf(apiKeys.verify(makeApiKey('bwk').key))).toBe('api-key-unknown');
    expect(reads).toHaveLength(1);
    // The right id, another secret, and a checksum that fits: the hash decides.
    const { key: other } = makeApiKey('bwk');
    const body = `${key.slice(0, 20)}_${other.split('_')[2]?.slice(0, 43)}`;
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let sum = '';
    for (let rest = crc32(body); rest > 0; rest = Math.floor(rest / 62)) sum = digits.charAt(rest % 62) + sum;
    expect(isApiKey(body + sum.padStart(6, '0'))).toBe(true);
    expect(await faultOf(apiKeys.verify(body + sum.padStart(6, '0')))).toBe('api-key-unknown');
  });

  it('end: when they are revoked, everywhere and at once, and at their time', async () => {
    const made = make(ON);
    const two = made.another();
    const { apiKeys } = made.tokens.service;
    const first = await apiKeys.create({ owner: 'ann', scopes: ['a'] });
    await two.service.apiKeys.verify(first.key);
    expect(await apiKeys.revoke(first.id, { owner: 'bob' })).toBe(false);
    await expect(apiKeys.verify(first.key)).resolves.toMatchObject({ id: first.id });
    expect(await apiKeys.revoke(first.id, { owner: 'ann' })).toBe(true);
    expect(await faultOf(two.service.apiKeys.verify(first.key))).toBe('api-key-unknown');
    expect(await apiKeys.revoke(first.id)).toBe(false);

    const short = await apiKeys.create({ owner: 'ann', scopes: [], expiresAt: new Date(made.clock.now() + DAY) });
    made.clock.forward(DAY - 1);
    await expect(apiKeys.verify(short.key)).resolves.toBeDefined();
    made.clock.forward(1);
    expect(await faultOf(apiKeys.verify(short.key))).toMatch(/expired|api-key-unknown/);
    expect(await apiKeys.list('ann')).toEqual([]);
  });

  it('end at their time even where the store keeps them for longer', async () => {
    const made = make(ON, keeping);
    const { apiKeys } = made.tokens.service;
    const { key } = await apiKeys.create({ owner: 'ann', scopes: [], expiresAt: new Date(made.clock.now() + DAY) });
    made.clock.forward(DAY);
    expect(await faultOf(apiKeys.verify(key))).toBe('expired');
    expect(await apiKeys.list('ann')).toEqual([]);
  });

  it('say when they were used last, to the minute, and no use brings a revoked one back', async () => {
    let writes = 0;
    const made = make(ON, (inner) => ({
      get: (key) => inner.get(key),
      insert: (key, record) => inner.insert(key, record),
      replace: (key, version, record) => {
        writes++;
        return inner.replace(key, version, record);
      },
      remove: (key) => inner.remove(key),
      list: (owner) => inner.list(owner),
    }));
    const { apiKeys } = made.tokens.service;
    const { id, key } = await apiKeys.create({ owner: 'ann', scopes: [] });
    expect((await apiKeys.list('ann'))[0]?.lastUsedAt).toBeUndefined();
    for (let i = 0; i < 60; i++) {
      await apiKeys.verify(key);
      made.clock.forward(1000);
    }
    expect(writes).toBe(1);
    made.clock.forward(60_000);
    await apiKeys.verify(key);
    expect(writes).toBe(2);
    const [info] = await apiKeys.list('ann');
    expect(info?.lastUsedAt?.getTime()).toBe(made.clock.now());
    made.clock.forward(60_000);
    await Promise.all([apiKeys.verify(key), apiKeys.revoke(id)]);
    expect(await apiKeys.list('ann')).toEqual([]);
  });

  it('are listed by owner, and revoked as a token too', async () => {
    const made = make(ON);
    const { service } = made.tokens;
    const one = await service.apiKeys.create({ owner: 'ann', scopes: ['a'] });
    await service.apiKeys.create({ owner: 'bob', scopes: ['b'] });
    expect((await service.apiKeys.list('ann')).map(({ id }) => id)).toEqual([one.id]);
    expect(await service.apiKeys.list('ann:api-keys')).toEqual([]);
    expect(await service.revoke({ token: one.key })).toBe(true);
    expect(await service.apiKeys.list('ann')).toEqual([]);
  });

  it('are refused where their making makes no sense, and where they are off', async () => {
    const made = make(ON);
    const { apiKeys } = made.tokens.service;
    const good = { owner: 'ann', scopes: ['a'] };
    for (const bad of [
      { ...good, owner: '' },
      { ...good, scopes: ['with space'] },
      { ...good, scopes: 'a' as unknown as string[] },
      { ...good, expiresAt: new Date(0) },
      { ...good, expiresAt: new Date(Number.NaN) },
      { ...good, expiresAt: new Date(made.clock.now() + 366 * DAY) },
      { ...good, label: 'x'.repeat(201) },
    ]) {
      expect(await faultOf(apiKeys.create(bad))).toBe('ERR_CONFIG_VALUE');
    }
    expect(() => make().tokens.service.apiKeys).toThrow(/tokens\.apiKeys/);
    expect(() => make({ apiKeys: { prefix: 'Bad-' } })).toThrow(/prefix/);
  });
});
