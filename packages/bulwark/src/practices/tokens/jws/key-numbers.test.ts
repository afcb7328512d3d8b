import {
  checkPrimeSync,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { compactVerify, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { b64, type Signer, signer } from '../fixtures/forge.ts';
import { outcome, token } from '../fixtures/outcome.ts';
import type { Jwk } from './jwk.ts';

/* The numbers of keys: those that OpenSSL and jose take, and that are no good all the same. */
let ed: Signer;
let rs: Signer;
beforeAll(async () => {
  [ed, rs] = await Promise.all([signer('EdDSA'), signer('RS256')]);
}, 60_000);

const expectRefusedKey = async (by: Signer, change: object, what: RegExp): Promise<void> => {
  expect(await outcome(token(by), by.known)).toBe('accepted');
  expect(await outcome(token(by), { ...by.known, ...change })).toMatch(/^ERR_TOKEN_KEY/);
  expect(await outcome(token(by), { ...by.known, ...change })).toMatch(what);
};

describe('RSA', () => {
  const rsaToken = (key: KeyObject, alg = 'RS256'): string => {
    const data = `${b64({ alg, kid: 'k' })}.${b64('foo')}`;
    return `${data}.${b64(sign('sha256', Buffer.from(data), key))}`;
  };
  const publicOf = (key: KeyObject): Jwk => ({
    ...createPublicKey(key).export({ format: 'jwk' }),
    kty: 'RSA',
    kid: 'k',
  });

  it.each([1024, 2040, 2047])('%i bits are refused', async (modulusLength) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
    expect(await outcome(rsaToken(privateKey), publicOf(privateKey))).toMatch(new RegExp(`has ${modulusLength} bits`));
  });

  it('2048 bits are accepted, an exponent of 3 is not', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(await outcome(rsaToken(privateKey), publicOf(privateKey))).toBe('accepted');
    const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey;
    // The control: OpenSSL and jose accept it.
    await expect(compactVerify(rsaToken(small), publicOf(small) as JWK)).resolves.toBeDefined();
    expect(await outcome(rsaToken(small), publicOf(small))).toMatch(/exponent is under 65537/);
  });

  it('with an exponent of 1 anybody signs: jose accepts, we refuse', async () => {
    const key = { ...rs.known, e: 'AQ' };
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
    const data = `${b64({ alg: 'RS256', kid: key.kid })}.${b64('foo')}`;
    const end = Buffer.concat([Buffer.alloc(1), info, createHash('sha256').update(data).digest()]);
    const forged = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(384 - 2 - end.length, 0xff), end]);
    await expect(compactVerify(`${data}.${b64(forged)}`, key as JWK)).resolves.toBeDefined();
    expect(await outcome(`${data}.${b64(forged)}`, key)).toMatch(/exponent is under 65537/);
  });

  it('numbers that no library makes are refused', async () => {
    const n = Buffer.from(String(rs.known.n), 'base64url');
    await expectRefusedKey(rs, { e: b64(Buffer.from([1, 0, 2])) }, /even/);
    await expectRefusedKey(rs, { e: b64(Buffer.alloc(9, 1)) }, /needlessly large/);
    await expectRefusedKey(rs, { e: b64(Buffer.from([0, 1, 0, 1])) }, /shortest/);
    await expectRefusedKey(rs, { e: '' }, /shortest/);
    await expectRefusedKey(rs, { n: b64(Buffer.concat([Buffer.alloc(1), n])) }, /shortest/);
    await expectRefusedKey(rs, { n: b64(Buffer.alloc(1025, 255)) }, /8192/);
    const even = Buffer.from(n);
    even[even.length - 1] = (even[even.length - 1] ?? 0) & 0xfe;
    await expectRefusedKey(rs, { n: b64(even) }, /small factor/);
  });

  it('keys of the library that ROCA factors are refused: jose accepts one', async () => {
    const key = createPrivateKey({ key: rocaKey(), format: 'jwk' });
    await expect(compactVerify(rsaToken(key), publicOf(key) as JWK)).resolves.toBeDefined();
    expect(await outcome(rsaToken(key), publicOf(key))).toMatch(/ROCA/);
  });
});

/** A key as that library made it: each prime is k·M + (65537^a mod M), M the product of the first 126 primes. */
function rocaKey(): Record<string, string> {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 126; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  const M = primes.reduce((product, prime) => product * prime, 1n);
  const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
    let result = 1n;
    for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus)
      if (e & 1n) result = (result * b) % modulus;
    return result;
  };
  const prime = (a: bigint): bigint => {
    const rest = power(65537n, a, M);
    for (let k = (1n << 1023n) / M + (1n << 51n); ; k++) if (checkPrimeSync(k * M + rest)) return k * M + rest;
  };
  const inverse = (value: bigint, modulus: bigint): bigint => {
    let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
    while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
    return ((x % modulus) + modulus) % modulus;
  };
  const [q, p] = [prime(12_345n), prime(987_654_321n)].sort((a, b) => (a < b ? -1 : 1)) as [bigint, bigint];
  const d = inverse(65537n, (p - 1n) * (q - 1n));
  const text = (value: bigint): string => {
    const hex = value.toString(16);
    return b64(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
  };
  return {
    kty: 'RSA',
    n: text(p * q),
    e: 'AQAB',
    d: text(d),
    p: text(p),
    q: text(q),
    dp: text(d % (p - 1n)),
    dq: text(d % (q - 1n)),
    qi: text(inverse(q, p)),
  };
}

describe('Ed25519', () => {
  const point = (hex: string): Jwk => ({ kty: 'OKP', crv: 'Ed25519', x: b64(Buffer.from(hex, 'hex')) });
  const ONE = `01${'00'.repeat(31)}`;

  it('of a generated key is not of small order (the control of the list below)', () => {
    expect(isOfSmallOrder(Buffer.from(String(ed.known.x), 'base64url').toString('hex'))).toBe(false);
  });

  it.each([
    '00'.repeat(32),
    `${'00'.repeat(31)}80`,
    ONE,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(30)}7f`,
    `ec${'ff'.repeat(31)}`,
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ])('%s is of small order, and refused', async (hex) => {
    expect(isOfSmallOrder(hex)).toBe(true);
    expect(await outcome(token(ed), point(hex))).toMatch(/small order/);
  });

  it.each([`ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`, `ff${'ff'.repeat(31)}`])(
    '%s is not reduced',
    async (hex) => {
      expect(await outcome(token(ed), point(hex))).toMatch(/only form/);
    },
  );
});

/**
 * Whether eight times a point is nothing. For such a key [S]B = R + [k]A holds with S = 0 and an R of small order, whatever
 * the message: the OpenSSL of Node 20 accepts that, the one of Node 24 does not.
 */
function isOfSmallOrder(hex: string): boolean {
  const p = (1n << 255n) - 19n;
  const mod = (value: bigint): bigint => ((value % p) + p) % p;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
    return result;
  };
  const over = (a: bigint, b: bigint): bigint => mod(a * power(b, p - 2n));
  const d = over(-121665n, 121666n);
  const bytes = Buffer.from(hex, 'hex').reverse();
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.toString('hex')}`);
  const square = over(y * y - 1n, d * y * y + 1n);
  const root = power(square, (p + 3n) / 8n);
  const x = mod(root * root - square) === 0n ? root : mod(root * power(2n, (p - 1n) / 4n));
  let point: readonly [bigint, bigint] = [x, y];
  for (let i = 0; i < 3; i++) {
    const [a, b] = point;
    const t = d * a * a * b * b;
    point = [over(2n * a * b, 1n + t), over(b * b + a * a, 1n - t)];
  }
  return point[0] === 0n && point[1] === 1n;
}
