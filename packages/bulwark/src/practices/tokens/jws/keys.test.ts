import { createHash, createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority } from '../../https/x509-write.ts';
import { b64, type Signer, signer, signerOf } from '../fixtures/forge.ts';
import { outcome, token } from '../fixtures/outcome.ts';
import { ALGORITHMS, type JwsAlgorithm } from './algorithms.ts';
import { generateTokenKey, thumbprintOf } from './generate-key.ts';
import type { Jwk } from './jwk.ts';
import type { JwkSet } from './key-set.ts';
import { publicJwkOf, readSigningKey } from './signing-key.ts';

/*
 * The classes of Wycheproof's JWK vectors and their neighbours, made here. Each key has a token that is rightly signed by it:
 * whoever does not judge keys accepts that one.
 */
let ed: Signer;
let es: Signer;
let rs: Signer;
let hs: Signer;
beforeAll(async () => {
  [ed, es, rs, hs] = await Promise.all([signer('EdDSA'), signer('ES256'), signer('RS256'), signer('HS256')]);
}, 60_000);

const expectRefusedKey = async (by: Signer, change: object, what: RegExp): Promise<void> => {
  expect(await outcome(token(by), by.known)).toBe('accepted');
  expect(await outcome(token(by), { ...by.known, ...change })).toMatch(/^ERR_TOKEN_KEY/);
  expect(await outcome(token(by), { ...by.known, ...change })).toMatch(what);
};

describe('a key', () => {
  it('for another purpose is refused', async () => {
    for (const by of [ed, es, rs, hs]) {
      await expectRefusedKey(by, { use: 'enc' }, /its use/);
      await expectRefusedKey(by, { use: '' }, /its use/);
      for (const key_ops of [['encrypt'], ['sign'], ['verify', 'encrypt'], ['verify', 'verify'], [], 'verify', [5]]) {
        await expectRefusedKey(by, { key_ops }, /its key_ops/);
      }
      expect(await outcome(token(by), { ...by.known, key_ops: ['verify'] })).toBe('accepted');
    }
  });

  it('whose alg is not one of its kind is refused, and with another one it is that one', async () => {
    for (const alg of ['ES521', 'ES224', 'ES384', 'HS256', 'none', 'A256GCM', 'RSA1_5', 5]) {
      await expectRefusedKey(es, { alg }, /its alg/);
    }
    for (const alg of ['A256KW', 'A256GCM', 'RS256']) await expectRefusedKey(hs, { alg }, /its alg/);
    await expectRefusedKey(hs, { alg: 'HS384' }, /has 32 bytes, and needs 48/);
    expect(await outcome(token(rs), { ...rs.known, alg: 'PS256' })).toBe('algorithm');
    const { alg: _, ...open } = rs.known;
    expect(await outcome(rs.sign({ alg: 'PS384' }, 'foo', 'PS384'), open)).toBe('accepted');
  });

  it('that is private is refused where others verify', async () => {
    for (const by of [ed, es, rs]) {
      expect(await outcome(token(by), by.jwk)).toMatch(/^ERR_TOKEN_KEY.*private/);
      await expectRefusedKey(by, { d: 'AA' }, /private/);
    }
  });

  it('that is none is refused', async () => {
    const wrong = [
      null,
      undefined,
      5,
      'key',
      [],
      {},
      { kty: 'EC' },
      { kty: 'oct' },
      { kty: 'OKP', crv: 'X25519', x: ed.known.x },
      { kty: 'AKP' },
    ];
    for (const key of wrong) expect(await outcome(token(ed), key as unknown as Jwk)).toMatch(/^ERR_TOKEN_KEY/);
    await expectRefusedKey(es, { kty: 'RSA' }, /its n/);
    await expectRefusedKey(es, { crv: 'P-384' }, /its x/);
    await expectRefusedKey(es, { crv: '__proto__' }, /type or curve/);
    await expectRefusedKey(es, { kid: 5 }, /its kid/);
    await expectRefusedKey(es, { kid: '' }, /its kid/);
    await expectRefusedKey(es, { kid: 'x'.repeat(300) }, /its kid/);
    await expectRefusedKey(ed, { crv: 'Ed448' }, /type or curve/);
    await expectRefusedKey(ed, { x: b64('short') }, /of 32 bytes/);
  });

  it('whose point is not on the curve is refused', async () => {
    const y = Buffer.from(String(es.known.y), 'base64url');
    y[31] = (y[31] ?? 0) ^ 1;
    await expectRefusedKey(es, { y: b64(y) }, /no public key/);
    await expectRefusedKey(es, { x: b64(Buffer.alloc(32)), y: b64(Buffer.alloc(32)) }, /no public key/);
  });

  it('in sloppy base64url is refused', async () => {
    for (const name of ['x', 'y']) {
      for (const spelling of [`${es.known[name]}=`, ` ${es.known[name]}`, `${es.known[name]}\n`, 5, undefined]) {
        await expectRefusedKey(es, { [name]: spelling }, /base64url/);
      }
    }
    await expectRefusedKey(hs, { k: `${hs.known.k}=` }, /base64url/);
    const k = Buffer.alloc(33, 0xfb).toString('base64');
    await expectRefusedKey(hs, { k: k.replaceAll('=', '') }, /base64url/);
  });

  it('is not filled up from Object.prototype', async () => {
    const { alg: _, ...open } = es.known;
    Object.assign(Object.prototype, { alg: 'ES384', use: 'enc' });
    try {
      expect(await outcome(token(es), open)).toBe('accepted');
    } finally {
      for (const name of ['alg', 'use']) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  it('that must be fetched, or comes with the certificate of another, is refused', async () => {
    await expectRefusedKey(rs, { x5u: 'https://idp.example/cert' }, /fetched/);
    for (const x5c of [[], 'x', ['AAAA'], [5]]) await expectRefusedKey(rs, { x5c }, /certificate/);
  });

  it('that comes with its own certificate is accepted', async () => {
    const { key, cert } = await makeAuthority('Bulwark test');
    const jwk = { ...createPrivateKey(key).export({ format: 'jwk' }), kty: 'EC', kid: 'certified', alg: 'ES256' };
    const by = signerOf(jwk, 'ES256');
    const x5c = [cert.replace(/-----[^-]+-----|\s/g, '')];
    expect(await outcome(token(by), { ...by.known, x5c })).toBe('accepted');
    await expectRefusedKey(es, { x5c }, /certificate/);
  });

  it('is judged anew when it has changed, though the object is the same', async () => {
    const key: Record<string, unknown> = { ...es.known };
    expect(await outcome(token(es), key as unknown as Jwk)).toBe('accepted');
    key.use = 'enc';
    expect(await outcome(token(es), key as unknown as Jwk)).toMatch(/its use/);
    key.use = 'sig';
    const other = await signer('ES256');
    Object.assign(key, { x: other.known.x, y: other.known.y });
    expect(await outcome(token(es), key as unknown as Jwk)).toBe('signature');
  });

  it('is in no error', async () => {
    const text = await outcome(token(ed), ed.jwk);
    for (const value of [ed.jwk.d, ed.jwk.x]) expect(text).not.toContain(value);
    expect(await outcome(token(hs), { ...hs.known, k: `${hs.known.k}=` })).not.toContain(hs.known.k);
  });
});

describe('HMAC', () => {
  it.each<[JwsAlgorithm, number]>([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('%s needs %i bytes', async (algorithm, bytes) => {
    for (const [length, expected] of [
      [0, /ERR_TOKEN_KEY/],
      [1, /ERR_TOKEN_KEY/],
      [bytes - 1, /ERR_TOKEN_KEY/],
      [bytes, /accepted/],
      [bytes + 1, /accepted/],
      [200, /accepted/],
    ] as const) {
      const jwk = { kty: 'oct', kid: 'k', k: Buffer.alloc(length, 7).toString('base64url') };
      const by = signerOf(jwk, algorithm);
      for (const key of [{ ...jwk, alg: algorithm }, jwk]) {
        // Without alg, a key too short for this algorithm may be right for another one.
        const wanted = key === jwk && length >= 32 && length < bytes ? /^algorithm$/ : expected;
        expect(await outcome(token(by), key)).toMatch(wanted);
      }
    }
  });
});

describe('a set', () => {
  it('verifies with the key that the token names, and no other', async () => {
    const [first, second] = await Promise.all([signer('EdDSA'), signer('EdDSA')]);
    const keys = { keys: [first.known, second.known] };
    expect(await outcome(token(first), keys)).toBe('accepted');
    expect(await outcome(token(second), keys)).toBe('accepted');
    expect(await outcome(token(first, { kid: second.jwk.kid }), keys)).toBe('signature');
    expect(await outcome(token(first, { kid: 'another' }), keys)).toBe('kid-unknown');
    expect(await outcome(token(first, {}), keys)).toBe('kid-missing');
    expect(await outcome(token(first, {}), { keys: [first.known] })).toBe('accepted');
    expect(await outcome(token(first, { kid: 'another' }), { keys: [first.known] })).toBe('kid-unknown');
  });

  it('of HMAC keys is a set as well', async () => {
    const other = await signer('HS256');
    expect(await outcome(token(hs), { keys: [hs.known, other.known] })).toBe('accepted');
  });

  it('that is empty, ambiguous or mixed is refused', async () => {
    const other = await signer('EdDSA');
    const { kid: _, ...nameless } = other.known;
    const sets: readonly (readonly [unknown, RegExp])[] = [
      [{ keys: [] }, /no key for signatures/],
      [{ keys: 'x' }, /neither/],
      [{ keys: [null] }, /keys\[0\].*no JWK/],
      [{ keys: [ed.known], kty: 'OKP' }, /neither/],
      [{ keys: [ed.known, { ...other.known, kid: ed.jwk.kid }] }, /keys\[1\].*has its kid/],
      [{ keys: [ed.known, ed.known] }, /has its kid/],
      [{ keys: [ed.known, nameless] }, /no kid/],
      [{ keys: [ed.known, es.known] }, /mixes/],
      [{ keys: [hs.known, rs.known] }, /mixes/],
      [{ keys: [ed.known, { ...other.known, x: 'AA' }] }, /keys\[1\]/],
      [{ keys: [ed.known, other.jwk] }, /keys\[1\].*private/],
      [{ keys: Array.from({ length: 101 }, (_unused, i) => ({ ...ed.known, kid: String(i) })) }, /more than 100/],
    ];
    expect(await outcome(token(ed), { keys: [ed.known, other.known] })).toBe('accepted');
    for (const [set, what] of sets) expect(await outcome(token(ed), set as JwkSet)).toMatch(what);
  });

  it('may hold keys for encryption, which verify nothing', async () => {
    const other = await signer('EdDSA');
    const keys = {
      keys: [ed.known, { ...other.known, use: 'enc' }, { kty: 'RSA', use: 'enc', kid: 'e', n: 'AQ', e: 'AQ' }],
    };
    expect(await outcome(token(ed), keys)).toBe('accepted');
    expect(await outcome(token(other), keys)).toBe('kid-unknown');
    expect(await outcome(token(ed), { keys: [{ ...ed.known, use: 'enc' }] })).toMatch(/no key for signatures/);
  });

  it('forgets a key that was taken out, though the object is the same', async () => {
    const other = await signer('EdDSA');
    const set = { keys: [ed.known, other.known] };
    expect(await outcome(token(other), set)).toBe('accepted');
    set.keys.pop();
    expect(await outcome(token(other), set)).toBe('kid-unknown');
  });
});

describe('a key that signs', () => {
  const refused = (jwk: object, what: RegExp): void => {
    expect(() => readSigningKey(jwk as Jwk, 'key')).toThrow(what);
    expect(() => readSigningKey(jwk as Jwk, 'key')).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_KEY' }));
  };

  it.each(ALGORITHMS)(
    'for %s is made, named by its thumbprint, and has a public half that verifies',
    async (algorithm) => {
      const jwk = await generateTokenKey(algorithm);
      const by = signerOf(jwk, algorithm);
      expect(readSigningKey(jwk, 'key')).toMatchObject({ kid: jwk.kid, algorithm });
      expect(await outcome(token(by), by.known)).toBe('accepted');
      if (jwk.kty === 'oct') {
        expect(() => publicJwkOf(jwk)).toThrow(/no public half/);
        expect(() => thumbprintOf(jwk)).toThrow(/no public half/);
      } else {
        expect(jwk.kid).toBe(thumbprintOf(publicJwkOf(jwk)));
        for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(publicJwkOf(jwk)).not.toHaveProperty(name);
      }
    },
  );

  it('without alg takes that of its type and curve', async () => {
    for (const [algorithm, expected] of [
      ['ES384', 'ES384'],
      ['PS256', 'RS256'],
      ['HS256', 'HS256'],
      ['EdDSA', 'EdDSA'],
    ] as const) {
      const { alg: _, ...open } = await generateTokenKey(algorithm);
      expect(readSigningKey(open, 'key').algorithm).toBe(expected);
    }
  });

  it('is judged anew when it has changed, though the object is the same', async () => {
    const jwk: Record<string, unknown> = { ...ed.jwk };
    expect(readSigningKey(jwk as unknown as Jwk, 'key').kid).toBe(ed.jwk.kid);
    jwk.kid = 'another';
    expect(readSigningKey(jwk as unknown as Jwk, 'key').kid).toBe('another');
    const other = await generateTokenKey();
    Object.assign(jwk, { x: other.x, d: other.d });
    const changed = readSigningKey(jwk as unknown as Jwk, 'key');
    expect(changed.key.export({ format: 'jwk' })).toMatchObject({ x: other.x });
  });

  it('without kid is named by its thumbprint, or where it is a secret by what tells nothing of it', () => {
    const { kid: _, ...nameless } = ed.jwk;
    expect(readSigningKey(nameless, 'key').kid).toBe(thumbprintOf(ed.jwk));
    expect(publicJwkOf(nameless).kid).toBe(thumbprintOf(ed.jwk));
    const { kid: _kid, ...secret } = hs.jwk;
    const { kid } = readSigningKey(secret, 'key');
    expect([kid, kid.length]).toEqual([readSigningKey({ ...secret }, 'key').kid, 22]);
    const hash = createHash('sha256')
      .update(JSON.stringify({ k: hs.jwk.k, kty: 'oct' }))
      .digest('base64url');
    expect(hash.startsWith(kid)).toBe(false);
  });

  it('that is none, or whose halves do not belong together is refused', async () => {
    refused(ed.known, /its d/);
    refused({ ...ed.jwk, d: ` ${ed.jwk.d}` }, /its d/);
    refused({ ...ed.jwk, use: 'enc' }, /its use/);
    refused({ ...ed.jwk, key_ops: ['verify'] }, /its key_ops/);
    refused({ ...rs.jwk, oth: [] }, /two primes/);
    refused({ ...hs.jwk, k: b64('short') }, /needs 32/);
    refused({ ...es.jwk, d: b64(Buffer.alloc(32)) }, /no private key|belong together/);
    for (const [algorithm, by] of [
      ['EdDSA', ed],
      ['ES256', es],
      ['RS256', rs],
    ] as const) {
      const other = await generateTokenKey(algorithm);
      const half = Object.fromEntries(
        ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((name) => (name in other ? [[name, other[name]]] : [])),
      );
      refused({ ...by.jwk, ...half }, /no private key|belong together/);
    }
    await expect(generateTokenKey('none' as never)).rejects.toThrow(/no such algorithm/);
  }, 60_000);
});
