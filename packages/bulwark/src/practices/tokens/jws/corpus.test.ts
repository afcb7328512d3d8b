import { constants, createHash, privateEncrypt, sign } from 'node:crypto';
import { compactVerify, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { b64, type Signer, signer } from '../fixtures/forge.ts';
import { ALGORITHMS, type JwsAlgorithm } from './algorithms.ts';
import { readSigningKey } from './signing-key.ts';
import type { TokenFault } from './token-error.ts';
import { verifyJws } from './verify-jws.ts';

/*
 * The classes of Wycheproof's JWS vectors, made here with keys of our own. Every key is offered every algorithm: which one
 * is right, the key says.
 */
const verify = (compact: unknown, { known }: Signer): Promise<Uint8Array> =>
  verifyJws(compact as string, known, { algorithms: ALGORITHMS });

const faultOf = async (compact: unknown, by: Signer): Promise<TokenFault | 'accepted'> => {
  try {
    await verify(compact, by);
    return 'accepted';
  } catch (error) {
    return (error as { readonly fault: TokenFault }).fault;
  }
};

const signers = new Map<JwsAlgorithm, Signer>();
const of = (algorithm: JwsAlgorithm): Signer => signers.get(algorithm) as Signer;
beforeAll(async () => {
  for (const algorithm of ALGORITHMS) signers.set(algorithm, await signer(algorithm));
}, 60_000);

const headerOf = ({ algorithm, jwk }: Signer): object => ({ alg: algorithm, kid: jwk.kid });

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it('verifies payloads of any bytes, as jose does', async () => {
    const by = of(algorithm);
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const payload of [Buffer.alloc(0), Buffer.alloc(20), Buffer.from('a'), Buffer.from(all)]) {
      const compact = by.sign(headerOf(by), payload);
      expect(Buffer.from(await verify(compact, by))).toEqual(payload);
      expect(Buffer.from((await compactVerify(compact, by.known as JWK)).payload)).toEqual(payload);
    }
    expect(await faultOf(by.sign(`{ "alg" : "${algorithm}",\n\t"kid":"${by.jwk.kid}" }`, 'x'), by)).toBe('accepted');
  });

  it('refuses what is not whole', async () => {
    const by = of(algorithm);
    const good = by.sign(headerOf(by), 'foo');
    const [header = '', payload = '', signature = ''] = good.split('.');
    expect(await faultOf(good, by)).toBe('accepted');
    const json = JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
    const broken: readonly (readonly [unknown, TokenFault])[] = [
      [`${header}.${payload}.`, 'not-compact'],
      [`${header}.${payload}`, 'not-compact'],
      [`${header}..${signature}`, 'signature'],
      [`${header}.${signature}`, 'not-compact'],
      [`.${payload}.${signature}`, 'not-compact'],
      [`${payload}.${signature}`, 'not-compact'],
      [`.${payload}.`, 'not-compact'],
      [payload, 'not-compact'],
      ['', 'not-compact'],
      ['..', 'not-compact'],
      [`${good}.`, 'not-compact'],
      [`${good}.foo`, 'not-compact'],
      [`${header}.${payload}.${signature}.${payload}.${signature}`, 'not-compact'],
      [json, 'not-compact'],
      [undefined, 'not-compact'],
      [{ toString: () => good }, 'not-compact'],
      [[good], 'not-compact'],
      [`${header}.${b64('bar')}.${signature}`, 'signature'],
      [`${b64({ alg: algorithm, kid: 'another' })}.${payload}.${signature}`, 'kid-unknown'],
      [`${b64({ alg: algorithm })}.${payload}.${signature}`, 'signature'],
      [`${b64('foo')}.${payload}.${signature}`, 'header'],
      [`${b64(Buffer.from([0xa5, 0xac]))}.${payload}.${signature}`, 'header'],
      [`${header}.${'A'.repeat(65_536)}.${signature}`, 'too-large'],
    ];
    for (const [compact, fault] of broken) expect([compact, await faultOf(compact, by)]).toEqual([compact, fault]);
  });

  it('refuses a signature that is longer, shorter, or nothing', async () => {
    const by = of(algorithm);
    const good = by.sign(headerOf(by), 'foo');
    const data = good.slice(0, good.lastIndexOf('.'));
    const signature = Buffer.from(good.slice(data.length + 1), 'base64url');
    const zero = Buffer.alloc(1);
    const changed = [
      Buffer.concat([signature, zero]),
      Buffer.concat([zero, signature]),
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.alloc(signature.length),
      Buffer.alloc(signature.length, 255),
      Buffer.alloc(1),
    ];
    for (const bytes of changed) expect(await faultOf(`${data}.${b64(bytes)}`, by)).toBe('signature');
  });

  it('refuses base64url that is not in its one spelling', async () => {
    const by = of(algorithm);
    const header = b64(headerOf(by));
    const good = by.sign(headerOf(by), 'Test');
    const [, payload = '', signature = ''] = good.split('.');
    const spellings = [
      `    ${payload}`,
      `${payload} `,
      `####${payload}`,
      `?${payload}`,
      `${payload}==`,
      `${payload}=`,
      `${payload}\n`,
      'AB',
      'A',
    ];
    for (const spelling of spellings) {
      // Signed as it stands: the signature is good, if anybody reads on.
      expect([spelling, await faultOf(by.seal(`${header}.${spelling}`), by)]).toEqual([spelling, 'encoding']);
    }
    for (const spelling of [`${header}    `, `${header}####`, ` ${header}`, `${header}=`, `${header}\r\n`]) {
      expect([spelling, await faultOf(by.seal(`${spelling}.${payload}`), by)]).toEqual([spelling, 'encoding']);
    }
    const data = `${header}.${payload}`;
    for (const spelling of [`    ${signature}`, `?${signature}`, `${signature}?`, `${signature}=`, `${signature}\n`]) {
      expect(await faultOf(`${data}.${spelling}`, by)).toBe('encoding');
    }
    const bytes = Buffer.alloc(64, 0xfb);
    expect(await faultOf(`${data}.${bytes.toString('base64').replaceAll('=', '')}`, by)).toBe('encoding');
  });

  it('refuses none, in any letters, and algorithms that are not of the key', async () => {
    const by = of(algorithm);
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      algorithm.toLowerCase(),
      'HS1',
      'toString',
      '__proto__',
      5,
      null,
      [algorithm],
    ]) {
      const compact = by.sign(JSON.stringify({ alg, kid: by.jwk.kid }), 'foo');
      expect([alg, await faultOf(compact, by)]).toEqual([alg, 'algorithm']);
    }
    expect(await faultOf(by.sign('{"kid":"x"}', 'foo'), by)).toBe('algorithm');
    for (const other of ALGORITHMS.filter((name) => name !== algorithm)) {
      expect(await faultOf(by.sign({ ...headerOf(by), alg: other }, 'foo'), by)).toBe('algorithm');
    }
  });

  it('refuses headers that bring a key, change what is signed, or say something twice', async () => {
    const by = of(algorithm);
    const { kid } = by.jwk;
    const with_ = (more: object): string => by.sign({ alg: algorithm, kid, ...more }, 'foo');
    for (const more of [
      { jwk: by.known },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example' },
      { x5c: [] },
    ]) {
      expect(await faultOf(with_(more), by)).toBe('header-key');
    }
    for (const more of [
      { crit: ['exp'] },
      { crit: [] },
      { b64: false },
      { b64: true },
      { zip: 'DEF' },
      { enc: 'A128GCM' },
    ]) {
      expect(await faultOf(with_(more), by)).toBe('critical');
    }
    for (const more of [{ kid: 5 }, { kid: '' }, { kid: [kid] }, { typ: 5 }, { kid: null }]) {
      expect(await faultOf(with_(more), by)).toBe('header');
    }
    const twice = [
      `{"alg":"none","alg":"${algorithm}","kid":"${kid}"}`,
      `{"alg":"${algorithm}","kid":"${kid}","\\u006bid":"${kid}"}`,
    ];
    for (const header of twice) expect(await faultOf(by.sign(header, 'foo'), by)).toBe('duplicate-member');
    const unfit = [
      '[]',
      '"x"',
      'null',
      '5',
      '{"__proto__":{"alg":"x"}}',
      `{"alg":"${algorithm}"}}`,
      `\ufeff{"alg":"${algorithm}"}`,
    ];
    for (const header of [...unfit, `{"a":${'['.repeat(50)}${']'.repeat(50)}}`]) {
      expect(await faultOf(by.sign(header, 'foo'), by)).toBe('header');
    }
    expect(await faultOf(with_({ x: 'y'.repeat(4000) }), by)).toBe('too-large');
    // What selects nothing is no reason to refuse: identity providers send such thumbprints.
    expect(await faultOf(with_({ x5t: 'abc', typ: 'JWT' }), by)).toBe('accepted');
  });
});

describe('RSA', () => {
  const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const padded = (by: Signer, block: (hash: Buffer, length: number) => Buffer): string => {
    const data = `${b64(headerOf(by))}.${b64('foo')}`;
    const block_ = block(createHash('sha256').update(data).digest(), 384);
    const options = { key: by.key, padding: constants.RSA_NO_PADDING };
    return `${data}.${b64(privateEncrypt(options, block_))}`;
  };
  const pkcs1 =
    (info: Buffer, tail = Buffer.alloc(0), start = Buffer.from([0, 1]), filler = 0xff) =>
    (hash: Buffer, length: number): Buffer => {
      const end = Buffer.concat([Buffer.alloc(1), info, hash, tail]);
      return Buffer.concat([start, Buffer.alloc(length - end.length - start.length, filler), end]);
    };

  it('refuses changed padding of PKCS #1', async () => {
    const by = of('RS256');
    expect(await faultOf(padded(by, pkcs1(DIGEST_INFO)), by)).toBe('accepted');
    const changed = [
      pkcs1(Buffer.alloc(0)),
      pkcs1(DIGEST_INFO, Buffer.alloc(20)),
      pkcs1(DIGEST_INFO, Buffer.alloc(0), Buffer.from([0, 2])),
      pkcs1(DIGEST_INFO, Buffer.alloc(0), Buffer.from([0, 0])),
      pkcs1(DIGEST_INFO, Buffer.alloc(0), Buffer.from([0, 1]), 0),
      pkcs1(DIGEST_INFO, Buffer.alloc(0), Buffer.from([0, 1]), 0xfe),
      // Without the NULL of its parameters, and with another hash's name.
      pkcs1(Buffer.from('302f300b0609608648016503040201 0420'.replace(' ', ''), 'hex')),
      pkcs1(Buffer.from('3031300d060960864801650304020205000420', 'hex')),
      // Bleichenbacher 2006: a short pad, and room for anything behind the hash.
      (hash: Buffer, length: number) => {
        const start = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(8, 0xff), Buffer.alloc(1), DIGEST_INFO, hash]);
        return Buffer.concat([start, Buffer.alloc(length - start.length)]);
      },
    ];
    for (const block of changed) expect(await faultOf(padded(by, block), by)).toBe('signature');
  });

  it('refuses PSS with another salt length, hash or padding', async () => {
    const by = of('PS256');
    const data = `${b64(headerOf(by))}.${b64('foo')}`;
    const signed = (hash: string, saltLength: number, padding = constants.RSA_PKCS1_PSS_PADDING): string => {
      return `${data}.${b64(sign(hash, Buffer.from(data), { key: by.key, padding, saltLength }))}`;
    };
    expect(await faultOf(signed('sha256', 32), by)).toBe('accepted');
    for (const salt of [0, 20, 31, 33, 64]) expect(await faultOf(signed('sha256', salt), by)).toBe('signature');
    for (const hash of ['sha1', 'sha384', 'sha512']) expect(await faultOf(signed(hash, 32), by)).toBe('signature');
    const plain = sign('sha256', Buffer.from(data), by.key);
    expect(await faultOf(`${data}.${b64(plain)}`, by)).toBe('signature');
  });
});

describe('ES256', () => {
  const N = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const bytes = (value: bigint, length = 32): Buffer =>
    Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');

  it('refuses the special cases of r and s, and other encodings', async () => {
    const by = of('ES256');
    const good = by.sign(headerOf(by), 'foo');
    const data = good.slice(0, good.lastIndexOf('.'));
    const signature = Buffer.from(good.slice(data.length + 1), 'base64url');
    const [r, s] = [0, 32].map((at) => BigInt(`0x${signature.subarray(at, at + 32).toString('hex')}`)) as [
      bigint,
      bigint,
    ];
    const special = [0n, 1n, N - 1n, N];
    const der = sign('sha256', Buffer.from(data), by.key);
    const changed = [
      ...special.flatMap((first) => special.map((second) => Buffer.concat([bytes(first), bytes(second)]))),
      der,
      Buffer.alloc(0x8000),
      Buffer.concat([bytes(r, 33), bytes(s, 33)]),
      Buffer.concat([bytes(r + N, 33), bytes(s, 33)]),
      Buffer.concat([bytes(s), bytes(r)]),
      Buffer.concat([bytes(r), bytes((s + 1n) % N)]),
    ];
    for (const bad of changed) expect(['signature', 'too-large']).toContain(await faultOf(`${data}.${b64(bad)}`, by));
    // ECDSA has two forms of each signature, and both are good: a signature is no name of a token.
    expect(await faultOf(`${data}.${b64(Buffer.concat([bytes(r), bytes(N - s)]))}`, by)).toBe('accepted');
  });
});

describe('EdDSA', () => {
  it('refuses the second form of a signature (RFC 8032 5.1.7)', async () => {
    const by = of('EdDSA');
    const good = by.sign(headerOf(by), 'foo');
    const data = good.slice(0, good.lastIndexOf('.'));
    const signature = Buffer.from(good.slice(data.length + 1), 'base64url');
    const L = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
    const second = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    expect(await faultOf(`${data}.${b64(Buffer.concat([signature.subarray(0, 32), second]))}`, by)).toBe('signature');
  });
});

describe('options', () => {
  it.each([[undefined], [[]], [['none']], [['EdDSA', 'nope']], ['EdDSA'], [[5]]])(
    'algorithms: %j is an error',
    async (algorithms) => {
      const by = of('EdDSA');
      await expect(
        verifyJws(by.sign(headerOf(by), 'x'), by.known, { algorithms: algorithms as never }),
      ).rejects.toMatchObject({
        code: 'ERR_CONFIG_VALUE',
      });
    },
  );

  it('there must be options, and a length that is one', async () => {
    const by = of('EdDSA');
    await expect(verifyJws('x', by.known, undefined as never)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' });
    for (const maxLength of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '9']) {
      const options = { algorithms: ['EdDSA'] as const, maxLength: maxLength as number };
      await expect(verifyJws('x', by.known, options)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' });
    }
    const long = by.sign(headerOf(by), 'x'.repeat(2000));
    await expect(verifyJws(long, by.known, { algorithms: ['EdDSA'], maxLength: 2000 })).rejects.toMatchObject({
      fault: 'too-large',
    });
    await expect(verifyJws(long, by.known, { algorithms: ['EdDSA'], maxLength: 9000 })).resolves.toHaveLength(2000);
  });

  it('a refusal is a 401 that tells nothing of the reason', async () => {
    const by = of('EdDSA');
    await expect(verifyJws('x', by.known, { algorithms: ['EdDSA'] })).rejects.toMatchObject({
      status: 401,
      code: 'ERR_TOKEN_INVALID',
      fault: 'not-compact',
      reason: 'the token is not accepted',
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="the token is not accepted"' },
    });
    expect(readSigningKey(by.jwk, 'key').algorithm).toBe('EdDSA');
  });
});
